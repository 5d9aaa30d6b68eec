// SQL that moves jobs: made, started, tried again, ended, revived.
#pragma once

namespace wheelwork::sqlite::sql {

inline constexpr char insert_job[] =
    "insert into ww_job (id, shard, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, priority, "
    "origin, "
    "running, started_at, started_node, created_at, content_type, labels, unique_key, external_id, payload) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
inline constexpr char in_history[] = "select 1 from ww_job_history where id = ?1";
inline constexpr char is_live[] = "select 1 from ww_job where id = ?1";
inline constexpr char add_term[] = "insert into ww_job_term (term, job_id) values (?1, ?2)";
inline constexpr char drop_term[] = "delete from ww_job_term where term = ?1 and job_id = ?2";
inline constexpr char add_fire[] = "insert into ww_fire (task, fire_time, job_id) values (?1, ?2, ?3)";
inline constexpr char drop_fire[] = "delete from ww_fire where task = ?1 and fire_time = ?2 and job_id = ?3";

inline constexpr char find_unique_key[] = "select job_id, until from ww_unique_key where key = ?1";
inline constexpr char put_unique_key[] =
    "insert into ww_unique_key (key, job_id, until) values (?1, ?2, ?3) "
    "on conflict (key) do update set job_id = excluded.job_id, until = excluded.until";

/// History is written from the live row only, which the next statement deletes in the same transaction. A start that
/// was recorded and got no result stays visible as the last attempt.
inline constexpr char copy_to_history[] =
    "insert into ww_job_history (id, shard, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, "
    "priority, "
    "origin, state, created_at, finished_at, reason, content_type, labels, unique_key, external_id, last_number, "
    "last_node, "
    "last_started_at, last_finished_at, last_outcome, last_error, last_response, payload) "
    "select id, shard, due_at, task, fire_time, target, max(attempt, ?4), retries_used, lost_in_row, priority, "
    "origin, ?2, created_at, ?3, ?5, content_type, labels, unique_key, external_id, "
    "coalesce(?6, case when started_at is not null then attempt end), coalesce(?7, started_node), "
    "coalesce(?8, started_at), ?9, ?10, ?11, ?12, payload from ww_job where id = ?1";
inline constexpr char delete_job[] = "delete from ww_job where id = ?1";
/// For rows that leave without history: what hangs on them.
inline constexpr char take_job[] =
    "delete from ww_job where id = ?1 returning task, labels, unique_key, external_id, fire_time";
inline constexpr char job_again[] = "update ww_job set fire_time = coalesce(fire_time, due_at), due_at = ?2, "
                                    "attempt = max(attempt, ?3), retries_used = ?4, "
                                    "lost_in_row = ?5, running = 0, started_at = null, "
                                    "started_node = null where id = ?1";
inline constexpr char job_start[] =
    "update ww_job set attempt = max(attempt, ?2), running = 1, started_at = ?3, started_node = ?4 where id = ?1";

/// One row per number: what is written later fills in what is missing and wins where both say something.
inline constexpr char put_attempt[] =
    "insert into ww_attempt (job_id, number, node, started_at, finished_at, outcome, error, response) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (job_id, number) do update set "
    "node = case excluded.node when '' then node else excluded.node end, started_at = coalesce(excluded.started_at, "
    "started_at), "
    "finished_at = coalesce(excluded.finished_at, finished_at), outcome = excluded.outcome, error = excluded.error, "
    "response = excluded.response";
inline constexpr char drop_attempts[] = "delete from ww_attempt where job_id = ?1";

inline constexpr char keep_last_attempt[] =
    "insert into ww_attempt (job_id, number, node, started_at, finished_at, outcome, error, response) "
    "select id, last_number, coalesce(last_node, ''), last_started_at, last_finished_at, last_outcome, "
    "coalesce(last_error, ''), "
    "coalesce(last_response, '') from ww_job_history where id = ?1 and last_number is not null on conflict do nothing";
inline constexpr char copy_to_live[] =
    "insert into ww_job (id, shard, due_at, task, fire_time, target, attempt, "
    "retries_used, lost_in_row, priority, origin, "
    "running, created_at, content_type, labels, unique_key, external_id, payload) "
    "select id, shard, ?2, task, coalesce(fire_time, due_at), target, attempt, 0, 0, coalesce(?3, priority), "
    "origin, 0, "
    "created_at, content_type, labels, unique_key, "
    "external_id, payload from ww_job_history where id = ?1 and state <> ?4";
inline constexpr char delete_history[] = "delete from ww_job_history where id = ?1";

} // namespace wheelwork::sqlite::sql
