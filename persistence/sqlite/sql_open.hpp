// SQL of opening a database: who writes, which shards it took over, and how far their last owner came.
#pragma once

namespace wheelwork::sqlite::sql {

inline constexpr char fill_database[] = "insert into ww_database (id, secret, shards) values (0, ?1, ?2)";
inline constexpr char read_database[] = "select secret, shards from ww_database where id = 0";
inline constexpr char add_shard[] = "insert into ww_shard (shard, id_milliseconds_reserved, owner, released, "
                                    "inherited_lease_until) values (?1, 0, 0, 1, 0)";
inline constexpr char add_node[] = "insert into ww_node (name, started_at, lease_until) values (?1, ?2, 0)";
inline constexpr char drop_idle_nodes[] = "delete from ww_node where incarnation not in (select owner from ww_shard)";
inline constexpr char take_writer[] = "insert into ww_writer (id, incarnation, batch, fenced) values (?1, ?2, 0, 0) "
                                      "on conflict (id) do update set incarnation = excluded.incarnation, fenced = 0";
inline constexpr char read_shards[] =
    "select s.shard, s.released, max(s.inherited_lease_until, coalesce(n.lease_until, 0)) "
    "from ww_shard s left join ww_node n on n.incarnation = s.owner order by s.shard";
inline constexpr char take_shards[] =
    "update ww_shard set inherited_lease_until = case released when 1 then 0 else "
    "max(inherited_lease_until, coalesce((select lease_until from ww_node where incarnation = owner), 0)) end, "
    "owner = ?1, released = 0";

} // namespace wheelwork::sqlite::sql
