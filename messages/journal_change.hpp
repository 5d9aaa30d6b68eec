// What a scheduler asks the journal to write, as one unit that is committed whole or not at all.
#pragma once

#include "messages/task.hpp"

#include <variant>

namespace wheelwork {

struct pool_definition;
using pool_ptr = std::shared_ptr<const pool_definition>;

/// A live job ends: its row moves into history. Applies only if the row is still live; else it is counted in `missing`.
struct job_end {
  job_id id{};
  job_state state = job_state::succeeded;
  wall_time finished_at{};
  uint32_t attempt = 0;               ///< newest attempt number of the job
  std::optional<attempt_record> last; ///< none: ended without an attempt (cancelled while pending)
  std::string reason;                 ///< why dead or cancelled, if not by the last attempt
  bool keep = true; ///< false: its history policy wants no row; a fire then still leaves its ledger entry
};

/// An attempt ended and the job goes on: the attempt becomes a row, the live row waits again.
struct job_again {
  job_id id{};
  attempt_record ended; ///< failed, timed_out or lost
  wall_time due_at{};
  uint16_t retries_used = 0;
  uint8_t lost_in_row = 0;
};

/// The start of an attempt is committed: the live row shows `running` and the attempt number.
struct job_start {
  job_id id{};
  uint32_t attempt = 0;
  wall_time started_at{};
  target_kind kind{};
};

/// A result that came too late: kept as an attempt row, changes nothing else.
struct late_result {
  job_id id{};
  attempt_record attempt;
};

/// A prepared fire that is never run (skip, edit, disabling): the live row goes without history.
struct unprepare {
  job_id id{};
};

/// A definition is created or replaced together with its state.
struct task_put {
  task_ptr definition;
  task_state state;
  bool create = false; ///< true: the name must not exist; false: it must, with expected_version
  uint64_t expected_version = 0;
};
struct task_delete {
  task_id id{};
};

/// A dead or cancelled job is pending again (/retry): moved back from history, same id. One that succeeded, or that is
/// not in history, is `missing`.
struct job_revive {
  job_id id{};
  wall_time due_at{};
  std::optional<uint8_t> priority; ///< none: as it was
};

/// The generator of a shard may use ids below this many milliseconds.
struct id_reservation {
  uint64_t milliseconds_until = 0;
};

/// A pool is created or replaced.
struct pool_put {
  pool_ptr definition;
  bool create = false; ///< true: the name must not exist; false: it must, with expected_version
  uint64_t expected_version = 0;
};

/// Something that happened in a pool and that its owner may ask about later. Kept as long as history.
struct pool_event {
  enum class what : uint8_t {
    scaled,       ///< consumers were spawned or retired
    dead_letters, ///< messages were given up
    failing,      ///< the source can't be read
    working,      ///< it can again
    recovered,    ///< messages of consumers that died were given back to the source
  };
  std::string pool;
  wall_time at{};
  what kind = what::scaled;
  uint32_t consumers_before = 0, consumers = 0; ///< of `scaled`; else both are the number of the time
  std::optional<uint64_t> lag;                  ///< that caused it, or of the time; none: it can't be read
  uint64_t messages = 0;                        ///< of `dead_letters` and `recovered`
  std::string reason;                           ///< in words
};
std::string_view to_string(pool_event::what kind);

/// What a pool did in one minute on one node. Written again for the same pool, minute and node, it replaces that row.
struct pool_minute {
  std::string pool;
  wall_time minute{}; ///< its beginning
  std::string node;
  uint64_t taken = 0, succeeded = 0, failed_attempts = 0, dead_letters = 0;
  uint64_t lag_max = 0;
  uint32_t consumers_max = 0;
};

/// One unit: never split over transactions, never half applied. The parts are applied in the order of the members.
struct journal_change {
  uint64_t ticket = 0;     ///< the sender's number, comes back in the receipt
  bool must_apply = false; ///< true: the persistence actor tries again until it is committed; false: it may be refused
  shard_id shard{};
  std::optional<id_reservation> ids;
  std::vector<task_put> tasks_put;
  std::vector<task_delete> tasks_deleted;
  std::vector<job_end> ends;
  std::vector<unprepare> unprepared;
  std::vector<job_again> agains;
  std::vector<job_start> starts;
  std::vector<late_result> lates;
  std::vector<job_revive> revived;
  std::vector<new_job> inserts;
  std::vector<task_state> states;
  std::vector<fire_skip> skips;
  std::vector<pool_put> pools_put;
  std::vector<std::string> pools_deleted; ///< names; one that does not exist is a conflict
  std::vector<pool_event> pool_events;
  std::vector<pool_minute> pool_minutes;

  size_t rows() const {
    return tasks_put.size() + tasks_deleted.size() + ends.size() + unprepared.size() + agains.size() + starts.size() +
           lates.size() + revived.size() + inserts.size() + states.size() + skips.size() + pools_put.size() +
           pools_deleted.size() + pool_events.size() + pool_minutes.size();
  }
};

enum class journal_errc : uint8_t {
  unavailable = 1, ///< the database can't write now (full, read-only, away); may go later
  conflict,        ///< a name, external id or version is in the way; going again won't help
  fenced,          ///< another incarnation owns the writer row: this node must stop
  unknown_outcome, ///< nobody can tell yet whether the commit applied
  broken,          ///< a rule of the journal was violated (an id that exists, a corrupt row): a defect
};

struct journal_error {
  journal_errc code = journal_errc::unavailable;
  std::string message; ///< what failed and what would help
};

/// What became of a committed change.
struct journal_receipt {
  uint64_t ticket = 0;
  shard_id shard{};
  uint64_t batch = 0;                 ///< number of the transaction
  std::optional<journal_error> error; ///< set: nothing of the change was applied
  /// Inserts whose unique key was taken: index in `inserts` and the job that holds the key. Those were not inserted.
  std::vector<std::pair<uint32_t, job_id>> repeated;
  std::vector<job_id>
      missing; ///< ends, agains, starts, unprepared whose row was not live; revived that were not in history
  std::vector<job> revived; ///< whole jobs for revived ids
};

} // namespace wheelwork
