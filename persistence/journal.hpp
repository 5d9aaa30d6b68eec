// The durable record: what every backend (SQLite, Postgres, MySQL, in memory) must do. tests/persistence holds
// the conformance suite that all of them pass.
//
// Threads: a writer and a reader are each used by one thread at a time; several of them live side by side.
#pragma once

#include "messages/journal_change.hpp"

#include <functional>
#include <memory>

namespace wheelwork {

/// Who writes: each start of a node is a new incarnation; an older one is fenced by taking its writer row.
struct writer_identity {
  uint16_t writer = 0;
  uint64_t incarnation = 0;
};

/// Live and finished jobs that a list asks for. Empty members don't restrict. Newest (highest id) first.
struct job_filter {
  std::optional<job_state> state{};
  std::optional<std::string> task_name{};
  std::optional<std::string> unique_key{};
  std::optional<std::string> external_id{};
  std::vector<std::pair<std::string, std::string>> marks{}; ///< all of them must match
  std::optional<wall_time> created_from{}, created_until{}; ///< [from, until)
  std::optional<job_id> below{};                            ///< cursor: only ids lower than this
  size_t limit = 100;
};

struct task_filter {
  std::optional<std::string> name_contains{};
  std::optional<bool> enabled{};
  std::vector<std::pair<std::string, std::string>> marks{};
  std::optional<std::string> external_id{};
  std::optional<std::string> after_name{}; ///< cursor: only names greater than this
  size_t limit = 100;
};

/// A place in the order (due_at, id) in which a shard's jobs are loaded.
struct load_position {
  wall_time due_at{};
  job_id id{};
  friend auto operator<=>(const load_position&, const load_position&) = default;
};

/// One window of a shard's live jobs.
struct job_window {
  std::vector<job> jobs; ///< ordered by (due_at, id)
  bool complete = true;  ///< false: the limit cut it short after the last job
};

/// A job that may have been started by the shard's last owner.
struct recovered_job {
  job what;
  std::optional<attempt_record> open_attempt; ///< its start was committed and its end was not
};

struct shard_recovery {
  uint64_t id_milliseconds_reserved = 0; ///< ids below are used up; start above
  bool released = false;         ///< the last owner stopped clean: only jobs with an open attempt possibly started
  wall_time owner_lease_until{}; ///< of the last owner; jobs due later can't have been started by it
};

struct node_record {
  std::string name;
  uint64_t incarnation = 0;
  wall_time started_at{};
  wall_time lease_until{};
};

/// Read-only access with a connection of its own; sees all that was committed before the call.
class journal_reader {
public:
  virtual ~journal_reader() = default;
  template <class T>
  using answer = result<T, journal_error>;

  virtual answer<std::vector<task_row>> tasks_of_shard(shard_id shard) = 0;
  virtual answer<std::optional<task_row>> task_by_name(const std::string& name) = 0;
  virtual answer<std::vector<task_row>> list_tasks(const task_filter& filter) = 0;

  /// Live jobs of the shard that are not running (no start recorded), with (due_at, id) > `after` and due_at < until,
  /// the first `limit` of them in the order (due_at, id). `after` none: from the beginning.
  virtual answer<job_window> load_window(shard_id shard, std::optional<load_position> after, wall_time until,
                                         size_t limit) = 0;
  /// Live jobs of the shard whose start is recorded.
  virtual answer<std::vector<recovered_job>> open_attempts(shard_id shard) = 0;
  /// Prepared and unfinished fires: all live jobs of origin `fire` in the shard, ordered by (task, fire_time).
  virtual answer<std::vector<job>> live_fires(shard_id shard) = 0;
  virtual answer<shard_recovery> recovery_of(shard_id shard) = 0;

  virtual answer<std::optional<job_view>> find_job(job_id id) = 0;
  virtual answer<std::vector<job_view>> list_jobs(const job_filter& filter) = 0;
  /// Ledger of a task in [from, until), ordered by time; skips that reach into it whole. At most `limit` after `after`.
  virtual answer<std::vector<ledger_entry>> ledger(task_id task, wall_time from, wall_time until, size_t limit) = 0;
  /// All pools, ordered by name.
  virtual answer<std::vector<pool_ptr>> pools() = 0;
  /// Of this pool, newest first, those before `before` (none: all), at most `limit`. Also of a pool that was deleted.
  virtual answer<std::vector<pool_event>> pool_events(const std::string& pool, std::optional<wall_time> before,
                                                      size_t limit) = 0;
  /// Of this pool in [from, until), ordered by minute and node.
  virtual answer<std::vector<pool_minute>> pool_minutes(const std::string& pool, wall_time from, wall_time until) = 0;

