// The journal in a MySQL or MariaDB database.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/mysql/commit_fault.hpp"
#include "persistence/mysql/migrations.hpp"

namespace wheelwork::mysql {

/// As open_journal, for URLs `mysql://…`. `faults`: what a test puts in the writer's way; null: nothing.
/// `migrations`: those of a program that is older or newer, for tests.
result<std::unique_ptr<journal>, std::string> open_mysql_journal(const journal_options& options,
                                                                 commit_fault_ptr faults = nullptr,
                                                                 migration_list migrations = all_migrations());
result<migration_status, std::string> mysql_migration_status(const journal_options& options);
result<migration_status, std::string> migrate_mysql(const journal_options& options,
                                                    migration_list migrations = all_migrations());

} // namespace wheelwork::mysql
