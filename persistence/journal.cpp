#include "persistence/journal.hpp"

#include "persistence/diagnosis.hpp"
#include "persistence/memory/memory_journal.hpp"
#include "persistence/mysql/diagnosis.hpp"
#include "persistence/mysql/mysql_journal.hpp"
#include "persistence/mysql/url.hpp"
#include "persistence/postgres/diagnosis.hpp"
#include "persistence/postgres/postgres_journal.hpp"
#include "persistence/postgres/url.hpp"
#include "persistence/sqlite/diagnosis.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"

namespace wheelwork {

namespace {

enum class backend { sqlite, postgres, mysql, memory };

result<backend, std::string> backend_of(const std::string& url) {
  if (url.starts_with("sqlite://")) return backend::sqlite;
  if (url.starts_with("postgres://") || url.starts_with("postgresql://")) return backend::postgres;
  if (url.starts_with("mysql://") || url.starts_with("mariadb://")) return backend::mysql;
  if (url.starts_with("memory://")) return backend::memory;
  const size_t end = url.find("://"); // the rest may hold a password
  return failure("the database URL begins with `" + url.substr(0, end == std::string::npos ? 0 : end + 3) +
                 "`: this program knows sqlite://PATH, postgres://USER:PASSWORD@HOST/DATABASE, "
                 "mysql://USER:PASSWORD@HOST/DATABASE and memory://NAME");
}

} // namespace

std::optional<std::string> database_url_fault(const std::string& url) {
  const auto kind = backend_of(url);
  if (!kind) return kind.error();
  if (*kind == backend::postgres)
    if (const auto read = postgres::read_url(url); !read) return read.error();
  if (*kind == backend::mysql)
    if (const auto read = mysql::read_url(url); !read) return read.error();
  return std::nullopt;
}

result<std::unique_ptr<journal>, std::string> open_journal(const journal_options& options) {
  const auto kind = backend_of(options.url);
  if (!kind) return failure(kind.error());
  switch (*kind) {
  case backend::sqlite: return sqlite::open_sqlite_journal(options);
  case backend::postgres: return postgres::open_postgres_journal(options);
  case backend::mysql: return mysql::open_mysql_journal(options);
  case backend::memory: break;
  }
  return memory::open_memory_journal(options);
}

result<migration_status, std::string> migration_status_of(const journal_options& options) {
  const auto kind = backend_of(options.url);
  if (!kind) return failure(kind.error());
  switch (*kind) {
  case backend::sqlite: return sqlite::sqlite_migration_status(options);
  case backend::postgres: return postgres::postgres_migration_status(options);
  case backend::mysql: return mysql::mysql_migration_status(options);
  case backend::memory: break;
  }
  return migration_status{1, 1, {}};
}

result<migration_status, std::string> migrate(const journal_options& options) {
  const auto kind = backend_of(options.url);
  if (!kind) return failure(kind.error());
  switch (*kind) {
  case backend::sqlite: return sqlite::migrate_sqlite(options);
  case backend::postgres: return postgres::migrate_postgres(options);
  case backend::mysql: return mysql::migrate_mysql(options);
  case backend::memory: break;
  }
  return migration_status{1, 1, {}};
}

result<std::vector<finding>, std::string> diagnose(const journal_options& options, const diagnosis_limits& limits) {
  if (!options.clock) return failure(std::string{"journal_options.clock must be set"});
  const auto kind = backend_of(options.url);
  if (!kind) return failure(kind.error());
  switch (*kind) {
  case backend::sqlite: return sqlite::diagnose_sqlite(options, limits);
  case backend::postgres: return postgres::diagnose_postgres(options, limits);
  case backend::mysql: return mysql::diagnose_mysql(options, limits);
  case backend::memory: break;
  }
  return std::vector{finding{"durability", severity::error, "the database is in memory: it ends with its process",
                             "name a file or a server in database.url"}};
}

} // namespace wheelwork
