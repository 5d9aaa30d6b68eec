// SQL of everything that reads jobs.
#pragma once

namespace wheelwork::postgres::sql {

// What a scheduler needs of a live job; decode_job() knows the order.
#define WHEELWORK_JOB_COLUMNS                                                                                          \
  "id, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, priority, origin, started_at, "            \
  "content_type, payload"

inline constexpr char window_from_start[] =
    "select " WHEELWORK_JOB_COLUMNS " from ww_job where shard = $1 and not running and due_at < $2 "
    "order by due_at, id + 0 limit $3";
inline constexpr char window_after[] =
    "select " WHEELWORK_JOB_COLUMNS
    " from ww_job where shard = $1 and not running and (due_at, id + 0) > ($2, $3) and due_at < $4 "
    "order by due_at, id + 0 limit $5";
/// Sorted by the reader: an order here would tempt into walking all live jobs by id.
inline constexpr char running_of_shard[] =
    "select " WHEELWORK_JOB_COLUMNS ", started_node from ww_job where shard = $1 and running";
inline constexpr char live_fires_of_shard[] =
    "select " WHEELWORK_JOB_COLUMNS " from ww_job where shard = $1 and origin = 1 order by task, fire_time";
inline constexpr char live_job[] = "select " WHEELWORK_JOB_COLUMNS " from ww_job where id = $1";

inline constexpr char reserved_of_shard[] = "select id_milliseconds_reserved from ww_shard where shard = $1";
inline constexpr char specs_of_targets[] = "select id, spec from ww_target where id = any($1::bigint[])";

// What the API shows; decode_view() knows the order. The task's name comes from its own table.
#define WHEELWORK_VIEW_TAIL                                                                                            \
  ", labels, unique_key, external_id, created_at, (select name from ww_task_name n where n.id = j.task)"
#define WHEELWORK_LIVE_VIEW                                                                                            \
  "select " WHEELWORK_JOB_COLUMNS WHEELWORK_VIEW_TAIL                                                                  \
  ", running::integer, null, null, null, started_node, started_at, null, null, null, null "
#define WHEELWORK_HISTORY_VIEW                                                                                         \
  "select id, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, priority, origin, null, "           \
  "content_type, payload" WHEELWORK_VIEW_TAIL                                                                          \
  ", state, finished_at, reason, last_number, last_node, last_started_at, last_finished_at, last_outcome, "            \
  "last_error, last_response "

inline constexpr char live_view[] = WHEELWORK_LIVE_VIEW;
inline constexpr char history_view[] = WHEELWORK_HISTORY_VIEW;
/// `limit 1` fixes the order: from the term to its jobs, newest first.
inline constexpr char live_by_term[] =
    "from ww_job_term l cross join lateral (select * from ww_job h where h.id = l.job_id limit 1) j";
inline constexpr char history_by_term[] =
    "from ww_job_term l cross join lateral (select * from ww_job_history h where h.id = l.job_id limit 1) j";
/// `offset 0` fixes the order: from the few that run to their ids, not the other way round.
inline constexpr char all_running[] = "from (select * from ww_job where shard = any(array(select shard::smallint from "
                                      "ww_shard)) and running offset 0) j";
inline constexpr char find_live[] = WHEELWORK_LIVE_VIEW "from ww_job j where id = $1";
inline constexpr char find_history[] = WHEELWORK_HISTORY_VIEW "from ww_job_history j where id = $1";
inline constexpr char attempts_of_job[] = "select number, node, started_at, finished_at, outcome, error, response from "
                                          "ww_attempt where job_id = $1 order by number";
inline constexpr char tasks_of_name[] = "select id from ww_task_name where name = $1";

#undef WHEELWORK_HISTORY_VIEW
#undef WHEELWORK_LIVE_VIEW
#undef WHEELWORK_VIEW_TAIL
#undef WHEELWORK_JOB_COLUMNS

inline constexpr char count_live[] = "select count(*) from ww_job";
inline constexpr char count_running[] =
    "select count(*) from ww_job where shard = any(array(select shard::smallint from ww_shard)) and running";

inline constexpr char fires_of_task[] = "select fire_time, job_id from ww_fire where task = $1 and fire_time >= $2 and "
                                        "fire_time < $3 order by fire_time limit $4";
/// Runs of skips of a task don't overlap, so that their order by end is their order by begin, and few reach over the
/// end of a span.
inline constexpr char skips_within[] = "select from_at, to_at, count, verdict from ww_fire_skip where task = $1 and "
                                       "to_at >= $2 and to_at < $3 order by to_at limit $4";
inline constexpr char skips_over_end[] =
    "select from_at, to_at, count, verdict from ww_fire_skip where task = $1 and to_at >= $2 order by to_at limit 16";

} // namespace wheelwork::postgres::sql
