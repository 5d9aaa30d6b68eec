// Applies journal changes inside the transaction that its caller has begun. What many jobs need is gathered and written
// by one statement for all of them, in an order that no reader and no receipt can tell from one by one.
#pragma once

#include "persistence/sql/change_statements.hpp"

namespace wheelwork {

class change_writer {
public:
  /// The statements must outlive it. Throws what they throw.
  explicit change_writer(change_statements& statements);

  /// Looks up at once what these changes will ask for; call before applying them.
  void prepare(std::span<const journal_change> changes);
  /// Gathers all parts in the order of the members. Change and receipt must stay where they are until write(). Throws
  /// change_refused or what the statements throw; the caller then undoes the change or everything.
  void apply(const journal_change& change, journal_receipt& receipt);
  /// Writes what was gathered. Throws as apply().
  void write();
  /// Every part is written by itself, so that the first one that can't be is the one that is told.
  void one_by_one(bool on) { one_by_one_ = on; }
  /// Tells the receipts what was missing; call after write(), while they stay where they are.
  void tell_missing();
  /// Writes what the transaction as a whole must leave behind; call before its commit.
  void finish();
  /// The transaction is committed.
  void committed() { id_bounds_changed_ = false; }
  /// The transaction, or a part of it, was undone: what was gathered and remembered of it is forgotten.
  void forget();

  /// Jobs leave for good: deletes what they were found by and their attempts. Their fires stay in the ledger.
  void drop_belongings(const std::vector<std::pair<job_id, std::vector<std::string>>>& jobs);

private:
  struct missing_job {
    journal_receipt* receipt;
    uint64_t sequence;
    job_id id;
  };

  /// A second write to a job must see the first, so it comes into the next statement.
  void touch(job_id id);
  template <class Part>
  void gather(gathered_parts<Part>& into, const Part& what, journal_receipt& receipt);
  void note_missing(const auto& parts, const change_statements::id_set& missing);

  void apply_tasks(const journal_change& change);
  void create_task(const task_put& put, shard_id shard);
  void replace_task(const task_put& put);
  void check_external_id(const task_definition& definition);
  void apply_revive(const job_revive& revive, journal_receipt& receipt);
  void apply_states(const journal_change& change);
  void apply_insert(const new_job& made, uint32_t index, shard_id shard, journal_receipt& receipt);
  /// The job that holds the key at this time, if it is not free.
  std::optional<job_id> take_unique_key(const new_job& made);
  void check_insert(const new_job& made);
  /// That the gathered ids are not in history.
  void check_unused();
  void check_task(task_id task);
  void widen_id_bounds(const new_job& made);

  void write_moves();
  void write_taken();
  void write_inserts();
  void write_terms_and_fires();

  change_statements& statements_;
  gathered_parts<job_end> ends_;    ///< with history
  gathered_parts<job_end> dropped_; ///< without
  gathered_parts<unprepare> unprepared_;
  gathered_parts<job_again> agains_;
  gathered_parts<job_start> starts_;
  gathered_parts<late_result> lates_;
  std::vector<gathered_insert> inserts_;
  std::vector<job_id> ids_to_check_; ///< of inserts: may be in history
  bool fires_gathered_ = false;
  unique_key_rows keys_to_put_;
  task_states states_;
  fire_skips skips_;
  std::unordered_set<uint64_t> touched_; ///< jobs in what is gathered
  std::vector<missing_job> missing_;
  uint64_t sequence_ = 0;
  bool one_by_one_ = false;

  unique_key_rows keys_;                    ///< as this transaction sees them
  std::unordered_set<uint64_t> tasks_seen_; ///< exist, as far as this transaction goes
  std::unordered_map<uint16_t, uint64_t> highest_of_shard_;
  uint64_t highest_at_open_ = 0;
  std::optional<id_bounds> id_bounds_;
  bool id_bounds_changed_ = false;
};

} // namespace wheelwork
