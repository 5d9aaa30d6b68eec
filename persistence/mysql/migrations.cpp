#include "persistence/mysql/migrations.hpp"

#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_open.hpp"
#include "persistence/mysql/sql_schema.hpp"

#include <sys/random.h>

#include <array>
#include <span>

namespace wheelwork::mysql {

namespace {

struct migration {
  uint32_t version;
  const char* name;
  std::span<const char* const> statements;
};

constexpr std::array migrations{migration{1, "tasks, jobs and history", sql::first_schema},
                                migration{2, "consumer pools", sql::pool_schema}};
constexpr uint32_t newest_version = migrations.back().version;
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
  std::array<char, 16> secret{};
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
    throw std::runtime_error{"the system gave no random bytes for the database's secret"};
  database.run(sql::fill_database, blob{{secret.data(), secret.size()}}, shards);
  auto chosen = database.query(sql::read_database); // perhaps by one who was killed before the end
  chosen.next();
  row_list all{database, sql::add_shards, sql::keep_shards};
  for (int64_t shard = 0; shard < chosen->integer(1); ++shard) all.add(shard, 0, 0, true, 0);
  all.finish();
}

uint32_t version_of(connection& database) {
  auto found = database.query(sql::table_exists, database.with_table_prefix_of("ww_migration"));
  if (!found.next()) return 0;
  auto version = database.query(sql::schema_version);
  return version.next() ? static_cast<uint32_t>(version->integer(0)) : 0;
}

void check_not_newer(uint32_t found) {
  if (found > newest_version)
    throw std::runtime_error{"its tables have version " + std::to_string(found) +
                             ", this program knows versions up to " + std::to_string(newest_version) +
                             ": start a newer wheelwork, or restore an older backup"};
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
  uint32_t found = version_of(database);
  check_not_newer(found);
  if (found < newest_version) {
    const migration_lock alone{database};
    found = version_of(database);
    check_not_newer(found);
    for (const migration& one : migrations) {
      if (one.version <= found) continue;
      execute(database, sql::create_migration_table);
      for (const char* statement : one.statements) execute(database, statement);
      if (one.version == 1) fill_first(database, shards);
      database.run(sql::add_migration, one.version, one.name);
    }
  }
  return read_migration_status(database);
}

} // namespace wheelwork::mysql
