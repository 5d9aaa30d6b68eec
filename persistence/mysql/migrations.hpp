// Brings the tables of a MySQL database to the newest version that this program knows.
#pragma once

#include "persistence/mysql/connection.hpp"
#include "persistence/sql/migration_list.hpp"

namespace wheelwork::mysql {

using migration = basic_migration<std::span<const char* const>>; ///< statements that can be repeated
using migration_list = basic_migration_list<std::span<const char* const>>;

migration_list all_migrations();

/// Reads only. A database without tables has version 0.
migration_status read_migration_status(connection& database, migration_list all = all_migrations());

/// The same with a version that was only begun: its tables are not what the version before knows. Throws
/// std::runtime_error with words for the user.
void check_not_newer(connection& database, migration_list all);

/// Applies what is missing, one node at a time: the others wait, for up to a minute. Tables that exist change only
/// while no node has the database, and what a node before tries afterwards is refused. One that was killed in the
/// middle begins anew. The first version fixes the number of shards and draws the secret. Answers the lease that is in
/// the way; none: all is applied. Throws failure, or std::runtime_error with words for the user.
std::optional<held_lease> apply_migrations(connection& database, uint16_t shards, migration_list all);

} // namespace wheelwork::mysql
