#include "persistence/mysql/migrations.hpp"

#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/server.hpp"
#include "persistence/mysql/sql_open.hpp"
#include "persistence/mysql/sql_schema.hpp"

#include <array>

namespace wheelwork::mysql {

namespace {

constexpr std::array migrations{migration{1, "tasks, jobs and history", sql::first_schema},
                                migration{2, "consumer pools", sql::pool_schema}};
constexpr int lock_wait_s = 60;

void replace(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

void execute(connection& database, std::string text) {
  const bool places_options = text.find("{options}") != std::string::npos;
  if (places_options)
    replace(text, "{options}", sql::table_options);
  else if (text.find("create table") != std::string::npos && text.find("engine = ") == std::string::npos)
    text += sql::table_options;
  replace(text, "{collation}", database.collation());
  database.execute(text);
}

void fill_first(connection& database, uint16_t shards) {
  const auto secret = new_secret();
  database.run(sql::fill_database, blob{{secret.data(), secret.size()}}, shards);
  auto chosen = database.query(sql::read_database); // perhaps by one who was killed before the end
  chosen.next();
  row_list all{database, sql::add_shards, sql::keep_shards};
  for (int64_t shard = 0; shard < chosen->integer(1); ++shard) all.add(shard, 0, 0, true, 0);
  all.finish();
}

struct found_version {
  uint32_t applied = 0;
  uint32_t begun = 0; ///< the same or higher
};

found_version version_of(connection& database) {
  auto found = database.query(sql::table_exists, database.with_table_prefix_of("ww_migration"));
  if (!found.next()) return {};
  auto version = database.query(sql::schema_version);
  version.next();
  return {static_cast<uint32_t>(version->integer(0)), static_cast<uint32_t>(version->integer(1))};
}

class migration_lock {
public:
  explicit migration_lock(connection& database) : database_{database}, name_{database.with_table_prefix_of("ww_")} {
    auto taken = database_.query(sql::lock_migrations, name_, lock_wait_s);
    if (!taken.next() || taken->integer(0) != 1)
      throw failure{error_number::lock_timeout, "another node upgrades the tables for more than a minute"};
  }
  ~migration_lock() {
    try {
      database_.query(sql::unlock_migrations, name_);
    } catch (const std::exception&) {
      return; // it goes with the session
    }
  }
  migration_lock(const migration_lock&) = delete;
  migration_lock& operator=(const migration_lock&) = delete;

private:
  connection& database_;
  std::string name_;
};

/// From the first statement on an older program refuses the tables.
void begin(connection& database, const migration& one) { database.run(sql::begin_migration, one.version, one.name); }

void apply(connection& database, const migration& one, uint16_t shards) {
  for (const char* statement : one.sql) execute(database, statement);
  if (one.version == 1) fill_first(database, shards);
  database.run(sql::end_migration, one.version, one.name);
}

} // namespace

migration_list all_migrations() { return migrations; }

migration_status read_migration_status(connection& database, migration_list all) {
  return status_at(version_of(database).applied, all);
}

void check_not_newer(connection& database, migration_list all) {
  wheelwork::check_not_newer(version_of(database).begun, all);
}

std::optional<held_lease> apply_migrations(connection& database, uint16_t shards, migration_list all) {
  const migration_lock alone{database};
  for (;;) {
    const found_version found = version_of(database);
    wheelwork::check_not_newer(found.begun, all);
    const migration* const next = next_after(found.applied, all);
    if (!next) return std::nullopt;
    if (found.applied == 0) {
      execute(database, sql::create_migration_table);
      begin(database, *next);
    } else {
      auto held = without_owner<server>(database, sql::begin_taking, [&] {
        fence_all<server>(database);
        begin(database, *next);
      });
      if (held) return held;
    }
    apply(database, *next, shards);
  }
}

} // namespace wheelwork::mysql
