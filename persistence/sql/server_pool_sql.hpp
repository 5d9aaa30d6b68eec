// SQL of pools that PostgreSQL, MariaDB and MySQL take in the same words.
#pragma once

#include "persistence/sql/pool_statements.hpp"

namespace wheelwork::server_sql {

inline constexpr char pool_edition[] = "select version from ww_pool where name = $1";
inline constexpr char insert_pool[] =
    "insert into ww_pool (name, version, created_at, updated_at, spec) values ($1, $2, $3, $4, $5)";
inline constexpr char replace_pool[] =
    "update ww_pool set version = $2, created_at = $3, updated_at = $4, spec = $5 where name = $1";
inline constexpr char delete_pool[] = "delete from ww_pool where name = $1";
inline constexpr char add_pool_event[] =
    "insert into ww_pool_event (pool, happened_at, kind, consumers_before, consumers, backlog, messages, reason) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8)";

inline constexpr char all_pools[] = "select name, version, created_at, updated_at, spec from ww_pool order by name";
inline constexpr char events_of_pool[] =
    "select pool, happened_at, kind, consumers_before, consumers, backlog, messages, reason from ww_pool_event where "
    "pool = $1 and happened_at < $2 order by happened_at desc, id desc limit $3";
inline constexpr char minutes_of_pool[] =
    "select pool, begins_at, node, taken, succeeded, failed_attempts, dead_letters, backlog_max, consumers_max from "
    "ww_pool_minute where pool = $1 and begins_at >= $2 and begins_at < $3 order by begins_at, node";
inline constexpr pool_read_texts pool_reading{.all = all_pools, .events = events_of_pool, .minutes = minutes_of_pool};

} // namespace wheelwork::server_sql
