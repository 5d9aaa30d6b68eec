// SQL that throws old things away, a few rows at a time.
#pragma once

namespace wheelwork::sqlite::sql {

inline constexpr char old_history[] = "select id, task, labels, unique_key, external_id from ww_job_history where "
                                      "finished_at < ?1 order by finished_at limit ?2";
inline constexpr char drop_old_fires[] = "delete from ww_fire where (task, fire_time) in (select task, fire_time from "
                                         "ww_fire where fire_time < ?1 limit ?2)";
inline constexpr char drop_old_skips[] = "delete from ww_fire_skip where (task, from_at, verdict) in "
                                         "(select task, from_at, verdict from ww_fire_skip where to_at < ?1 limit ?2)";
inline constexpr char drop_expired_keys[] = "delete from ww_unique_key where key in (select key from ww_unique_key "
                                            "where until is not null and until <= ?1 limit ?2)";
inline constexpr char drop_unused_task_names[] =
    "delete from ww_task_name where id in (select n.id from ww_task_name n where "
    "not exists (select 1 from ww_task t where t.id = n.id) and "
    "not exists (select 1 from ww_job_term j where j.term = 't:' || n.id) limit ?1)";

inline constexpr char highest_target[] = "select coalesce(max(id), 0) from ww_target";
inline constexpr char targets_of_live_jobs[] = "select id, target from ww_job where id > ?1 order by id limit ?2";
inline constexpr char targets_of_history[] = "select id, target from ww_job_history where id > ?1 order by id limit ?2";
inline constexpr char targets_after[] = "select id from ww_target where id > ?1 and id <= ?2 order by id limit ?3";
inline constexpr char drop_target[] = "delete from ww_target where id = ?1";

} // namespace wheelwork::sqlite::sql
