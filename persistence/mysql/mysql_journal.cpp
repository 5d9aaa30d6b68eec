#include "persistence/mysql/mysql_journal.hpp"

#include "persistence/mysql/reader.hpp"
#include "persistence/mysql/server.hpp"
#include "persistence/mysql/writer.hpp"
#include "persistence/sql/server_journal.hpp"

namespace wheelwork::mysql {

result<std::unique_ptr<journal>, std::string> open_mysql_journal(const journal_options& options,
                                                                 commit_fault_ptr faults, migration_list migrations) {
  return open_server_journal<server>(options, std::move(faults), migrations);
}

result<migration_status, std::string> mysql_migration_status(const journal_options& options) {
  return server_migration_status<server>(options, all_migrations());
}

result<migration_status, std::string> migrate_mysql(const journal_options& options, migration_list migrations) {
  return migrate_server<server>(options, migrations);
}

} // namespace wheelwork::mysql
