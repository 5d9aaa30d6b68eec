// A task's ledger of fires as the API shows it.
#pragma once

#include "persistence/journal.hpp"

#include <string>

namespace wheelwork {

/// One entry as JSON text: {fire_time, verdict:"fired", job} or {from, to, count, verdict}.
std::string ledger_entry_text(const ledger_entry& entry);

/// What a task's ledger goes on with up to `now` and no row says, for nothing happens then: fires while it is disabled,
/// after its last run, and after its end. In order; empty for tasks that fire.
std::vector<ledger_entry> tail_of_ledger(const task_row& row, wall_time now);

/// A skip that goes on where the last entry ended with the same verdict makes that one longer.
void append_to_ledger(std::vector<ledger_entry>& entries, ledger_entry entry);

/// The coming fire times of a task after `after`, at most `count`. None for a disabled task, after its last run, and
/// for `from: end` schedules beyond the first.
std::vector<wall_time> coming_fires(const task_definition& task, uint64_t runs, wall_time after, size_t count);
/// The same for a task that exists: what has run counts against max_runs, and a `from: end` schedule has a next fire
/// only while that is known.
std::vector<wall_time> coming_fires(const task_row& row, wall_time now, wall_time after, size_t count);

/// How often the task has fired. Fires that stand ready as jobs and whose time has not come don't count, though the
/// scheduler counts them.
uint64_t runs_begun(const task_row& row, wall_time now);

} // namespace wheelwork
