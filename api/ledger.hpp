// A task's ledger of fires as the API shows it.
#pragma once

#include "messages/task.hpp"

#include <string>

namespace wheelwork {

/// One entry as JSON text: {fire_time, verdict:"fired", job} or {from, to, count, verdict}.
std::string ledger_entry_text(const ledger_entry& entry);

/// The coming fire times of a task after `after`, at most `count`. None for a disabled task, after its last run, and
/// for `from: end` schedules beyond the first.
std::vector<wall_time> coming_fires(const task_definition& task, uint64_t runs, wall_time after, size_t count);

} // namespace wheelwork
