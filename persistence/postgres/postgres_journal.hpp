// The journal in a PostgreSQL database.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/postgres/commit_fault.hpp"
#include "persistence/postgres/migrations.hpp"

namespace wheelwork::postgres {

/// As open_journal, for URLs `postgres://…`. `faults`: what a test puts in the writer's way; null: nothing.
/// `migrations`: those of a program that is older or newer, for tests.
result<std::unique_ptr<journal>, std::string> open_postgres_journal(const journal_options& options,
                                                                    commit_fault_ptr faults = nullptr,
                                                                    migration_list migrations = all_migrations());
result<migration_status, std::string> postgres_migration_status(const journal_options& options);
result<migration_status, std::string> migrate_postgres(const journal_options& options,
                                                       migration_list migrations = all_migrations());

} // namespace wheelwork::postgres