  /// Number of live jobs and of those running, and the batch number of each writer up to which it counts.
  struct live_count {
    uint64_t live = 0, running = 0;
    std::vector<uint64_t> batches{};
  };
  virtual answer<live_count> count_live() = 0;
};

/// The one connection that writes for a writer row. Several writers of a journal work side by side; all changes of a
/// shard go through the same one (see writer_of). Batch numbers grow by one; a batch whose outcome was lost is settled
/// inside by reading the writer row and repeating under the same number.
class journal_writer {
public:
  virtual ~journal_writer() = default;
  /// Commits all changes in one transaction; receipts in their order. A change that conflicts fails alone, the others
  /// are committed. An error as the whole answer: nothing was applied and nothing is known to be wrong with the changes
  /// (or `fenced`, `unknown_outcome`). After `unknown_outcome` call it again with the same changes (same tickets in the
  /// same order) until the answer is another one: it settles what became of them first and never applies them twice.
  /// With other changes those are committed, and the lost ones stay unknown.
  virtual result<std::vector<journal_receipt>, journal_error> commit(const std::vector<journal_change>& changes) = 0;
  /// Renews what tells a later owner how long this node may have started jobs.
  virtual result<void, journal_error> renew_lease(wall_time lease_until) = 0;
  /// Marks all shards of this node released: nothing but open attempts can have been started.
  virtual result<void, journal_error> release_shards() = 0;
  /// Deletes history (and what hangs on it) finished before this time, and events and minutes of pools from before it,
  /// at most `rows` in one short transaction. Answers how many went; with `rows` or more there may be others to go at
  /// once.
  virtual result<size_t, journal_error> drop_history(wall_time finished_before, size_t rows) = 0;
  /// History goes cheapest in whole pieces of this length, counted from 1970: a time to drop before is best rounded
  /// down to one. Zero: any time is as good.
  virtual milliseconds history_piece() const { return milliseconds{0}; }
  /// Makes ahead of time what the history of this day and the next one needs, so that no commit has to. To be called
  /// now and then, also where history is kept for ever.
  virtual result<void, journal_error> prepare_history(wall_time now) {
    static_cast<void>(now);
    return {};
  }
};

struct migration_status {
  uint32_t version = 0; ///< of the database, 0: empty
  uint32_t newest = 0;  ///< that this program knows
  std::vector<std::string> pending;
};

/// One database, opened by one node. Destroying it gives up the lock.
class journal {
public:
  virtual ~journal() = default;
  /// Number from 0 to writers() - 1, each opened once. Throws std::runtime_error with the cause.
  virtual std::unique_ptr<journal_writer> open_writer(uint16_t number = 0) = 0;
  /// How many writers the database takes: those of the options, or fewer where more don't help.
  virtual uint16_t writers() const { return 1; }
  virtual std::unique_ptr<journal_reader> open_reader() = 0;          ///< throws std::runtime_error with the cause
  virtual const std::array<uint8_t, 16>& database_secret() const = 0; ///< random, made at the first migration
  virtual uint16_t shards() const = 0;                                ///< fixed at the first migration
  virtual const node_record& self() const = 0;
};

/// The writer through which all changes of a shard go, so that they keep their order.
constexpr uint16_t writer_of(shard_id shard, uint16_t writers) {
  return static_cast<uint16_t>(value_of(shard) % writers);
}

/// Another node holds the lease on the database.
struct held_lease {
  std::string node;
  milliseconds left{};   ///< until its lease ends, unless it renews it; in trouble: until the next look
  std::string trouble{}; ///< why nobody can tell just now: the server is away. Empty: it is there
};

struct journal_options {
  std::string url; ///< sqlite://PATH, postgres:// or mysql://USER:PASSWORD@HOST/DATABASE, memory://
  std::string table_prefix = "ww_";
  std::string node_name;
  uint16_t shards = 64;
  uint16_t writers = 1; ///< connections that write side by side
  bool migrate = true;  ///< false: refuse a database whose version is not the newest
  const clock_source* clock = nullptr;
  milliseconds lease{3000}; ///< that an opened node has before it renews it for the first time
  /// Called while another node holds the lease; waits about as long as is left, or less, and answers whether to look
  /// again. A database that goes away after the first call is waited for, too. None: the database is refused then.
  std::function<bool(const held_lease&)> wait_for_lease{};
};

/// What is wrong with the URL, so far as no server needs to be asked; never shows a password. None: nothing.
std::optional<std::string> database_url_fault(const std::string& url);

/// Opens the database of the URL, takes its lock, migrates it if allowed, and registers a new incarnation of the node.
/// Tables that exist are migrated only when no other node has them: options.wait_for_lease comes first.
/// The error says what to do: a file held by another process names its pid.
result<std::unique_ptr<journal>, std::string> open_journal(const journal_options& options);

/// Versions without changing anything, and the upgrade without starting a node. Where there is something to upgrade and
/// a node has the database, the error names that node.
result<migration_status, std::string> migration_status_of(const journal_options& options);
result<migration_status, std::string> migrate(const journal_options& options);

} // namespace wheelwork
