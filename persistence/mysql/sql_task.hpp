// SQL of definitions and of where their firing stands. The two never share a row: a scheduler can't undo an edit.
#pragma once

namespace wheelwork::mysql::sql {

inline constexpr char task_exists[] = "select 1 from ww_task where id = $1";
inline constexpr char task_edition[] = "select id, version from ww_task where name = $1 for update";
inline constexpr char task_of_external_id[] = "select name from ww_task where external_id = $1 and id <> $2";
inline constexpr char insert_task[] =
    "insert into ww_task (id, shard, name, external_id, enabled, version, created_at, updated_at, spec) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
inline constexpr char replace_task[] = "update ww_task set external_id = $2, enabled = $3, version = $4, created_at = "
                                       "$5, updated_at = $6, spec = $7 where id = $1";
inline constexpr char remember_task_name[] =
    "insert into ww_task_name (id, name) values ($1, $2) on duplicate key update id = id";
/// fired_until never goes back, whatever a clock or an edit does.
inline constexpr char put_task_state[] =
    "insert into ww_task_state (task, fired_until, runs, next_fire, enabled_at, disabled_at) "
    "values ($1, $2, $3, $4, $5, $6) on duplicate key update fired_until = greatest(fired_until, values(fired_until)), "
    "runs = values(runs), next_fire = values(next_fire), enabled_at = values(enabled_at), "
    "disabled_at = values(disabled_at)";
inline constexpr char delete_task[] = "delete from ww_task where id = $1";
inline constexpr char delete_task_state[] = "delete from ww_task_state where task = $1";

#define WHEELWORK_TASKS                                                                                                \
  "select t.id, t.name, t.version, t.created_at, t.updated_at, t.spec, s.fired_until, s.runs, s.next_fire, "           \
  "s.enabled_at, s.disabled_at from ww_task t join ww_task_state s on s.task = t.id "
inline constexpr char tasks_of_shard[] = WHEELWORK_TASKS "where t.shard = $1 order by t.id";
inline constexpr char task_by_name[] = WHEELWORK_TASKS "where t.name = $1";
inline constexpr char tasks_after_name[] = WHEELWORK_TASKS "where t.name > $1";
#undef WHEELWORK_TASKS

} // namespace wheelwork::mysql::sql
