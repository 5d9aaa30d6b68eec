// Rows of pools, of what happened in them and of their minutes, the same for every SQL database.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/stored_row.hpp"

namespace wheelwork {

/// Columns name, version, created_at, updated_at, spec. Throws std::runtime_error if the definition can't be read.
pool_ptr decode_pool(const stored_row& row);
/// Columns pool, happened_at, kind, consumers_before, consumers, backlog, messages, reason.
pool_event decode_pool_event(const stored_row& row);
/// Columns pool, begins_at, node, taken, succeeded, failed_attempts, dead_letters, backlog_max, consumers_max.
pool_minute decode_pool_minute(const stored_row& row);

/// What is in the way of this put, where the name has this version, or none. None: nothing.
std::optional<journal_error> fault_of_put(const pool_put& put, std::optional<uint64_t> found);

} // namespace wheelwork
