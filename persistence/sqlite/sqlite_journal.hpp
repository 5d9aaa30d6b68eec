// The journal in one SQLite file, for one node.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sqlite/commit_fault.hpp"

namespace wheelwork::sqlite {

/// As open_journal, for URLs `sqlite://PATH`. `faults`: what a test puts in the writer's way; null: nothing.
result<std::unique_ptr<journal>, std::string> open_sqlite_journal(const journal_options& options,
                                                                  commit_fault_ptr faults = nullptr);
result<migration_status, std::string> sqlite_migration_status(const journal_options& options);
result<migration_status, std::string> migrate_sqlite(const journal_options& options);

} // namespace wheelwork::sqlite
