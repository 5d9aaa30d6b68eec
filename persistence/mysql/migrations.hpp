// Brings the tables to the newest version that this program knows.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/mysql/connection.hpp"

namespace wheelwork::mysql {

/// Reads only. A database without tables has version 0.
migration_status read_migration_status(connection& database);

/// Applies what is missing, one node at a time. Each statement can be repeated, so that a start that was killed in
/// between goes on. The first version fixes the number of shards and draws the secret. Throws failure, or
/// std::runtime_error with words for the user.
migration_status apply_migrations(connection& database, uint16_t shards);

} // namespace wheelwork::mysql
