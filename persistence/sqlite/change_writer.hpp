// Applies one journal change inside the transaction that its caller has begun.
#pragma once

#include "persistence/rows.hpp"
#include "persistence/sql/change_statements.hpp"
#include "persistence/sqlite/connection.hpp"
#include "persistence/sqlite/target_rows.hpp"

#include <unordered_set>

namespace wheelwork::sqlite {

class change_writer {
public:
  change_writer(connection& database, std::string node_name);

  /// Applies all parts in the order of the members. Throws change_refused or failure; the caller then undoes the change
  /// or everything.
  journal_receipt apply(const journal_change& change);
  /// Writes what the transaction as a whole must leave behind; call before its commit.
  void finish();
  /// The transaction is committed.
  void committed() { id_bounds_changed_ = false; }
  /// The transaction, or a part of it, was undone: what was remembered of it is forgotten.
  void forget();
  /// A job leaves for good: deletes what it was found by and its attempts. Its fire stays in the ledger.
  void drop_belongings(job_id id, const std::vector<std::string>& terms);
  target_rows& targets() { return targets_; }

private:
  void apply_tasks(const journal_change& change);
  void create_task(const task_put& put, shard_id shard);
  void replace_task(const task_put& put);
  void check_external_id(const task_definition& definition);
  void apply_end(const job_end& end, journal_receipt& receipt);
  /// Deletes a live row with all that hangs on it; false: there is none. Answers its fire time.
  struct taken_job {
    std::optional<int64_t> task, fire_time;
  };
  std::optional<taken_job> take_job(job_id id);
  void apply_unprepare(const unprepare& gone, journal_receipt& receipt);
  void apply_again(const job_again& again, journal_receipt& receipt);
  void apply_start(const job_start& start, journal_receipt& receipt);
  void apply_late(const late_result& late);
  void apply_revive(const job_revive& revive, journal_receipt& receipt);
  void apply_inserts(const journal_change& change, journal_receipt& receipt);
  void insert_job(const new_job& made, shard_id shard);
  /// The job that holds the key at this time, if it is not free.
  std::optional<job_id> take_unique_key(const new_job& made);
  void put_attempt(job_id id, const attempt_record& attempt);
  void take_fire_time(const job& what);
  void check_new_id(job_id id);
  void check_task(task_id task);
  void widen_id_bounds(const new_job& made);

  connection& database_;
  std::string node_name_;
  target_rows targets_;
  stored_targets target_reader_;
  std::unordered_set<uint64_t> tasks_seen_; ///< exist, as far as this transaction goes
  std::unordered_map<uint16_t, uint64_t> highest_of_shard_;
  uint64_t highest_at_open_ = 0;
  std::optional<id_bounds> id_bounds_;
  bool id_bounds_changed_ = false;
};

} // namespace wheelwork::sqlite
