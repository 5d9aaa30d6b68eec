#include "persistence/postgres/postgres_journal.hpp"

#include "persistence/postgres/reader.hpp"
#include "persistence/postgres/server.hpp"
#include "persistence/postgres/writer.hpp"
#include "persistence/sql/server_journal.hpp"

namespace wheelwork::postgres {

result<std::unique_ptr<journal>, std::string>
open_postgres_journal(const journal_options& options, commit_fault_ptr faults, migration_list migrations) {
  return open_server_journal<server>(options, std::move(faults), migrations);
}

result<migration_status, std::string> postgres_migration_status(const journal_options& options) {
  return server_migration_status<server>(options, all_migrations());
}

result<migration_status, std::string> migrate_postgres(const journal_options& options, migration_list migrations) {
  return migrate_server<server>(options, migrations);
}

} // namespace wheelwork::postgres
