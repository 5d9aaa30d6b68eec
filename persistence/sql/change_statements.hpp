// The statements through which changes are written: each moves many rows at once, in the words of one database. What
// goes into one statement, and when, is decided by change_writer.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sql/target_rows.hpp"

#include <map>
#include <span>
#include <tuple>
#include <unordered_set>

namespace wheelwork {

/// A change can't be applied; what it wrote so far must be undone.
struct change_refused {
  journal_error why;
};
[[noreturn]] inline void refuse(journal_errc code, std::string message) {
  throw change_refused{{code, std::move(message)}};
}

/// A part of a change that waits to be written.
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

struct unique_key_row {
  job_id holder{};
  std::optional<wall_time> until;
  wall_time taken_at{}; ///< when it is put: a row whose time ended until then may be replaced
};
using unique_key_rows = std::map<std::string, unique_key_row>;

struct ledger_row {
  task_id task{};
  wall_time fire_time{};
  job_id job{};
};

struct term_row {
  std::string term;
  job_id job{};
};

/// A live row that was deleted without history.
struct taken_job {
  job_id id{};
  std::vector<std::string> terms;
  std::optional<ledger_row> fire; ///< that it was
};

/// How far the times in ids were ever ahead of created_at and behind it.
struct id_bounds {
  int64_t ahead = 0, behind = 0;
};

using task_states = std::map<uint64_t, task_state>;
using fire_skips = std::map<std::tuple<uint64_t, int64_t, int64_t>, fire_skip>;

/// All throw the failure of the database. No list is empty, no id stands twice in one.
class change_statements {
public:
  using id_set = std::unordered_set<uint64_t>;
  struct task_edition {
    task_id id{};
    uint64_t version = 0;
  };

  virtual ~change_statements() = default;
  /// A part of the transaction was undone: rows that were written may be gone.
  virtual void forget() = 0;
  virtual target_rows& targets() = 0;

  virtual uint64_t highest_id() = 0;
  virtual void reserve_ids(shard_id shard, uint64_t milliseconds_until) = 0;
  virtual id_bounds read_id_bounds() = 0;
  virtual void widen_id_bounds(const id_bounds& to) = 0;
  virtual unique_key_rows find_unique_keys(const std::vector<std::string>& keys) = 0;
  /// Keys that find_unique_keys() did not find, or found with a time that was over. Where another writer put one
  /// meanwhile the whole transaction must be done again: then the failure is one that is worth repeating.
  virtual void put_unique_keys(const unique_key_rows& keys) = 0;
  virtual std::vector<task_id> find_tasks(const std::vector<task_id>& tasks) = 0;
  /// One of these ids that is in history.
  virtual std::optional<job_id> find_used_id(const std::vector<job_id>& wanted) = 0;

  virtual void insert_jobs(const std::vector<gathered_insert>& jobs) = 0;
  virtual void add_fires(const std::vector<ledger_row>& fires) = 0;
  virtual void drop_fires(const std::vector<ledger_row>& fires) = 0;
  virtual void add_terms(const std::vector<term_row>& terms) = 0;
  virtual void drop_terms(const std::vector<term_row>& terms) = 0;
  virtual void drop_attempts(const std::vector<job_id>& jobs) = 0;

  // These answer the ids that were not live.
  virtual id_set end_jobs(const gathered_parts<job_end>& ends) = 0;
  virtual id_set put_back(const gathered_parts<job_again>& agains) = 0;
  virtual id_set start_jobs(const gathered_parts<job_start>& starts) = 0;
  /// Those that were live.
  virtual std::vector<taken_job> take_jobs(const std::vector<job_id>& jobs) = 0;
  virtual void add_late_results(const gathered_parts<late_result>& lates) = 0;
  /// None: it is not in history, or it succeeded.
  virtual std::optional<job> revive(const job_revive& revive) = 0;

  virtual void update_states(const task_states& states) = 0;
  virtual void put_skips(const fire_skips& skips) = 0;

  /// The pool parts of a change, at once: nothing else depends on them. Throws change_refused, too.
  virtual void write_pools(const journal_change& change) = 0;

  virtual std::optional<task_edition> edition_of(const std::string& name) = 0;
  virtual bool task_exists(task_id task) = 0;
  /// Of a task with another id.
  virtual std::optional<std::string> task_of_external_id(const std::string& external_id, task_id but) = 0;
  virtual void insert_task(const task_definition& made, shard_id shard) = 0;
  virtual void replace_task(const task_definition& made) = 0;
  virtual void put_task_state(task_id task, const task_state& state) = 0;
  virtual void delete_task(task_id task) = 0;
};

} // namespace wheelwork
