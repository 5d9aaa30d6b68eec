// SQL of definitions and of where their firing stands. The two never share a row: a scheduler can't undo an edit.
#pragma once

namespace wheelwork::postgres::sql {

inline constexpr char task_exists[] = "select 1 from ww_task where id = $1";
inline constexpr char task_edition[] = "select id, version from ww_task where name = $1";
inline constexpr char task_of_external_id[] = "select name from ww_task where external_id = $1 and id <> $2";
inline constexpr char insert_task[] =
    "insert into ww_task (id, shard, name, external_id, enabled, version, created_at, updated_at, spec) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
inline constexpr char replace_task[] = "update ww_task set external_id = $2, enabled = $3, version = $4, created_at = "
                                       "$5, updated_at = $6, spec = $7 where id = $1";
inline constexpr char remember_task_name[] =
    "insert into ww_task_name (id, name) values ($1, $2) on conflict do nothing";
inline constexpr char put_task_state[] =
    "insert into ww_task_state as s (task, fired_until, runs, next_fire, enabled_at, disabled_at) "
    "values ($1, $2, $3, $4, $5, $6) on conflict (task) do update set "
    "fired_until = greatest(s.fired_until, excluded.fired_until), runs = excluded.runs, "
    "next_fire = excluded.next_fire, enabled_at = excluded.enabled_at, disabled_at = excluded.disabled_at";
/// fired_until never goes back, whatever a clock or an edit does.
inline constexpr char update_task_states[] =
    "update ww_task_state s set fired_until = greatest(s.fired_until, g.fired_until), runs = g.runs, "
    "next_fire = g.next_fire, enabled_at = g.enabled_at, disabled_at = g.disabled_at from unnest($1::bigint[], "
    "$2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) as "
    "g(task, fired_until, runs, next_fire, enabled_at, disabled_at) where s.task = g.task and s.task = "
    "any($1::bigint[])";
inline constexpr char delete_task[] = "delete from ww_task where id = $1";
inline constexpr char delete_task_state[] = "delete from ww_task_state where task = $1";
inline constexpr char put_skips[] =
    "insert into ww_fire_skip (task, from_at, verdict, to_at, count) select * from unnest($1::bigint[], $2::bigint[], "
    "$3::smallint[], $4::bigint[], $5::bigint[]) on conflict (task, from_at, verdict) do update set "
    "to_at = excluded.to_at, count = excluded.count";

#define WHEELWORK_TASKS                                                                                                \
  "select t.id, t.name, t.version, t.created_at, t.updated_at, t.spec, s.fired_until, s.runs, s.next_fire, "           \
  "s.enabled_at, s.disabled_at from ww_task t join ww_task_state s on s.task = t.id "
inline constexpr char tasks_of_shard[] = WHEELWORK_TASKS "where t.shard = $1 order by t.id";
inline constexpr char task_by_name[] = WHEELWORK_TASKS "where t.name = $1";
inline constexpr char tasks_after_name[] = WHEELWORK_TASKS "where t.name > $1";
#undef WHEELWORK_TASKS

} // namespace wheelwork::postgres::sql
