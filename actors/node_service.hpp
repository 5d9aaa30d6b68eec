// The door between threads outside the actors (the HTTP server) and the node: each call is handed to the actors and
// answered through a callback. The HTTP routes know nothing else of the node; their tests put a scripted one in its
// place.
#pragma once

#include "actors/node_statistics.hpp"
#include "actors/pool_status.hpp"
#include "messages/operations.hpp"
#include "persistence/journal.hpp"
#include "targets/worker_calls.hpp"

#include <functional>

namespace wheelwork {

struct bulk_filter {
  std::optional<std::string> task_name;
  std::optional<job_state> state;
  std::optional<wall_time> from, until;
  size_t limit = std::numeric_limits<size_t>::max();
};

struct node_health {
  bool ready = false;
  std::string reason; ///< why not
};

class node_service {
public:
  virtual ~node_service() = default;

  /// Hands over all pushes that one round of the caller's loop brought. Callbacks run on actor threads, after the
  /// commit.
  virtual void push(std::vector<push_request> requests) = 0;

  /// Create or replace. `if_version`: refuse unless the task has this version; 0: unless there is no such task.
  virtual void put_task(task_definition definition, std::optional<uint64_t> if_version,
                        service_callback<task_write> done) = 0;
  virtual void delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) = 0;
  /// A job by hand; `body` none: the task's payload. `unique_key` empty: none.
  virtual void run_task(std::string name, std::optional<payload> body, std::string unique_key,
                        service_callback<pushed_job> done) = 0;

  virtual void cancel_job(job_id id, service_callback<bool> done) = 0;
  virtual void retry_job(job_id id, service_callback<bool> done) = 0;
  /// How many were cancelled or retried.
  virtual void cancel_jobs(bulk_filter filter, service_callback<size_t> done) = 0;
  virtual void retry_jobs(bulk_filter filter, service_callback<size_t> done) = 0;

  /// As put_task; answered after the commit, and the running pool changes without losing its place.
  virtual void put_pool(pool_definition, std::optional<uint64_t>, service_callback<pool_write> done) {
    done(failure(no_pools()));
  }
  /// Its consumers finish what they have in hand and leave.
  virtual void delete_pool(std::string, std::optional<uint64_t>, service_callback<bool> done) {
    done(failure(no_pools()));
  }
  /// All pools, ordered by name, as they are now. Thread safe, does not block.
  virtual std::vector<pool_view> pools() const { return {}; }
  virtual std::optional<pool_view> find_pool(const std::string&) const { return std::nullopt; }

  /// Workers. None of these blocks; callbacks run on any thread, also within the call. The number is for withdraw_poll.
  virtual uint64_t poll_for_jobs(worker_poll, leased_jobs_callback done) {
    done({});
    return 0;
  }
  /// The worker of this poll went away.
  virtual void withdraw_poll(uint64_t) {}
  /// The answer of a poll did not reach its worker.
  virtual void give_back_jobs(const std::vector<std::pair<job_id, uint32_t>>&) {}
  virtual void acknowledge(attempt_ack, ack_callback done) { done(ack_verdict::unknown); }
  /// How long the lease is from now on; `lease` none: as long as before. None: no worker holds this attempt.
  virtual std::optional<milliseconds> extend_lease(job_id, uint32_t, std::optional<milliseconds>) {
    return std::nullopt;
  }
  /// Keeps what was said of an attempt that has ended before as its late result.
  virtual void record_late(const job&, attempt_result) {}

  /// Runs a read on a reader connection, off the caller's thread.
  virtual void read(std::function<void(journal_reader&)> query) = 0;

  /// The current definition of a task, from RAM; none: no such task. Thread safe, does not block.
  virtual task_ptr find_task(const std::string& name) const = 0;
  /// Whether the task's environments include this node's.
  virtual bool is_active(const task_definition& task) const = 0;

  virtual node_health health() const = 0;
  virtual const node_statistics& statistics() const = 0;
  virtual const std::array<uint8_t, 16>& database_secret() const = 0;
  virtual const clock_source& clock() const = 0;

private:
  static service_error no_pools() {
    return {service_errc::broken, "this node has no pools yet", std::chrono::seconds{1}, {}};
  }
};

} // namespace wheelwork
