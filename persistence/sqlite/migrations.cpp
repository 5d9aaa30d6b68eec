#include "persistence/sqlite/migrations.hpp"

#include "persistence/sqlite/sql_open.hpp"
#include "persistence/sqlite/sql_schema.hpp"

#include <sys/random.h>

#include <array>

namespace wheelwork::sqlite {

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
  database.run(sql::fill_database, blob{{secret.data(), secret.size()}}, static_cast<int64_t>(shards));
  for (int64_t shard = 0; shard < shards; ++shard) database.run(sql::add_shard, shard);
}

uint32_t version_of(connection& database) {
  const std::string table = database.with_prefix("ww_migration");
  if (auto rows = database.query(sql::table_exists, table); !rows.next() || rows->integer(0) == 0) return 0;
  auto rows = database.query(sql::schema_version);
  return rows.next() ? static_cast<uint32_t>(rows->integer(0)) : 0;
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
  if (found > newest_version)
    throw std::runtime_error{"its tables have version " + std::to_string(found) +
                             ", this program knows versions up to " + std::to_string(newest_version) +
                             ": start a newer wheelwork, or restore an older backup"};
  for (const migration& one : migrations) {
    if (one.version <= found) continue;
    database.execute("begin immediate");
    try {
      database.execute(sql::create_migration_table);
      database.execute(one.sql);
      if (one.version == 1) fill_first(database, shards);
      database.run(sql::add_migration, static_cast<int64_t>(one.version), std::string_view{one.name});
      database.execute("commit");
    } catch (...) {
      database.roll_back();
      throw;
    }
  }
  return read_migration_status(database);
}

} // namespace wheelwork::sqlite
