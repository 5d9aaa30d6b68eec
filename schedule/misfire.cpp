#include "schedule/misfire.hpp"

#include <algorithm>
#include <array>

namespace wheelwork {

namespace {

constexpr std::array<std::string_view, 3> policy_names{"once", "all", "skip"};
constexpr milliseconds instant{1};

size_t most_to_run(misfire_policy policy) {
  switch (policy) {
  case misfire_policy::once: return 1;
  case misfire_policy::all: return missed_fires_max;
  case misfire_policy::skip: break;
  }
  return 0;
}

/// A schedule of which only one coming fire is known, because the one after it depends on how long its job runs.
bool counts_from_end(const task_schedule& schedule) {
  const auto* every = std::get_if<every_schedule>(&schedule);
  return every != nullptr && every->from_end;
}

void settle_older(catch_up& answer, fire_span missed, misfire_policy policy) {
  if (missed.count == 0) return;
  auto run = std::min(missed.latest.size(), most_to_run(policy));
  auto skipped = missed.count - run;
  auto first_run = missed.latest.end() - static_cast<std::ptrdiff_t>(run);
  // One more than is run was kept: it is the last one to be skipped.
  if (skipped > 0) answer.skipped = skipped_span{*missed.first, *std::prev(first_run), skipped};
  answer.run.assign(first_run, missed.latest.end());
}

} // namespace

std::string_view to_string(misfire_policy policy) { return policy_names[static_cast<size_t>(policy)]; }

std::optional<misfire_policy> parse_misfire_policy(std::string_view name) {
  auto found = std::find(policy_names.begin(), policy_names.end(), name);
  if (found == policy_names.end()) return std::nullopt;
  return static_cast<misfire_policy>(found - policy_names.begin());
}

bool is_missed(wall_time fire_due, wall_time now, milliseconds grace) { return now - fire_due > grace; }

catch_up settle_missed(const task_schedule& schedule, const firing_frame& frame, wall_time after, wall_time now,
                       misfire_policy policy, milliseconds grace) {
  catch_up answer;
  answer.settled_until = now;
  auto last_missed = now - grace - instant;
  auto missed = fires_between(schedule, frame, after, last_missed, most_to_run(policy) + 1);
  bool any_missed = missed.count > 0;
  settle_older(answer, std::move(missed), policy);
  if (any_missed && counts_from_end(schedule)) return answer;

  auto before = answer.run.size();
  // What counts from the end of a job must be asked from that end, not from the edge of the grace.
  auto from = counts_from_end(schedule) ? after : std::max(after, last_missed);
  while (auto fire = next_fire(schedule, frame, from)) {
    if (*fire > now) break;
    if (answer.run.size() - before == late_fires_max) {
      answer.settled_until = answer.run.back();
      break;
    }
    answer.run.push_back(*fire);
    from = *fire;
    if (counts_from_end(schedule)) break;
  }
  return answer;
}

} // namespace wheelwork
