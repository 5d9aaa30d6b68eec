// SQL of pools, of what happened in them and of their minutes.
#pragma once

#include "persistence/sql/dialect.hpp"
#include "persistence/sql/pool_statements.hpp"

namespace wheelwork::sqlite::sql {

inline constexpr char pool_edition[] = "select version from ww_pool where name = ?1";
inline constexpr char insert_pool[] =
    "insert into ww_pool (name, version, created_at, updated_at, spec) values (?1, ?2, ?3, ?4, ?5)";
inline constexpr char replace_pool[] =
    "update ww_pool set version = ?2, created_at = ?3, updated_at = ?4, spec = ?5 where name = ?1";
inline constexpr char delete_pool[] = "delete from ww_pool where name = ?1";
inline constexpr char add_pool_event[] =
    "insert into ww_pool_event (pool, happened_at, kind, consumers_before, consumers, backlog, messages, reason) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/// A pool that ends and begins again in a minute is told of in pieces.
inline constexpr char put_pool_minute[] =
    "insert into ww_pool_minute (pool, begins_at, node, taken, succeeded, failed_attempts, dead_letters, backlog_max, "
    "consumers_max) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (pool, begins_at, node) do update set "
    "taken = ww_pool_minute.taken + excluded.taken, succeeded = ww_pool_minute.succeeded + excluded.succeeded, "
    "failed_attempts = ww_pool_minute.failed_attempts + excluded.failed_attempts, "
    "dead_letters = ww_pool_minute.dead_letters + excluded.dead_letters, "
    "backlog_max = max(ww_pool_minute.backlog_max, excluded.backlog_max), "
    "consumers_max = max(ww_pool_minute.consumers_max, excluded.consumers_max)";
inline constexpr pool_write_texts pool_writing{.edition = pool_edition,
                                               .insert = insert_pool,
                                               .replace = replace_pool,
                                               .remove = delete_pool,
                                               .add_event = add_pool_event,
                                               .put_minute = put_pool_minute};

inline constexpr char all_pools[] = "select name, version, created_at, updated_at, spec from ww_pool order by name";
inline constexpr char events_of_pool[] =
    "select pool, happened_at, kind, consumers_before, consumers, backlog, messages, reason from ww_pool_event where "
    "pool = ?1 and happened_at < ?2 order by happened_at desc, id desc limit ?3";
inline constexpr char minutes_of_pool[] =
    "select pool, begins_at, node, taken, succeeded, failed_attempts, dead_letters, backlog_max, consumers_max from "
    "ww_pool_minute where pool = ?1 and begins_at >= ?2 and begins_at < ?3 order by begins_at, node";
inline constexpr pool_read_texts pool_reading{.all = all_pools, .events = events_of_pool, .minutes = minutes_of_pool};

inline constexpr char drop_old_pool_events[] = "delete from ww_pool_event where id in (select id from ww_pool_event "
                                               "where happened_at < ?1 order by happened_at limit ?2)";
inline constexpr char drop_old_pool_minutes[] =
    "delete from ww_pool_minute where (pool, begins_at, node) in (select pool, begins_at, node from ww_pool_minute "
    "where begins_at < ?1 order by begins_at limit ?2)";

} // namespace wheelwork::sqlite::sql
