// SQL of the diagnosis; all of it only reads.
#pragma once

namespace wheelwork::sqlite::sql {

inline constexpr char last_owner[] = "select name, incarnation from ww_node order by incarnation desc limit 1";
/// By way of the index that begins with the shard: `cross join` keeps the order. ?1: the node that is alive, or null.
inline constexpr char running_jobs[] =
    "select count(*), coalesce(sum(?1 is null or j.started_node is not ?1), 0), "
    "coalesce(min(case when ?1 is null or j.started_node is not ?1 then j.started_at end), 0) "
    "from ww_shard s cross join ww_job j on j.shard = s.shard and j.running = 1";

} // namespace wheelwork::sqlite::sql
