// The journal in one SQLite file, for one node.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sqlite/commit_fault.hpp"
#include "persistence/sqlite/migrations.hpp"

namespace wheelwork::sqlite {

/// As open_journal, for URLs `sqlite://PATH`. `faults`: what a test puts in the writer's way; null: nothing.
/// `migrations`: those of a program that is older or newer, for tests.
result<std::unique_ptr<journal>, std::string> open_sqlite_journal(const journal_options& options,
                                                                  commit_fault_ptr faults = nullptr,
                                                                  migration_list migrations = all_migrations());
result<migration_status, std::string> sqlite_migration_status(const journal_options& options);
result<migration_status, std::string> migrate_sqlite(const journal_options& options,
                                                     migration_list migrations = all_migrations());

} // namespace wheelwork::sqlite
