// SQL that moves many jobs at once: made, started, tried again, ended, revived. `{given}` and `{name}` are what
// given_rows fills in; lists of ids are put between `in (` and `)`.
#pragma once

namespace wheelwork::mysql::sql {

inline constexpr char used_ids[] = "select id from ww_job_history where id in (";
inline constexpr char add_terms[] = "insert into ww_job_term (term, job_id) values ";
inline constexpr char drop_terms[] =
    "delete t from {given} straight_join ww_job_term t force index (primary) on t.term = {term} "
    "and t.job_id = {job_id}";
inline constexpr char add_fires[] = "insert into ww_fire (task, fire_time, job_id) values ";
inline constexpr char drop_fires[] = "delete f from {given} straight_join ww_fire f force index (primary) on f.task = "
                                     "{task} and f.fire_time = {fire_time} "
                                     "and f.job_id = {job_id}";

/// History is written from the live row only, which the next statement deletes. A start that was recorded and got no
/// result stays visible as the last attempt.
inline constexpr char end_jobs[] =
    "insert into ww_job_history (id, shard, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, "
    "priority, origin, state, created_at, finished_at, reason, content_type, labels, unique_key, external_id, "
    "last_number, last_node, last_started_at, last_finished_at, last_outcome, last_error, last_response, payload) "
    "select j.id, j.shard, j.due_at, j.task, j.fire_time, j.target, greatest(j.attempt, {attempt}), j.retries_used, "
    "j.lost_in_row, j.priority, j.origin, {state}, j.created_at, {finished_at}, {reason}, j.content_type, j.labels, "
    "j.unique_key, j.external_id, coalesce({last_number}, if(j.started_at is not null, j.attempt, null)), "
    "coalesce({last_node}, j.started_node), coalesce({last_started_at}, j.started_at), {last_finished_at}, "
    "{last_outcome}, {last_error}, {last_response}, j.payload "
    "from {given} straight_join ww_job j force index (primary) on j.id = {id} for update";
inline constexpr char live_ids[] = "select id from ww_job force index (primary) where id in (";
/// Deletes go by way of a derived table: MariaDB takes a list of ids in a small table for a reason to scan it, even
/// where the key is named, and a scan waits for the locks of what it passes over.
inline constexpr char delete_jobs[] =
    "delete j from {given} straight_join ww_job j force index (primary) on j.id = {id}";

/// For rows that leave without history: what hangs on them.
inline constexpr char jobs_to_take[] = "select id, task, labels, unique_key, external_id, fire_time from ww_job force "
                                       "index (primary) where id in (";
inline constexpr char drop_attempts[] =
    "delete a from {given} straight_join ww_attempt a force index (primary) on a.job_id = {id}";

/// One row per number: what is written later fills in what is missing and wins where both say something.
#define WHEELWORK_MERGE_ATTEMPT                                                                                        \
  " on duplicate key update node = if(values(node) = '', ww_attempt.node, values(node)), "                             \
  "started_at = coalesce(values(started_at), ww_attempt.started_at), "                                                 \
  "finished_at = coalesce(values(finished_at), ww_attempt.finished_at), outcome = values(outcome), "                   \
  "error = values(error), response = values(response)"
#define WHEELWORK_ATTEMPT "job_id, number, node, started_at, finished_at, outcome, error, response"

inline constexpr char put_back[] =
    "update {given} straight_join ww_job j force index (primary) on j.id = {id} set "
    "j.fire_time = coalesce(j.fire_time, j.due_at), j.due_at = {due_at}, j.attempt = " // in this order
    "greatest(j.attempt, "
    "{number}), j.retries_used = {retries_used}, j.lost_in_row = {lost_in_row}, j.running = 0, j.started_at = null, "
    "j.started_node = null";
inline constexpr char put_attempts[] = "insert into ww_attempt (" WHEELWORK_ATTEMPT ") values ";
inline constexpr char merge_attempts[] = WHEELWORK_MERGE_ATTEMPT;
/// Only for jobs that somebody can still look at: else the rows would stay for ever.
inline constexpr char late_results[] =
    "insert into ww_attempt (" WHEELWORK_ATTEMPT ") select {job_id}, {number}, {node}, {started_at}, {finished_at}, "
    "{outcome}, {error}, {response} from {given} where exists (select 1 from ww_job j where j.id = {job_id}) "
    "or exists (select 1 from ww_job_history h where h.id = {job_id})" WHEELWORK_MERGE_ATTEMPT;
#undef WHEELWORK_MERGE_ATTEMPT

inline constexpr char start_jobs[] = "update {given} straight_join ww_job j force index (primary) on j.id = {id} set "
                                     "j.attempt = greatest(j.attempt, {attempt}), "
                                     "j.running = 1, j.started_at = {started_at}, j.started_node = {node}";

inline constexpr char keep_last_attempt[] =
    "insert into ww_attempt (" WHEELWORK_ATTEMPT ") select id, last_number, coalesce(last_node, ''), last_started_at, "
    "last_finished_at, last_outcome, coalesce(last_error, ''), coalesce(last_response, '') from ww_job_history "
    "where id = $1 and last_number is not null on duplicate key update ww_attempt.number = ww_attempt.number";
#undef WHEELWORK_ATTEMPT
inline constexpr char copy_to_live[] =
    "insert into ww_job (id, shard, fire_shard, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, "
    "priority, origin, running, created_at, content_type, labels, unique_key, external_id, payload) select id, shard, "
    "if(origin = 1, shard, null), $2, task, coalesce(fire_time, due_at), target, attempt, 0, 0, coalesce($3, "
    "priority), origin, 0, "
    "created_at, content_type, labels, unique_key, external_id, payload from ww_job_history where id = $1 and "
    "state <> $4";
inline constexpr char delete_history_of[] =
    "delete h from {given} straight_join ww_job_history h force index (primary) on h.id = {id}";
inline constexpr char delete_history[] = "delete from ww_job_history where id = $1";
inline constexpr char drop_bad_ends[] = "delete from ww_job_term where job_id = $1 and term in ($2, $3)";

inline constexpr char update_task_states[] =
    "update {given} straight_join ww_task_state s force index (primary) on s.task = {task} set s.fired_until = "
    "greatest(s.fired_until, "
    "{fired_until}), s.runs = {runs}, s.next_fire = {next_fire}, s.enabled_at = {enabled_at}, "
    "s.disabled_at = {disabled_at}";
inline constexpr char add_skips[] = "insert into ww_fire_skip (task, from_at, verdict, to_at, count) values ";
inline constexpr char merge_skips[] = " on duplicate key update to_at = values(to_at), count = values(count)";

} // namespace wheelwork::mysql::sql
