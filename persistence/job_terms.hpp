// What a job can be found by besides its id: each term is a row of its own in one table, written when the job is made
// and dropped when the job leaves. So the tables of live and finished jobs need no index for it, and a plain job pays
// nothing.
#pragma once

#include "persistence/rows.hpp"

namespace wheelwork {

std::string label_term(std::string_view key, std::string_view value);
std::string unique_key_term(std::string_view key);
std::string external_id_term(std::string_view id);
std::string task_term(int64_t task);
/// For databases without an index over some rows only: jobs that ended badly.
std::string state_term(job_state state);

/// The columns of a job from which its terms come: task, labels, unique_key, external_id, in this order from `first`
/// on.
std::vector<std::string> terms_of_row(const stored_row& row, int first);
std::vector<std::string> terms_of(const new_job& made);

} // namespace wheelwork
