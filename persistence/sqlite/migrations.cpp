#include "persistence/sqlite/migrations.hpp"

#include "persistence/sql/registration.hpp"
#include "persistence/sqlite/sql_open.hpp"
#include "persistence/sqlite/sql_schema.hpp"

#include <array>

namespace wheelwork::sqlite {

namespace {

constexpr std::array migrations{migration{1, "tasks, jobs and history", sql::first_schema},
                                migration{2, "consumer pools", sql::pool_schema}};

void fill_first(connection& database, uint16_t shards) {
  const auto secret = new_secret();
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

migration_list all_migrations() { return migrations; }

migration_status read_migration_status(connection& database, migration_list all) {
  return status_at(version_of(database), all);
}

migration_status apply_migrations(connection& database, uint16_t shards, migration_list all) {
  const uint32_t found = version_of(database);
  check_not_newer(found, all);
  for (const migration& one : all) {
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
  return read_migration_status(database, all);
}

} // namespace wheelwork::sqlite
