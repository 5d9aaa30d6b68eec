// SQL of opening a database: who writes, which shards it took over, how far their last owner came, and its lease.
#pragma once

#include "persistence/postgres/migration_lock.hpp"

namespace wheelwork::postgres::sql {

#define WHEELWORK_NOW "(extract(epoch from clock_timestamp()) * 1000)::bigint"

inline constexpr char fill_database[] = "insert into ww_database (id, secret, shards) values (0, $1, $2)";
inline constexpr char read_database[] = "select secret, shards from ww_database where id = 0";
/// Who holds the lock for longer is looked at.
inline constexpr char begin_taking[] = "begin isolation level read committed; set local lock_timeout = '500ms'; "
                                       "set local idle_in_transaction_session_timeout = '10s'";
/// One node at a time takes over.
inline constexpr char lock_database[] = "select 1 from ww_database where id = 0 for update";
inline constexpr char add_shards[] = "insert into ww_shard (shard, id_milliseconds_reserved, owner, released, "
                                     "inherited_lease_until) select n, 0, 0, true, 0 from generate_series(0, $1 - 1) n";
/// Writers wait from here on; those that are in the middle of a batch are waited for.
inline constexpr char lock_writers[] = "select id from ww_writer order by id for update";
/// Owners whose lease has not ended; with a lock, so that none of them renews it meanwhile.
inline constexpr char lock_owners[] =
    "select name, lease_ends - " WHEELWORK_NOW ", lease_ends from ww_node "
    "where incarnation in (select owner from ww_shard) order by lease_ends desc for update";
inline constexpr char read_owners[] = "select name, lease_ends - " WHEELWORK_NOW " from ww_node "
                                      "where incarnation in (select owner from ww_shard) order by lease_ends desc";
/// Ends sessions of other nodes that have written one of these tables in a transaction that is still open, but not one
/// that migrates: that may take its time. Answers how many.
inline constexpr char end_blocking_sessions[] =
    "select count(pg_terminate_backend(pid, 2000)) from (select distinct pid from pg_locks where relation = "
    "any(array[to_regclass($1)::oid, to_regclass($2)::oid]) and mode = 'RowExclusiveLock' and granted "
    "and pid <> pg_backend_pid() and pid not in (select pid from pg_locks where locktype = 'advisory' and granted "
    "and objsubid = 1 and (classid::bigint << 32 | objid::bigint) = " WHEELWORK_MIGRATION_LOCK
    ")) blocking where not exists (select 1 from ww_node where lease_ends > " WHEELWORK_NOW
    " and incarnation in (select owner from ww_shard))";

inline constexpr char add_node[] =
    "insert into ww_node (name, started_at, lease_until, lease_ends) values ($1, $2, 0, " WHEELWORK_NOW
    " + $3::bigint) returning incarnation";
/// The lease of an owner who was taken over can't be renewed any more.
inline constexpr char fence_nodes[] = "update ww_node set fenced = true, lease_ends = 0 where incarnation < $1";
inline constexpr char drop_idle_nodes[] = "delete from ww_node where incarnation not in (select owner from ww_shard)";
/// Of all former owners: also those of whose number this node has none.
inline constexpr char fence_writers[] = "update ww_writer set fenced = true";
inline constexpr char take_writer[] =
    "insert into ww_writer (id, incarnation, batch, fenced) values ($1, $2, 0, false) "
    "on conflict (id) do update set incarnation = excluded.incarnation, fenced = false";
inline constexpr char read_shards[] =
    "select s.shard, s.released, greatest(s.inherited_lease_until, coalesce(n.lease_until, 0)) "
    "from ww_shard s left join ww_node n on n.incarnation = s.owner order by s.shard";
inline constexpr char take_shards[] =
    "update ww_shard s set inherited_lease_until = case when released then 0 else greatest(inherited_lease_until, "
    "coalesce((select lease_until from ww_node n where n.incarnation = s.owner), 0)) end, owner = $1, released = false";

/// Each writer of a node renews it, and none may take back what another one was given.
inline constexpr char set_lease[] =
    "update ww_node set lease_until = greatest(lease_until, $2::bigint), lease_ends = "
    "greatest(lease_ends, " WHEELWORK_NOW " + $3::bigint) where incarnation = $1 and not fenced";
inline constexpr char end_lease[] = "update ww_node set lease_ends = 0 where incarnation = $1 and not fenced";
inline constexpr char release_shards[] =
    "update ww_shard set released = true, inherited_lease_until = 0 where owner = $1 and exists "
    "(select 1 from ww_node where incarnation = $1 and not fenced)";

#undef WHEELWORK_NOW

} // namespace wheelwork::postgres::sql
