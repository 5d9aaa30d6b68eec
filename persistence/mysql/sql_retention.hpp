// SQL of the days of history, and SQL that throws old things away.
#pragma once

namespace wheelwork::mysql::sql {

inline constexpr char history_partitions[] =
    "select partition_description from information_schema.partitions where table_schema = database() and table_name = "
    "$1 and partition_description is not null";

inline constexpr char old_jobs[] = "select id, task, labels, unique_key, external_id, state from ww_job_history ";
inline constexpr char drop_old_fires[] = "delete from ww_fire where fire_time < $1 order by fire_time limit $2";
inline constexpr char drop_old_skips[] = "delete from ww_fire_skip where to_at < $1 order by to_at limit $2";
inline constexpr char drop_expired_keys[] = "delete from ww_unique_key where until <= $1 order by until limit $2";
inline constexpr char drop_unused_task_names[] =
    "delete t from ww_task_name t join (select n.id from ww_task_name n where "
    "not exists (select 1 from ww_task t where t.id = n.id) and "
    "not exists (select 1 from ww_job_term j where j.term = cast(concat('t:', n.id) as binary)) limit $1) unused "
    "on unused.id = t.id";

inline constexpr char highest_target[] = "select coalesce(max(id), 0) from ww_target";
inline constexpr char targets_of_live_jobs[] =
    "select id, target from ww_job force index (primary) where id > $1 order by id limit $2";
inline constexpr char targets_of_history[] =
    "select id, target from ww_job_history force index (primary) where id > $1 order by id limit $2";
inline constexpr char targets_after[] = "select id from ww_target where id > $1 and id <= $2 order by id limit $3";
inline constexpr char drop_targets[] = "delete from ww_target where id in (";

} // namespace wheelwork::mysql::sql
