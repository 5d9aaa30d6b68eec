#include "persistence/postgres/migrations.hpp"

#include "persistence/postgres/sql_open.hpp"
#include "persistence/postgres/sql_schema.hpp"

#include <sys/random.h>

#include <array>

namespace wheelwork::postgres {

namespace {

struct migration {
  uint32_t version;
  const char* name;
  const char* sql;
};

constexpr std::array migrations{migration{1, "tasks, jobs and history", sql::first_schema},
                                migration{2, "consumer pools", sql::pool_schema}};
constexpr uint32_t newest_version = migrations.back().version;

void fill_first(connection& database, uint16_t shards) {
  std::array<char, 16> secret{};
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
    throw std::runtime_error{"the system gave no random bytes for the database's secret"};
  database.run(sql::fill_database, blob{{secret.data(), secret.size()}}, shards);
  database.run(sql::add_shards, shards);
}

uint32_t version_of(connection& database) {
  auto found = database.query(sql::table_exists, database.with_table_prefix_of("ww_migration"));
  if (!found.next() || found->integer(0) == 0) return 0;
  auto version = database.query(sql::schema_version);
  return version.next() ? static_cast<uint32_t>(version->integer(0)) : 0;
}

void check_not_newer(uint32_t found) {
  if (found > newest_version)
    throw std::runtime_error{"its tables have version " + std::to_string(found) +
                             ", this program knows versions up to " + std::to_string(newest_version) +
                             ": start a newer wheelwork, or restore an older backup"};
}

/// False: another node was faster.
bool apply(connection& database, const migration& one, uint16_t shards) {
  database.execute("begin isolation level read committed");
  database.query(sql::lock_migrations);
  const uint32_t found = version_of(database);
  check_not_newer(found);
  if (found >= one.version) return false;
  database.execute(sql::create_migration_table);
  database.execute(one.sql);
  if (one.version == 1) fill_first(database, shards);
  database.run(sql::add_migration, one.version, one.name);
  return true;
}

} // namespace

migration_status read_migration_status(connection& database) {
  migration_status status;
  status.version = version_of(database);
  status.newest = newest_version;
  for (const migration& one : migrations)
    if (one.version > status.version) status.pending.emplace_back(std::to_string(one.version) + ": " + one.name);
  return status;
}

migration_status apply_migrations(connection& database, uint16_t shards) {
  const uint32_t found = version_of(database);
  check_not_newer(found);
  for (const migration& one : migrations) {
    if (one.version <= found) continue;
    try {
      if (apply(database, one, shards))
        database.execute("commit");
      else
        database.roll_back();
    } catch (...) {
      database.roll_back();
      throw;
    }
  }
  return read_migration_status(database);
}

} // namespace wheelwork::postgres
