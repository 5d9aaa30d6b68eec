// What the templates of persistence/sql need to open a Postgres database, beside its dialect.
#pragma once

#include "persistence/postgres/dialect.hpp"
#include "persistence/postgres/migrations.hpp"
#include "persistence/sql/server_registration.hpp"

namespace wheelwork::postgres {

struct server : dialect {
  using fault_ptr = commit_fault_ptr;
  using migration_list = postgres::migration_list;

  static constexpr registration_texts registering{.begin = sql::begin_taking,
                                                  .lock_database = sql::lock_database,
                                                  .lock_writers = sql::lock_writers,
                                                  .lock_owners = sql::lock_owners,
                                                  .read_owners = sql::read_owners,
                                                  .read_database = sql::read_database,
                                                  .read_shards = sql::read_shards,
                                                  .add_node = sql::add_node,
                                                  .take_shards = sql::take_shards,
                                                  .fence_writers = sql::fence_writers,
                                                  .take_writer = sql::take_writer,
                                                  .fence_nodes = sql::fence_nodes,
                                                  .drop_idle_nodes = sql::drop_idle_nodes,
                                                  .end_lease = sql::end_lease};

  static result<connection_settings, std::string> settings_for(const std::string& url);
  static connection_settings for_writing(connection_settings settings);
  static connection_settings for_reading(connection_settings settings) { return settings; }

  static migration_status read_migration_status(connection& database, migration_list all) {
    return postgres::read_migration_status(database, all);
  }
  static void check_not_newer(connection& database, migration_list all) { postgres::check_not_newer(database, all); }
  static std::optional<held_lease> apply_migrations(connection& database, uint16_t shards, migration_list all) {
    return postgres::apply_migrations(database, shards, all);
  }
  /// Ends sessions that hold what a take-over needs although no lease is left. False: there was none.
  static bool end_blocking_sessions(connection& database);
  static std::string open_error_text(const failure& error, const std::string& shown) {
    return postgres::open_error_text(error, shown);
  }
};

} // namespace wheelwork::postgres
