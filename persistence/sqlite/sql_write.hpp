// SQL of a transaction around its changes, and of the writer's other duties.
#pragma once

namespace wheelwork::sqlite::sql {

inline constexpr char begin_write[] = "begin immediate";
inline constexpr char commit_write[] = "commit";
inline constexpr char set_savepoint[] = "savepoint one_change";
inline constexpr char keep_savepoint[] = "release one_change";
inline constexpr char undo_savepoint[] = "rollback to one_change";

/// The fence and the batch number in one write.
inline constexpr char advance_batch[] =
    "update ww_writer set batch = ?3 where id = ?1 and incarnation = ?2 and batch = ?3 - 1 and not fenced";
inline constexpr char batches_of_writers[] = "select batch from ww_writer order by id";
inline constexpr char read_writer[] = "select incarnation, batch, fenced from ww_writer where id = ?1";

inline constexpr char set_lease[] = "update ww_node set lease_until = ?2 where incarnation = ?1";
inline constexpr char release_shards[] = "update ww_shard set released = 1, inherited_lease_until = 0 where owner = ?1";
inline constexpr char reserve_ids[] =
    "update ww_shard set id_milliseconds_reserved = max(id_milliseconds_reserved, ?2) where shard = ?1";

inline constexpr char read_id_bounds[] = "select ids_ahead, ids_behind from ww_database where id = 0";
inline constexpr char set_id_bounds[] = "update ww_database set ids_ahead = ?1, ids_behind = ?2 where id = 0";
inline constexpr char highest_id[] =
    "select max(coalesce((select max(id) from ww_job), 0), coalesce((select max(id) from ww_job_history), 0))";

inline constexpr char find_target[] = "select id from ww_target where hash = ?1";
inline constexpr char add_target[] = "insert into ww_target (hash, spec) values (?1, ?2)";

} // namespace wheelwork::sqlite::sql
