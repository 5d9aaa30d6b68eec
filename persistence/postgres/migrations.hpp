// Brings the tables of a Postgres database to the newest version that this program knows.
#pragma once

#include "persistence/postgres/connection.hpp"
#include "persistence/sql/migration_list.hpp"

namespace wheelwork::postgres {

using migration = basic_migration<const char*>; ///< one text of statements
using migration_list = basic_migration_list<const char*>;

migration_list all_migrations();

/// Reads only. A database without tables has version 0.
migration_status read_migration_status(connection& database, migration_list all = all_migrations());

/// Throws std::runtime_error with words for the user.
void check_not_newer(connection& database, migration_list all);

/// Applies what is missing, each version in a transaction of its own, one node at a time: the others wait. Tables that
/// exist change only while no node has the database, and what a node before tries afterwards is refused. The first
/// version fixes the number of shards and draws the secret. Answers the lease that is in the way; none: all is applied.
/// Throws failure, or std::runtime_error with words for the user.
std::optional<held_lease> apply_migrations(connection& database, uint16_t shards, migration_list all);

} // namespace wheelwork::postgres
