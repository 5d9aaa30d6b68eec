#include "persistence/postgres/migrations.hpp"

#include "persistence/postgres/server.hpp"
#include "persistence/postgres/sql_open.hpp"
#include "persistence/postgres/sql_schema.hpp"

#include <array>

namespace wheelwork::postgres {

namespace {

constexpr std::array migrations{migration{1, "tasks, jobs and history", sql::first_schema},
                                migration{2, "consumer pools", sql::pool_schema}};

void fill_first(connection& database, uint16_t shards) {
  const auto secret = new_secret();
  database.run(sql::fill_database, blob{{secret.data(), secret.size()}}, shards);
  database.run(sql::add_shards, shards);
}

uint32_t version_of(connection& database) {
  auto found = database.query(sql::table_exists, database.with_table_prefix_of("ww_migration"));
  if (!found.next() || found->integer(0) == 0) return 0;
  auto version = database.query(sql::schema_version);
  return version.next() ? static_cast<uint32_t>(version->integer(0)) : 0;
}

/// In a transaction that has the lock of migrations. Nothing happens where another node was faster.
void apply(connection& database, const migration& one, uint16_t shards) {
  if (version_of(database) + 1 != one.version) return;
  database.execute(sql::wait_for_tables);
  database.execute(sql::create_migration_table);
  database.execute(one.sql);
  if (one.version == 1) fill_first(database, shards);
  database.run(sql::add_migration, one.version, one.name);
}

void make_first(connection& database, const migration& first, uint16_t shards) {
  database.execute(sql::begin_migration);
  try {
    apply(database, first, shards);
    database.execute("commit");
  } catch (...) {
    database.roll_back();
    throw;
  }
}

} // namespace

migration_list all_migrations() { return migrations; }

migration_status read_migration_status(connection& database, migration_list all) {
  return status_at(version_of(database), all);
}

void check_not_newer(connection& database, migration_list all) {
  wheelwork::check_not_newer(version_of(database), all);
}

std::optional<held_lease> apply_migrations(connection& database, uint16_t shards, migration_list all) {
  for (;;) {
    const uint32_t found = version_of(database);
    wheelwork::check_not_newer(found, all);
    const migration* const next = next_after(found, all);
    if (!next) return std::nullopt;
    if (found == 0) {
      make_first(database, *next, shards);
      continue;
    }
    auto held = without_owner<server>(database, sql::begin_migration, [&] {
      fence_all<server>(database);
      apply(database, *next, shards);
    });
    if (held) return held;
  }
}

} // namespace wheelwork::postgres
