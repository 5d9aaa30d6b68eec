// What becomes of fires that nobody could hand over in time (API.md, `misfire`).
#pragma once

#include "schedule/task_schedule.hpp"

namespace wheelwork {

enum class misfire_policy : uint8_t { once, all, skip };
std::string_view to_string(misfire_policy policy);
std::optional<misfire_policy> parse_misfire_policy(std::string_view name);

/// The most missed fires that `all` runs; older ones are skipped.
inline constexpr size_t missed_fires_max = 1000;

/// The most fires that one call of settle_missed runs because they are late by no more than the grace; the rest is for
/// the next call.
inline constexpr size_t late_fires_max = 10'000;

/// A run of fires that were not run, and why: `from` and `to` are the first and last of them.
struct skipped_span {
  wall_time from, to;
  uint64_t count = 0;
  friend bool operator==(const skipped_span&, const skipped_span&) = default;
};

struct catch_up {
  std::vector<wall_time> run;          ///< fire times to make jobs for, in order
  std::optional<skipped_span> skipped; ///< with verdict `misfire`
  wall_time settled_until; ///< every fire up to here is in `run` or `skipped`; before `now` only if there were too many
};

/// Decides on the fires in (after, now]. Fires at most `grace` late run, each, in order; older ones follow the policy:
/// `once` runs the latest of them, `all` the latest 1,000, `skip` none. An `at` task's fire in the past counts as
/// missed like any other. When more than late_fires_max are within the grace, the answer ends early: call again with
/// `after = settled_until` and the same `now`.
catch_up settle_missed(const task_schedule& schedule, const firing_frame& frame, wall_time after, wall_time now,
                       misfire_policy policy, milliseconds grace);

/// Whether a fire is missed when a scheduler could hand it over only now: more than `grace` late.
bool is_missed(wall_time fire_due, wall_time now, milliseconds grace);

} // namespace wheelwork
