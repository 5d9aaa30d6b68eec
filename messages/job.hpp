// A job and its attempts.
#pragma once

#include "messages/ids.hpp"
#include "messages/payload.hpp"
#include "messages/target.hpp"
#include "schedule/job_state.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wheelwork {

enum class job_origin : uint8_t {
  pushed,  ///< POST /jobs
  fire,    ///< a firing of its task
  by_hand, ///< POST /tasks/{name}/run
};
std::string_view to_string(job_origin origin);

/// A live job as schedulers, slots, dispatchers and executors hold it. Small: a million of them may wait in RAM.
struct job {
  job_id id{};           ///< never changes
  task_id task{};        ///< zero: pushed without a task
  wall_time due_at{};    ///< when its next attempt may start; moved by a retry
  wall_time fire_time{}; ///< nominal time of the firing that made it; of another job, once due_at was moved, its first
  resolved_target_ptr how;   ///< never changes
  payload body;              ///< never changes
  uint32_t attempt = 0;      ///< number of the newest attempt that was begun; it only grows
  uint16_t retries_used = 0; ///< counts against retry.limit; /retry sets it to zero; lost attempts don't count
  uint8_t lost_in_row = 0;   ///< attempts lost since the last one with an outcome
  uint8_t priority : 4 = 5;  ///< 0 to 9, 9 first
  job_origin origin : 2 = job_origin::pushed;
  bool start_recorded : 1 = false; ///< the start of attempt `attempt` is committed and its end is not

  bool is_fire() const { return origin == job_origin::fire; }
  /// What every attempt is told as its fire time: when the job was to run, whatever retries made of that.
  wall_time nominal_time() const { return fire_time == wall_time{} ? due_at : fire_time; }
  /// Its starts are committed before the effect.
  bool careful() const { return how->delivery == delivery_mode::at_most_once || lost_in_row >= lost_in_row_careful; }
};
static_assert(sizeof(job) == 64);

using labels = std::map<std::string, std::string>;

/// How long a unique key holds where the job does not say (API.md).
inline constexpr milliseconds unique_for_default = std::chrono::hours{24};

/// A job to be made: what only the journal keeps stands beside the job itself.
struct new_job {
  job made; ///< id zero until its scheduler gives one
  wall_time created_at{};
  std::string task_name;                 ///< empty: no task
  std::string unique_key;                ///< empty: none
  std::optional<wall_time> unique_until; ///< none with a key: for ever
  std::string external_id;
  labels marks;
};

/// One try at a job, as the journal and the API show it.
struct attempt_record {
  uint32_t number = 0;
  std::string node;
  std::optional<wall_time> started_at;    ///< none: lost before a start was recorded
  std::optional<wall_time> finished_at;   ///< none: it still runs
  std::optional<attempt_outcome> outcome; ///< none: it still runs
  std::string error;                      ///< why it did not succeed, in words for the user
  std::string response; ///< JSON object: status and body of a callback, exit code and output of a process; empty: none
};

/// A job as the API shows it: live or from history.
struct job_view {
  job what;
  job_state state = job_state::pending;
  std::string task_name;
  std::string unique_key;
  std::string external_id;
  labels marks;
  wall_time created_at{};
  std::optional<wall_time> finished_at;
  std::string reason;                   ///< why it is dead, if not by its last attempt: `crashed_node`, …
  std::vector<attempt_record> attempts; ///< in order of number; only where one job was asked for
};

/// 32 hexadecimal digits: trace id of a job, drawn from its id and the database's own secret, so that no row has to
/// hold it.
std::string trace_id_of(job_id id, const std::array<uint8_t, 16>& database_secret);
/// `00-<trace id>-<span id of the attempt>-01` (W3C Trace Context).
std::string traceparent_of(job_id id, uint32_t attempt, const std::array<uint8_t, 16>& database_secret);
/// The same for every attempt of a job.
std::string idempotency_key_of(job_id id, const std::array<uint8_t, 16>& database_secret);

} // namespace wheelwork
