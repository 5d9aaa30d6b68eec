// SQL that moves many jobs at once: made, started, tried again, ended, revived. What a statement needs for each job
// comes as arrays.
//
// The live table is full at one moment and empty at the next, so what the planner believes of it is mostly wrong: a
// table that was vacuumed while empty invites to walk a whole index for each of a thousand ids. So nothing is left to
// belief. Rows are found by `= any(array)` on a primary key, in lateral queries with a limit or by ctid, and the
// writer's connection allows neither walks over tables nor nested loops (see connection.cpp); joins are of what was
// found that way.
#pragma once

namespace wheelwork::postgres::sql {

/// Columns in the order of job_cells().
inline constexpr char insert_jobs[] =
    "insert into ww_job (payload, id, shard, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, "
    "priority, "
    "origin, running, started_at, started_node, created_at, content_type, labels, unique_key, external_id) "
    "select * from unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], "
    "$7::bigint[], $8::integer[], $9::integer[], $10::smallint[], $11::smallint[], $12::smallint[], $13::boolean[], "
    "$14::bigint[], $15::text[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[])";
inline constexpr char used_ids[] = "select id from ww_job_history where id = any($1::bigint[]) limit 1";
inline constexpr char add_terms[] =
    "insert into ww_job_term (term, job_id) select * from unnest($1::text[], $2::bigint[])";
inline constexpr char drop_terms[] =
    "delete from ww_job_term where ctid = any(array(select t.ctid from unnest($1::text[], $2::bigint[]) as "
    "g(term, job_id) cross join lateral (select x.ctid from ww_job_term x where x.term = g.term and "
    "x.job_id = g.job_id limit 1) t))";
inline constexpr char add_fires[] =
    "insert into ww_fire (task, fire_time, job_id) select * from unnest($1::bigint[], $2::bigint[], $3::bigint[])";
inline constexpr char drop_fires[] =
    "delete from ww_fire where ctid = any(array(select f.ctid from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as "
    "g(task, fire_time, job_id) cross join lateral (select x.ctid from ww_fire x where x.task = g.task and "
    "x.fire_time = g.fire_time and x.job_id = g.job_id limit 1) f))";
/// Only keys that are free when they are taken: another writer may have put one after this one looked. Answers one row
/// for each that it got.
inline constexpr char put_unique_keys[] =
    "insert into ww_unique_key as k (key, job_id, until, taken_at) "
    "select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) "
    "on conflict (key) do update set job_id = excluded.job_id, until = excluded.until, taken_at = excluded.taken_at "
    "where k.until <= excluded.taken_at returning 1";

/// History is written from the live row only, which the same statement deletes. A start that was recorded and got no
/// result stays visible as the last attempt. Answers the ids that were not live.
inline constexpr char end_jobs[] =
    "with given as materialized (select * from unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::integer[], "
    "$5::text[], "
    "$6::integer[], $7::text[], $8::bigint[], $9::bigint[], $10::smallint[], $11::text[], $12::text[]) as "
    "g(id, state, finished_at, attempt, reason, last_number, last_node, last_started_at, last_finished_at, "
    "last_outcome, "
    "last_error, last_response)), "
    "gone as (delete from ww_job where id = any($1::bigint[]) returning *), "
    "kept as (insert into ww_job_history (id, shard, due_at, task, fire_time, target, attempt, retries_used, "
    "lost_in_row, "
    "priority, origin, state, created_at, finished_at, reason, content_type, labels, unique_key, external_id, "
    "last_number, "
    "last_node, last_started_at, last_finished_at, last_outcome, last_error, last_response, payload) "
    "select j.id, j.shard, j.due_at, j.task, j.fire_time, j.target, greatest(j.attempt, g.attempt), j.retries_used, "
    "j.lost_in_row, j.priority, j.origin, g.state, j.created_at, g.finished_at, g.reason, j.content_type, j.labels, "
    "j.unique_key, j.external_id, coalesce(g.last_number, case when j.started_at is not null then j.attempt end), "
    "coalesce(g.last_node, j.started_node), coalesce(g.last_started_at, j.started_at), g.last_finished_at, "
    "g.last_outcome, g.last_error, g.last_response, j.payload from gone j join given g on g.id = j.id) "
    "select id from given where id not in (select id from gone)";

/// The same for ends that differ in nothing but ids and times: most do, and to read twelve arrays costs more than to
/// move the rows.
inline constexpr char end_jobs_alike[] =
    "with given as materialized (select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as "
    "g(id, finished_at, last_started_at, last_finished_at)), "
    "gone as (delete from ww_job where id = any($1::bigint[]) returning *), "
    "kept as (insert into ww_job_history (id, shard, due_at, task, fire_time, target, attempt, retries_used, "
    "lost_in_row, priority, origin, state, created_at, finished_at, content_type, labels, unique_key, external_id, "
    "last_number, last_node, last_started_at, last_finished_at, last_outcome, payload) "
    "select j.id, j.shard, j.due_at, j.task, j.fire_time, j.target, greatest(j.attempt, $5::integer), j.retries_used, "
    "j.lost_in_row, j.priority, j.origin, $6::smallint, j.created_at, g.finished_at, j.content_type, j.labels, "
    "j.unique_key, j.external_id, $5::integer, coalesce($7::text, j.started_node), "
    "coalesce(g.last_started_at, j.started_at), g.last_finished_at, $8::smallint, j.payload "
    "from gone j join given g on g.id = j.id) "
    "select id from given where id not in (select id from gone)";

/// For rows that leave without history: what hangs on them.
inline constexpr char take_jobs[] =
    "delete from ww_job where id = any($1::bigint[]) returning id, task, labels, unique_key, external_id, fire_time";
inline constexpr char drop_attempts[] = "delete from ww_attempt where job_id = any($1::bigint[])";

/// One row per number: what is written later fills in what is missing and wins where both say something.
#define WHEELWORK_MERGE_ATTEMPT                                                                                        \
  "on conflict (job_id, number) do update set node = case excluded.node when '' then a.node else excluded.node end, "  \
  "started_at = coalesce(excluded.started_at, a.started_at), finished_at = coalesce(excluded.finished_at, "            \
  "a.finished_at), outcome = excluded.outcome, error = excluded.error, response = excluded.response"
#define WHEELWORK_GIVEN_ATTEMPTS                                                                                       \
  "unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[], $8::text[]"
#define WHEELWORK_ATTEMPT "job_id, number, node, started_at, finished_at, outcome, error, response"

/// Answers the ids that were live.
inline constexpr char again_jobs[] =
    "with given as materialized (select * from " WHEELWORK_GIVEN_ATTEMPTS
    ", $9::bigint[], $10::integer[], $11::smallint[]) as g(" WHEELWORK_ATTEMPT ", due_at, retries_used, lost_in_row)), "
    "changed as (update ww_job j set fire_time = coalesce(j.fire_time, j.due_at), due_at = g.due_at, attempt = "
    "greatest(j.attempt, g.number), "
    "retries_used = g.retries_used, lost_in_row = g.lost_in_row, running = false, started_at = null, "
    "started_node = null from given g where j.id = g.job_id and j.id = any($1::bigint[]) returning j.id), "
    "noted as (insert into ww_attempt as a (" WHEELWORK_ATTEMPT ") select " WHEELWORK_ATTEMPT
    " from given where job_id in (select id from changed) " WHEELWORK_MERGE_ATTEMPT ") select id from changed";
/// Only for jobs that somebody can still look at: else the rows would stay for ever.
inline constexpr char late_results[] =
    "insert into ww_attempt as a (" WHEELWORK_ATTEMPT ") select " WHEELWORK_ATTEMPT " from " WHEELWORK_GIVEN_ATTEMPTS
    ") as g(" WHEELWORK_ATTEMPT
    ") where job_id = any(array(select id from ww_job where id = any($1::bigint[]) union all "
    "select id from ww_job_history where id = any($1::bigint[]))) " WHEELWORK_MERGE_ATTEMPT;

#undef WHEELWORK_GIVEN_ATTEMPTS
#undef WHEELWORK_MERGE_ATTEMPT

/// Answers the ids that were live.
inline constexpr char start_jobs[] =
    "update ww_job j set attempt = greatest(j.attempt, g.attempt), running = true, started_at = g.started_at, "
    "started_node = $4 from unnest($1::bigint[], $2::integer[], $3::bigint[]) as g(id, attempt, started_at) "
    "where j.id = g.id and j.id = any($1::bigint[]) returning j.id";

inline constexpr char keep_last_attempt[] =
    "insert into ww_attempt (" WHEELWORK_ATTEMPT ") select id, last_number, coalesce(last_node, ''), last_started_at, "
    "last_finished_at, last_outcome, coalesce(last_error, ''), coalesce(last_response, '') from ww_job_history "
    "where id = $1 and last_number is not null on conflict do nothing";
#undef WHEELWORK_ATTEMPT
inline constexpr char copy_to_live[] =
    "insert into ww_job (id, shard, due_at, task, fire_time, target, attempt, "
    "retries_used, lost_in_row, priority, origin, "
    "running, created_at, content_type, labels, unique_key, external_id, payload) "
    "select id, shard, $2::bigint, task, coalesce(fire_time, due_at), target, attempt, 0, 0, "
    "coalesce($3::smallint, priority), origin, false, "
    "created_at, content_type, labels, unique_key, external_id, payload from "
    "ww_job_history where id = $1 and state <> $4::smallint";
inline constexpr char delete_history[] = "delete from ww_job_history where id = $1";

} // namespace wheelwork::postgres::sql
