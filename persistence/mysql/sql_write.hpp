// SQL of a transaction around its changes, and of what its changes look up.
#pragma once

namespace wheelwork::mysql::sql {

inline constexpr char begin_write[] = "start transaction";
inline constexpr char commit_write[] = "commit";
inline constexpr char set_savepoint[] = "savepoint one_change";
inline constexpr char keep_savepoint[] = "release savepoint one_change";
inline constexpr char undo_savepoint[] = "rollback to savepoint one_change";

/// The fence and the batch number in one write, and with the begin of the transaction in one round trip.
inline constexpr char begin_batch[] =
    "start transaction; update ww_writer set batch = $3, session = connection_id() where id = $1 and incarnation = $2 "
    "and batch = $3 - 1 and not fenced";
inline constexpr char batches_of_writers[] = "select batch from ww_writer order by id";
inline constexpr char read_writer[] = "select incarnation, batch, fenced from ww_writer where id = $1";
inline constexpr char give_back_number[] = "update ww_writer set batch = batch - 1 where id = $1";
/// With a lock: it waits for the transaction whose answer was lost, where a plain read would see the time before it.
inline constexpr char lock_writer[] = "update ww_writer set session = connection_id() where id = $1; "
                                      "select incarnation, batch, fenced from ww_writer where id = $1";

inline constexpr char reserve_ids[] =
    "update ww_shard set id_milliseconds_reserved = greatest(id_milliseconds_reserved, $2) where shard = $1";
inline constexpr char read_id_bounds[] = "select ids_ahead, ids_behind from ww_database where id = 0";
/// Several writers widen them.
inline constexpr char widen_id_bounds[] =
    "update ww_database set ids_ahead = greatest(ids_ahead, $1), ids_behind = greatest(ids_behind, $2) where id = 0";
inline constexpr char highest_id[] =
    "select greatest(coalesce((select max(id) from ww_job), 0), coalesce((select max(id) from ww_job_history), 0))";

// Lists of values are put between `in (` and `)`, rows behind `values `.
inline constexpr char find_targets[] = "select id, hash from ww_target where hash in (";
inline constexpr char specs_of_targets[] = "select id, spec from ww_target where id in (";
inline constexpr char add_targets[] = "insert into ww_target (hash, spec) values ";
inline constexpr char keep_targets[] = " on duplicate key update id = id";
inline constexpr char find_tasks[] = "select id from ww_task where id in (";
/// With a lock on those that are there, so that no other writer takes one of them meanwhile.
inline constexpr char find_unique_keys[] =
    "select unique_key, job_id, until from ww_unique_key force index (primary) where unique_key in (";
inline constexpr char add_unique_keys[] = "insert into ww_unique_key (unique_key, job_id, until) values ";
inline constexpr char replace_unique_keys[] = " on duplicate key update job_id = values(job_id), until = values(until)";

} // namespace wheelwork::mysql::sql
