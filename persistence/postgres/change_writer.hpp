// Applies journal changes inside the transaction that its caller has begun. What many jobs need is gathered and written
// by one statement for all of them, in an order that no reader and no receipt can tell from one by one.
#pragma once

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/history_days.hpp"
#include "persistence/postgres/target_rows.hpp"
#include "persistence/rows.hpp"

#include <map>
#include <span>
#include <unordered_set>

namespace wheelwork::postgres {

/// A change can't be applied; what it wrote so far must be undone.
struct change_refused {
  journal_error why;
};

class change_writer {
public:
  /// Throws failure.
  change_writer(connection& database, std::string node_name);

  /// Looks up at once what these changes will ask for; call before applying them.
  void prepare(std::span<const journal_change> changes);
  /// Gathers all parts in the order of the members. Change and receipt must stay where they are until write(). Throws
  /// change_refused or failure; the caller then undoes the change or everything.
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
  target_rows& targets() { return targets_; }
  history_days& days() { return days_; }

private:
  template <class Part>
  struct gathered {
    const Part* what;
    journal_receipt* receipt;
    uint64_t sequence; ///< place among all parts of the transaction
  };
  template <class Part>
  using gathered_parts = std::vector<gathered<Part>>;
  struct gathered_insert {
    const new_job* what;
    shard_id shard;
  };
  struct missing_job {
    journal_receipt* receipt;
    uint64_t sequence;
    job_id id;
  };
  struct taken_key {
    job_id holder{};
    std::optional<wall_time> until;
    wall_time pushed_at{}; ///< only of one to be put
  };

  /// A second write to a job must see the first, so it comes into the next statement.
  void touch(job_id id);
  template <class Part>
  void gather(gathered_parts<Part>& into, const Part& what, journal_receipt& receipt);
  void note_missing(const auto& parts, const std::unordered_set<uint64_t>& found);

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

  void write_ends();
  void write_taken();
  void write_agains();
  void write_starts();
  void write_lates();
  void write_inserts();
  void write_job_rows();
  void write_terms_and_fires();
  void write_unique_keys();
  void write_states();
  void write_skips();

  connection& database_;
  std::string node_name_;
  target_rows targets_;
  stored_targets target_reader_;
  history_days days_;

  gathered_parts<job_end> ends_;    ///< with history
  gathered_parts<job_end> dropped_; ///< without
  gathered_parts<unprepare> unprepared_;
  gathered_parts<job_again> agains_;
  gathered_parts<job_start> starts_;
  gathered_parts<late_result> lates_;
  std::vector<gathered_insert> inserts_;
  std::vector<uint64_t> ids_to_check_; ///< of inserts: may be in history
  bool fires_gathered_ = false;
  std::map<std::string, taken_key> keys_to_put_;
  std::map<uint64_t, task_state> states_;
  std::map<std::tuple<uint64_t, int64_t, int64_t>, fire_skip> skips_;
  std::unordered_set<uint64_t> touched_; ///< jobs in what is gathered
  std::vector<missing_job> missing_;
  uint64_t sequence_ = 0;
  bool one_by_one_ = false;

  std::map<std::string, taken_key> keys_;   ///< as this transaction sees them
  std::unordered_set<uint64_t> tasks_seen_; ///< exist, as far as this transaction goes
  std::unordered_map<uint16_t, uint64_t> highest_of_shard_;
  uint64_t highest_at_open_ = 0;
  struct id_bounds {
    int64_t ahead = 0, behind = 0;
  };
  std::optional<id_bounds> id_bounds_;
  bool id_bounds_changed_ = false;
};

} // namespace wheelwork::postgres
