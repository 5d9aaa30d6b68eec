// A task: schedule, target and rules under a name.
#pragma once

#include "messages/job.hpp"
#include "schedule/misfire.hpp"
#include "schedule/overlap.hpp"
#include "schedule/task_schedule.hpp"

namespace wheelwork {

/// What a user defined. Immutable once made; an edit makes another with the next version.
struct task_definition {
  // who
  task_id id{};
  std::string name;
  std::string description;
  std::optional<std::string> external_id;
  labels marks;
  // when
  task_schedule when;
  std::optional<wall_time> starts_at, ends_at;
  std::optional<uint64_t> max_runs; ///< fires handed over in the task's life; none: no bound
  milliseconds splay{0};
  bool enabled = true;
  // what becomes of fires
  overlap_policy overlap = overlap_policy::skip;
  misfire_policy misfire = misfire_policy::once;
  milliseconds misfire_grace{60'000};
  // how
  resolved_target_ptr how;
  payload body;
  uint8_t priority = 5;
  // where
  std::vector<std::string> environments; ///< empty: all
  std::string partition;                 ///< empty: any
  // which edition
  uint64_t version = 1; ///< grows with each edit; the ETag
  wall_time created_at{};
  wall_time updated_at{};
  std::string spec; ///< canonical JSON of the user's members (not id, version, times): two equal bodies are equal texts

  firing_frame frame() const { return {created_at, starts_at, ends_at}; }
};

using task_ptr = std::shared_ptr<const task_definition>;

/// Where a task's firing stands; the scheduler's, never touched by an edit of the definition alone.
struct task_state {
  task_id task{};
  wall_time fired_until{};             ///< every fire time up to here has a job or a skip; planning goes on after it
  uint64_t runs = 0;                   ///< fires that became jobs, for max_runs
  std::optional<wall_time> next_fire;  ///< for display; none: no more
  std::optional<wall_time> enabled_at; ///< last enabling or creation: no fires before it
  std::optional<wall_time> disabled_at;
};

/// A task as the journal holds it.
struct task_row {
  task_ptr definition;
  task_state state;
};

enum class skip_verdict : uint8_t { overlap, misfire, disabled, max_runs, ended };
std::string_view to_string(skip_verdict verdict);

/// A run of equal skips of a task: one row. Written again with the same task, verdict and `span.from`, it replaces that
/// row: a run that grows.
struct fire_skip {
  task_id task{};
  skipped_span span;
  skip_verdict verdict = skip_verdict::overlap;
};

/// One line of a task's ledger.
struct ledger_entry {
  wall_time from{}; ///< the fire time, or the first of a run of skips
  wall_time to{};
  uint64_t count = 1;
  std::optional<job_id> fired; ///< verdict `fired`
  skip_verdict verdict = skip_verdict::overlap;
};

} // namespace wheelwork
