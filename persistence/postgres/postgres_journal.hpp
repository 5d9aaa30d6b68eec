// The journal in a PostgreSQL database.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/postgres/commit_fault.hpp"

namespace wheelwork::postgres {

/// As open_journal, for URLs `postgres://…`. `faults`: what a test puts in the writer's way; null: nothing.
result<std::unique_ptr<journal>, std::string> open_postgres_journal(const journal_options& options,
                                                                    commit_fault_ptr faults = nullptr);
result<migration_status, std::string> postgres_migration_status(const journal_options& options);
result<migration_status, std::string> migrate_postgres(const journal_options& options);

} // namespace wheelwork::postgres
