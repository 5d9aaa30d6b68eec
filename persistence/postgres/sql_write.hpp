// SQL of a transaction around its changes, and of what its changes look up.
#pragma once

namespace wheelwork::postgres::sql {

/// Limits for this transaction alone, since a session may be shared by way of a proxy: nobody waits for a lock for
/// ever, and a node that was stopped in the middle does not hold its locks for ever.
inline constexpr char begin_write[] = "begin isolation level read committed; set local lock_timeout = '3s'; "
                                      "set local idle_in_transaction_session_timeout = '10s'";
inline constexpr char commit_write[] = "commit";
inline constexpr char set_savepoint[] = "savepoint one_change";
inline constexpr char keep_savepoint[] = "release savepoint one_change";
inline constexpr char undo_savepoint[] = "rollback to savepoint one_change";

inline constexpr char batches_of_writers[] = "select batch from ww_writer order by id";
inline constexpr char read_writer[] = "select incarnation, batch, fenced from ww_writer where id = $1";
inline constexpr char give_back_number[] = "update ww_writer set batch = batch - 1 where id = $1";
/// With a lock: it waits for the transaction whose answer was lost, where a plain read would see the time before it.
inline constexpr char lock_writer[] = "select incarnation, batch, fenced from ww_writer where id = $1 for update";

inline constexpr char reserve_ids[] =
    "update ww_shard set id_milliseconds_reserved = greatest(id_milliseconds_reserved, $2) where shard = $1";

inline constexpr char read_id_bounds[] = "select ids_ahead, ids_behind from ww_database where id = 0";
/// Several writers widen them.
inline constexpr char widen_id_bounds[] = "update ww_database set ids_ahead = greatest(ids_ahead, $1), ids_behind = "
                                          "greatest(ids_behind, $2) where id = 0";
inline constexpr char highest_id[] =
    "select greatest(coalesce((select max(id) from ww_job), 0), coalesce((select max(id) from ww_job_history), 0))";

inline constexpr char find_targets[] = "select id, hash from ww_target where hash = any($1::bytea[])";
inline constexpr char add_targets[] =
    "insert into ww_target (hash, spec) select * from unnest($1::bytea[], $2::text[]) as "
    "g(hash, spec) order by hash on conflict (hash) do nothing";
inline constexpr char find_tasks[] = "select id from ww_task where id = any($1::bigint[])";
inline constexpr char find_unique_keys[] = "select key, job_id, until from ww_unique_key where key = any($1::text[])";

} // namespace wheelwork::postgres::sql
