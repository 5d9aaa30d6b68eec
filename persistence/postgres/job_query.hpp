// The text of a list of jobs, as its filter makes it; so that a test can ask Postgres for its plan.
#pragma once

#include "persistence/journal.hpp"

namespace wheelwork::postgres {

/// `task`: the row of filter.task_name, none when the filter has no name.
std::string text_of_list(const job_filter& filter, bool live, std::optional<int64_t> task);

} // namespace wheelwork::postgres
