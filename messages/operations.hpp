// What the front desk asks of schedulers on behalf of the API, and how a scheduler begins and ends.
#pragma once

#include "messages/actor_types.hpp"
#include "messages/task.hpp"

#include <caf/actor_control_block.hpp>

#include <functional>
#include <memory>

namespace wheelwork {

struct pool_definition;
using pool_ptr = std::shared_ptr<const pool_definition>;

enum class service_errc : uint8_t {
  not_found = 1,    ///< 404
  conflict,         ///< 409: exists already, is final already, external id taken
  version_mismatch, ///< 412: If-Match names another version
  invalid,          ///< 422
  overloaded,       ///< 429 with Retry-After
  unavailable,      ///< 503 with Retry-After: the journal can't write now, or the node stops
  unknown_outcome,  ///< 503: may have been applied; repeat with the same Idempotency-Key
  broken,           ///< 500
};

struct service_error {
  service_errc code = service_errc::broken;
  std::string message;
  std::chrono::seconds retry_after{1};
  std::string pointer; ///< of the member at fault, for `invalid`
};

struct pushed_job {
  job_id id{};
  bool repeated = false; ///< a unique key was taken: the first job's id
};

/// What an API call of its own kind gets back.
struct task_write {
  bool created = false;
  bool changed = true;
  task_row row;
};

struct pool_write {
  bool created = false;
  bool changed = true;
  pool_ptr definition;
};

// ---- beginning and end of a scheduler

struct begin_shard {};
/// Scheduler → keeper: the shard is recovered and its first window loaded.
struct shard_ready {
  shard_id shard{};
};
struct settle_shard {
  keeper_actor to;
};
struct shard_settled {
  shard_id shard{};
};
/// INTERNAL to the scheduler.
struct load_more {};
/// Anyone → keeper: the node can't go on.
struct node_broken {
  std::string reason;
};

/// To the keeper.
struct watch {
  std::vector<caf::strong_actor_ptr> actors;
};

// ---- operations

/// One or more jobs, all or nothing; answered by `submitted` after the commit.
struct submit {
  uint64_t ticket = 0;
  front_desk_actor from;
  std::vector<new_job> jobs; ///< whole but for their ids
};
struct submitted {
  uint64_t ticket = 0;
  result<std::vector<pushed_job>, service_error> answer;
};

struct put_task {
  uint64_t ticket = 0;
  front_desk_actor from;
  task_definition definition; ///< without id, version and times
  std::optional<uint64_t> if_version;
};
struct delete_task {
  uint64_t ticket = 0;
  front_desk_actor from;
  std::string name;
  std::optional<uint64_t> if_version;
};
struct task_answered {
  uint64_t ticket = 0;
  result<task_write, service_error> answer;
};
struct run_task {
  uint64_t ticket = 0;
  front_desk_actor from;
  std::string name;
  std::optional<payload> body;
  std::string unique_key;
  std::optional<wall_time> unique_until;
};

struct cancel_jobs {
  uint64_t ticket = 0;
  front_desk_actor from;
  std::vector<job_id> jobs;
  bool leave_running = false; ///< only those that wait
};
struct retry_jobs {
  uint64_t ticket = 0;
  front_desk_actor from;
  std::vector<job_id> jobs;
};
/// What became of each job: none, or why not (`conflict` when it is not in a state for it).
struct jobs_answered {
  uint64_t ticket = 0;
  std::vector<std::pair<job_id, std::optional<service_error>>> jobs;
};

// ---- from the HTTP server's thread to the front desk

template <class T>
using service_callback = std::function<void(result<T, service_error>)>;

struct push_request {
  std::vector<new_job>
      jobs; ///< all or nothing; those with a task_name and without `how` take everything missing from the task
  service_callback<std::vector<pushed_job>> done;
};
struct desk_push {
  std::vector<push_request> requests;
};
struct desk_task_operation {
  shard_id shard{};
  std::function<void(uint64_t ticket, const front_desk_actor& desk, const scheduler_actor& owner)> send;
  service_callback<task_write> task_done; ///< one of these two
  service_callback<std::vector<pushed_job>> push_done;
};
struct desk_job_operation {
  bool retry = false; ///< else cancel
  bool leave_running = false;
  std::vector<job_id> jobs;
  std::function<void(std::vector<std::pair<job_id, std::optional<service_error>>>)> done;
};
/// INTERNAL to the front desk.
struct look_for_late_answers {};

} // namespace wheelwork
