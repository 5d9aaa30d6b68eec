// SQL of everything that reads jobs. Where an optimizer that knows its tables by samples may choose a scan, the index
// is named.
#pragma once

namespace wheelwork::mysql::sql {

// What a scheduler needs of a live job; decode_job() knows the order.
#define WHEELWORK_JOB_COLUMNS                                                                                          \
  "j.id, j.due_at, j.task, j.fire_time, j.target, j.attempt, j.retries_used, j.lost_in_row, j.priority, j.origin, "    \
  "j.started_at, j.content_type, j.payload"
#define WHEELWORK_FROM_DUE " from ww_job j force index (ww_job_due) where j.shard = $1 and j.running = "

inline constexpr char window_from_start[] =
    "select " WHEELWORK_JOB_COLUMNS WHEELWORK_FROM_DUE "0 and j.due_at < $2 order by j.due_at, j.id limit $3";
/// The rest of an instant, then all later ones: two texts, so that each is one walk along the index.
inline constexpr char window_rest_of_instant[] =
    "select " WHEELWORK_JOB_COLUMNS WHEELWORK_FROM_DUE "0 and j.due_at = $2 and j.id > $3 order by j.id limit $4";
inline constexpr char window_after_instant[] = "select " WHEELWORK_JOB_COLUMNS WHEELWORK_FROM_DUE
                                               "0 and j.due_at > $2 and j.due_at < $3 order by j.due_at, j.id limit $4";
inline constexpr char running_of_shard[] = "select " WHEELWORK_JOB_COLUMNS ", j.started_node" WHEELWORK_FROM_DUE "1";
inline constexpr char live_fires_of_shard[] =
    "select " WHEELWORK_JOB_COLUMNS
    " from ww_job j force index (ww_job_fire) where j.fire_shard = $1 order by j.task, j.fire_time";
inline constexpr char live_job[] = "select " WHEELWORK_JOB_COLUMNS " from ww_job j where j.id = $1";

inline constexpr char reserved_of_shard[] = "select id_milliseconds_reserved from ww_shard where shard = $1";

// What the API shows; decode_view() knows the order. The task's name comes from its own table.
#define WHEELWORK_VIEW_TAIL                                                                                            \
  ", j.labels, j.unique_key, j.external_id, j.created_at, (select n.name from ww_task_name n where n.id = j.task)"
#define WHEELWORK_LIVE_VIEW                                                                                            \
  "select " WHEELWORK_JOB_COLUMNS WHEELWORK_VIEW_TAIL                                                                  \
  ", j.running, null, null, null, j.started_node, j.started_at, null, null, null, null "
#define WHEELWORK_HISTORY_VIEW                                                                                         \
  "select j.id, j.due_at, j.task, j.fire_time, j.target, j.attempt, j.retries_used, j.lost_in_row, j.priority, "       \
  "j.origin, null, j.content_type, j.payload" WHEELWORK_VIEW_TAIL                                                      \
  ", j.state, j.finished_at, j.reason, j.last_number, j.last_node, j.last_started_at, j.last_finished_at, "            \
  "j.last_outcome, j.last_error, j.last_response "

inline constexpr char live_view[] = WHEELWORK_LIVE_VIEW;
inline constexpr char history_view[] = WHEELWORK_HISTORY_VIEW;
/// The order is fixed: from the term to its jobs.
inline constexpr char live_by_term[] =
    "from ww_job_term l force index (primary) straight_join ww_job j force index (primary) on j.id = l.job_id";
inline constexpr char history_by_term[] =
    "from ww_job_term l force index (primary) straight_join ww_job_history j force index (primary) on j.id = l.job_id";
inline constexpr char all_running[] =
    "from ww_shard s straight_join ww_job j force index (ww_job_due) on j.shard = s.shard and j.running = 1";
inline constexpr char find_live[] = WHEELWORK_LIVE_VIEW "from ww_job j where j.id = $1";
inline constexpr char find_history[] = WHEELWORK_HISTORY_VIEW "from ww_job_history j where j.id = $1";
inline constexpr char attempts_of_job[] = "select number, node, started_at, finished_at, outcome, error, response from "
                                          "ww_attempt where job_id = $1 order by number";
inline constexpr char tasks_of_name[] = "select id from ww_task_name where name = $1";

#undef WHEELWORK_HISTORY_VIEW
#undef WHEELWORK_LIVE_VIEW
#undef WHEELWORK_VIEW_TAIL
#undef WHEELWORK_FROM_DUE
#undef WHEELWORK_JOB_COLUMNS

inline constexpr char count_live[] = "select count(*) from ww_job";
inline constexpr char count_running[] = "select count(*) from ww_shard s straight_join ww_job j force index "
                                        "(ww_job_due) on j.shard = s.shard and j.running = 1";

inline constexpr char fires_of_task[] = "select fire_time, job_id from ww_fire where task = $1 and fire_time >= $2 and "
                                        "fire_time < $3 order by fire_time limit $4";
/// Runs of skips of a task don't overlap, so that their order by end is their order by begin, and few reach over the
/// end of a span.
inline constexpr char skips_within[] =
    "select from_at, to_at, count, verdict from ww_fire_skip force index (ww_fire_skip_end) where task = $1 and "
    "to_at >= $2 and to_at < $3 order by to_at limit $4";
inline constexpr char skips_over_end[] =
    "select from_at, to_at, count, verdict from ww_fire_skip force index (ww_fire_skip_end) where task = $1 and "
    "to_at >= $2 order by to_at limit 16";

} // namespace wheelwork::mysql::sql
