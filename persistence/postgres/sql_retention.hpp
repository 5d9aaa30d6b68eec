// SQL of the days of history, and SQL that throws old things away.
#pragma once

namespace wheelwork::postgres::sql {

/// Names of all partitions, without the schema.
inline constexpr char history_partitions[] =
    "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass($1)";
inline constexpr char lock_partitions[] =
    "select pg_advisory_xact_lock(hashtextextended('wheelwork ' || current_schema() || ' ww_job_history', 0))";

inline constexpr char drop_old_fires[] =
    "delete from ww_fire where ctid = any(array(select ctid from ww_fire where fire_time + 0 < $1 limit $2))";
inline constexpr char drop_old_skips[] =
    "delete from ww_fire_skip where ctid = any(array(select ctid from ww_fire_skip where to_at < $1 limit $2))";
inline constexpr char drop_expired_keys[] = "delete from ww_unique_key where ctid = any(array(select ctid from "
                                            "ww_unique_key where until is not null and until <= $1 limit $2))";
/// Looks for one thing of each task, since a join would walk over all terms.
inline constexpr char drop_unused_task_names[] =
    "delete from ww_task_name where id = any(array(select n.id from ww_task_name n where "
    "(select 1 from ww_task t where t.id = n.id) is null and "
    "(select 1 from ww_job_term j where j.term = 't:' || n.id limit 1) is null limit $1))";

inline constexpr char highest_target[] = "select coalesce(max(id), 0) from ww_target";
inline constexpr char targets_of_live_jobs[] = "select id, target from ww_job where id > $1 order by id limit $2";
inline constexpr char targets_of_history[] = "select id, target from ww_job_history where id > $1 order by id limit $2";
inline constexpr char targets_after[] = "select id from ww_target where id > $1 and id <= $2 order by id limit $3";
inline constexpr char drop_targets[] = "delete from ww_target where id = any($1::bigint[])";

} // namespace wheelwork::postgres::sql
