// SQL of pools, of what happened in them and of their minutes, where it differs between servers.
#pragma once

#include "persistence/sql/dialect.hpp"
#include "persistence/sql/server_pool_sql.hpp"

namespace wheelwork::postgres::sql {

/// A pool that ends and begins again in a minute is told of in pieces.
inline constexpr char put_pool_minute[] =
    "insert into ww_pool_minute (pool, begins_at, node, taken, succeeded, failed_attempts, dead_letters, backlog_max, "
    "consumers_max) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (pool, begins_at, node) do update set "
    "taken = ww_pool_minute.taken + excluded.taken, succeeded = ww_pool_minute.succeeded + excluded.succeeded, "
    "failed_attempts = ww_pool_minute.failed_attempts + excluded.failed_attempts, "
    "dead_letters = ww_pool_minute.dead_letters + excluded.dead_letters, "
    "backlog_max = greatest(ww_pool_minute.backlog_max, excluded.backlog_max), "
    "consumers_max = greatest(ww_pool_minute.consumers_max, excluded.consumers_max)";
inline constexpr pool_write_texts pool_writing{.edition = server_sql::pool_edition,
                                               .insert = server_sql::insert_pool,
                                               .replace = server_sql::replace_pool,
                                               .remove = server_sql::delete_pool,
                                               .add_event = server_sql::add_pool_event,
                                               .put_minute = put_pool_minute};

using server_sql::pool_reading;

inline constexpr char drop_old_pool_events[] = "delete from ww_pool_event where ctid = any(array(select ctid from "
                                               "ww_pool_event where happened_at < $1 order by happened_at limit $2))";
inline constexpr char drop_old_pool_minutes[] = "delete from ww_pool_minute where ctid = any(array(select ctid from "
                                                "ww_pool_minute where begins_at < $1 order by begins_at limit $2))";

} // namespace wheelwork::postgres::sql
