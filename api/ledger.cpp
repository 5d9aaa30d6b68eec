#include "api/ledger.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>

namespace wheelwork {

std::string ledger_entry_text(const ledger_entry& entry) {
  if (entry.fired)
    return R"({"fire_time":")" + format_time(entry.from) + R"(","verdict":"fired","job":")" + to_string(*entry.fired) +
           "\"}";
  return R"({"from":")" + format_time(entry.from) + R"(","to":")" + format_time(entry.to) + R"(","count":)" +
         std::to_string(entry.count) + R"(,"verdict":")" + std::string{to_string(entry.verdict)} + "\"}";
}

std::vector<wall_time> coming_fires(const task_definition& task, uint64_t runs, wall_time after, size_t count) {
  std::vector<wall_time> times;
  if (!task.enabled) return times;
  if (task.max_runs) count = std::min<uint64_t>(count, *task.max_runs - std::min(runs, *task.max_runs));
  const auto* every = std::get_if<every_schedule>(&task.when);
  if (every && every->from_end) count = std::min<size_t>(count, 1); // the next ones hang on ends that are not known
  for (auto next = after; times.size() < count;) {
    const auto found = next_fire(task.when, task.frame(), next);
    if (!found) break;
    times.push_back(next = *found);
  }
  return times;
}

} // namespace wheelwork
