// Brings the tables of a database file to the newest version that this program knows.
#pragma once

#include "persistence/sql/migration_list.hpp"
#include "persistence/sqlite/connection.hpp"

namespace wheelwork::sqlite {

using migration = basic_migration<const char*>; ///< one text of statements
using migration_list = basic_migration_list<const char*>;

migration_list all_migrations();

/// Reads only. A database without tables has version 0.
migration_status read_migration_status(connection& database, migration_list all = all_migrations());

/// For the holder of the lock file. Applies what is missing, each version in a transaction of its own, so that a start
/// that was killed in between goes on where it stopped. The first one fixes the number of shards and draws the secret.
/// Throws failure, or std::runtime_error with words for the user.
migration_status apply_migrations(connection& database, uint16_t shards, migration_list all);

} // namespace wheelwork::sqlite
