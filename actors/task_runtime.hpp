// A task as its scheduler runs it: the definition, where its firing stands, and its fires that are prepared, unfinished
// or waiting.
#pragma once

#include "messages/running.hpp"
#include "messages/task.hpp"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>

namespace wheelwork {

/// Whether a node of this environment fires the task.
inline bool is_active_in(const task_definition& task, const std::string& environment) {
  return task.environments.empty() ||
         std::find(task.environments.begin(), task.environments.end(), environment) != task.environments.end();
}

struct task_runtime {
  task_ptr definition;
  task_state state; ///< as the journal will hold it after what is being written

  wall_time settled_until{
      wall_time::min()}; ///< no fire time after it was handed over or skipped: an edit may plan anew from here
  std::map<wall_time, job> prepared;          ///< by fire time: jobs in the journal whose time has not come
  std::set<wall_time> admitted_late;          ///< fires that the misfire rule chose to run although they are late
  absl::flat_hash_set<job_id> unfinished;     ///< fires handed over and not final
  absl::flat_hash_set<attempt_name> stopping; ///< attempts of cancelled fires that have not ended yet
  wall_time busy_since{};                     ///< when the oldest of the unfinished ones was handed over
  std::deque<job> waiting;                    ///< due fires that wait for those (overlap `queue` and `replace`)
  std::optional<fire_skip> last_skip;         ///< the run of skips that may still grow
  bool planning = false;                      ///< a change with new fires is at the journal
  bool active = true;                         ///< its environments include this node's
  bool deleted = false;                       ///< only its unfinished fires are left

  std::optional<wall_time> last_end; ///< of its last fire, for schedules that count from there
  bool editing = false;
  absl::flat_hash_map<job_id, job> withdrawn_and_due; ///< came due while their withdrawal was being written

  bool may_fire() const { return definition->enabled && active && !deleted; }
};

} // namespace wheelwork
