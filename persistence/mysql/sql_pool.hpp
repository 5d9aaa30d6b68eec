// SQL of pools, of what happened in them and of their minutes, where it differs between servers.
#pragma once

#include "persistence/sql/dialect.hpp"
#include "persistence/sql/server_pool_sql.hpp"

namespace wheelwork::mysql::sql {

/// A pool that ends and begins again in a minute is told of in pieces.
inline constexpr char put_pool_minute[] =
    "insert into ww_pool_minute (pool, begins_at, node, taken, succeeded, failed_attempts, dead_letters, backlog_max, "
    "consumers_max) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on duplicate key update "
    "taken = taken + values(taken), succeeded = succeeded + values(succeeded), "
    "failed_attempts = failed_attempts + values(failed_attempts), "
    "dead_letters = dead_letters + values(dead_letters), backlog_max = greatest(backlog_max, values(backlog_max)), "
    "consumers_max = greatest(consumers_max, values(consumers_max))";
inline constexpr pool_write_texts pool_writing{.edition = server_sql::pool_edition,
                                               .insert = server_sql::insert_pool,
                                               .replace = server_sql::replace_pool,
                                               .remove = server_sql::delete_pool,
                                               .add_event = server_sql::add_pool_event,
                                               .put_minute = put_pool_minute};

using server_sql::pool_reading;

inline constexpr char drop_old_pool_events[] =
    "delete from ww_pool_event where happened_at < $1 order by happened_at limit $2";
inline constexpr char drop_old_pool_minutes[] =
    "delete from ww_pool_minute where begins_at < $1 order by begins_at limit $2";

} // namespace wheelwork::mysql::sql
