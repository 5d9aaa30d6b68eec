// SQL of opening a database: who writes, which shards it took over, how far their last owner came, and its lease.
#pragma once

namespace wheelwork::mysql::sql {

#define WHEELWORK_NOW "cast(unix_timestamp(now(3)) * 1000 as signed)"

/// A migration that begins anew keeps what the first one chose.
inline constexpr char fill_database[] =
    "insert into ww_database (id, secret, shards) values (0, $1, $2) on duplicate key update id = id";
inline constexpr char read_database[] = "select secret, shards from ww_database where id = 0";
inline constexpr char add_shards[] =
    "insert into ww_shard (shard, id_milliseconds_reserved, owner, released, inherited_lease_until) values ";
inline constexpr char keep_shards[] = " on duplicate key update shard = shard";
inline constexpr char begin_taking[] = "start transaction";
/// One node at a time takes over.
inline constexpr char lock_database[] = "select 1 from ww_database where id = 0 for update";
/// Writers wait from here on; those that are in the middle of a batch are waited for.
inline constexpr char lock_writers[] = "select id from ww_writer order by id for update";
/// Owners whose lease has not ended; with a lock, so that none of them renews it meanwhile.
inline constexpr char lock_owners[] =
    "select name, lease_ends - " WHEELWORK_NOW ", lease_ends from ww_node "
    "where incarnation in (select owner from ww_shard) order by lease_ends desc for update";
inline constexpr char read_owners[] = "select name, lease_ends - " WHEELWORK_NOW " from ww_node "
                                      "where incarnation in (select owner from ww_shard) order by lease_ends desc";
/// What is in an open transaction, too.
inline constexpr char uncommitted_writers[] =
    "set transaction isolation level read uncommitted; select id, incarnation, batch, fenced, session from ww_writer";
inline constexpr char committed_writers[] = "select id, incarnation, batch, fenced, session from ww_writer";
inline constexpr char end_session[] = "kill $1";

inline constexpr char add_node[] =
    "insert into ww_node (name, started_at, lease_until, lease_ends) values ($1, $2, 0, " WHEELWORK_NOW
    " + $3); select last_insert_id()";
/// The lease of an owner who was taken over can't be renewed any more.
inline constexpr char fence_nodes[] = "update ww_node set fenced = true, lease_ends = 0 where incarnation < $1";
inline constexpr char drop_idle_nodes[] = "delete from ww_node where incarnation not in (select owner from ww_shard)";
inline constexpr char take_writer[] =
    "insert into ww_writer (id, incarnation, batch, fenced, session) values ($1, $2, 0, false, connection_id()) "
    "on duplicate key update incarnation = $2, fenced = false, session = connection_id()";
/// Of all former owners: also those of whose number this node has none.
inline constexpr char fence_writers[] = "update ww_writer set fenced = true";
inline constexpr char read_shards[] =
    "select s.shard, s.released, greatest(s.inherited_lease_until, coalesce(n.lease_until, 0)) "
    "from ww_shard s left join ww_node n on n.incarnation = s.owner order by s.shard";
inline constexpr char take_shards[] =
    "update ww_shard s left join ww_node n on n.incarnation = s.owner set s.inherited_lease_until = "
    "if(s.released, 0, greatest(s.inherited_lease_until, coalesce(n.lease_until, 0))), s.owner = $1, s.released = "
    "false";

/// Each writer of a node renews it, and none may take back what another one was given.
inline constexpr char set_lease[] =
    "update ww_node set lease_until = greatest(lease_until, $2), lease_ends = greatest(lease_ends, " WHEELWORK_NOW
    " + $3) where incarnation = $1 and not fenced";
inline constexpr char end_lease[] = "update ww_node set lease_ends = 0 where incarnation = $1 and not fenced";
inline constexpr char release_shards[] =
    "update ww_shard s join ww_node n on n.incarnation = s.owner set s.released = true, s.inherited_lease_until = 0 "
    "where s.owner = $1 and not n.fenced";

#undef WHEELWORK_NOW

} // namespace wheelwork::mysql::sql
