// A whole node of real actors without threads: tests push jobs, let time pass, order faults, and look at the journal.
#pragma once

#include "actors/consumer_table.hpp"
#include "actors/front_desk.hpp"
#include "actors/hot_budget.hpp"
#include "actors/keeper.hpp"
#include "actors/node_actors.hpp"
#include "actors/node_operations.hpp"
#include "actors/persistence.hpp"
#include "actors/scheduler.hpp"
#include "actors/task_directory.hpp"
#include "persistence/memory/memory_journal.hpp"
#include "targets/worker_runner.hpp"
#include "tests/actors/deterministic_system.hpp"
#include "tests/actors/manual_clock.hpp"
#include "tests/actors/scripted_runner.hpp"
#include "tests/support/faulty_journal.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing {

using namespace std::chrono_literals;

/// What became of something that was asked for: none until it is answered.
template <class T>
using answer_of = std::shared_ptr<std::optional<result<T, service_error>>>;

/// A worker's poll, and what it got.
struct polled {
  uint64_t number = 0;
  bool answered = false;
  std::vector<leased_job> jobs;
  std::vector<job_id> ids() const {
    std::vector<job_id> all;
    for (const auto& each : jobs) all.push_back(each.order.what.id);
    return all;
  }
};
using polled_ptr = std::shared_ptr<polled>;

struct box_settings {
  uint16_t shards = 1;
  uint16_t writers = 1;
  size_t slots = 4;
  size_t at_once = 1000; ///< attempts of a kind
  uint64_t hot_jobs = 1'000'000;
  uint64_t hot_bytes = 1ull << 30;
  size_t load_rows = 5000;
  milliseconds horizon{120'000};
  size_t group_rows = 1000;
  std::string environment = "test";
  std::string partition;
  bool succeed = false;              ///< each native attempt succeeds at once; else it runs until the test ends it
  std::vector<attempt_name> adopted; ///< attempts that go on under helpers of an earlier incarnation
};

class node_in_a_box : public deterministic_system {
protected:
  node_in_a_box();
  ~node_in_a_box() override;

  // ---- life
  /// Starts a node on the data of this test and waits until it is ready.
  void start();
  void start_without_waiting();
  /// As kill -9: what was not committed is gone.
  void crash();
  /// In the order of a clean stop. True: everything was written and the shards were released.
  bool stop_clean(milliseconds grace = 30s);
  bool ready() const;
  std::string broken() const;

  // ---- time
  /// Delivers all that is due now, alarms included.
  void settle(std::optional<unsigned> seed = std::nullopt);
  /// Lets time pass from one event to the next, delivering all of each.
  void advance(milliseconds span);
  /// Sets the wall clock forward or back, as an operator does.
  void jump(milliseconds span);
  wall_time now() const { return clock.wall_now(); }
  static wall_time at(milliseconds after_start) { return manual_clock::start + after_start; }

  // ---- faults
  /// Every commit (and, if so, every renewal of the lease) goes wrong until heal().
  void fail_commits(journal_fault fault = journal_fault::fail, bool leases = false);
  void heal() { faults->set_rule(nullptr); }

  // ---- operations, each asked for without delivering anything
  answer_of<std::vector<pushed_job>> ask_push(const std::vector<std::string>& bodies);
  answer_of<task_write> ask_put(const std::string& name, const std::string& body,
                                std::optional<uint64_t> if_version = std::nullopt);
  answer_of<bool> ask_delete(const std::string& name, std::optional<uint64_t> if_version = std::nullopt);
  answer_of<pushed_job> ask_run(const std::string& name, const std::string& unique_key = "");
  answer_of<bool> ask_cancel(job_id id);
  answer_of<bool> ask_retry(job_id id);

  polled_ptr ask_poll(std::vector<std::string> queues, size_t max = 10, milliseconds wait = 30s,
                      milliseconds lease = 30s);
  /// None: not answered yet.
  std::shared_ptr<std::optional<ack_verdict>> ask_ack(job_id id, uint32_t attempt = 1, bool succeeded = true);

  // ---- the same, delivered, and expected to be done
  polled_ptr poll(std::vector<std::string> queues, size_t max = 10, milliseconds wait = 30s, milliseconds lease = 30s);
  ack_verdict acknowledge(job_id id, uint32_t attempt = 1, bool succeeded = true);
  /// A job for workers.
  job_id push_for_worker(const std::string& queue, const std::string& members = "");
  job_id push(const std::string& members = "");
  task_write put(const std::string& name, const std::string& members);
  void remove(const std::string& name);
  job_id run_by_hand(const std::string& name);
  void cancel(job_id id);
  void finish(job_id id, attempt_outcome outcome = attempt_outcome::succeeded);
  void retry(job_id id);

  // ---- what the journal says
  job_view job_of(job_id id);
  bool has_job(job_id id);
  std::vector<job_view> jobs(const job_filter& filter = everything());
  std::vector<job_view> jobs_of(const std::string& task);
  std::vector<job_view> jobs_in(job_state state);
  task_row task_of(const std::string& name);
  std::vector<ledger_entry> ledger(const std::string& task);
  /// `number:outcome` of all attempts of a job, e.g. "1:failed 2:succeeded"; one that runs has the outcome `runs`.
  std::string attempts(job_id id);
  /// When its attempts started, since the clock's start.
  std::vector<milliseconds> starts_of(job_id id) const;
  std::vector<milliseconds> all_starts() const;
  static job_filter everything();

  journal_reader& eye() { return *eye_; }

  manual_clock clock;
  box_settings with;
  memory::memory_database_ptr data;
  std::shared_ptr<fault_script> faults = std::make_shared<fault_script>();

  // ---- of the node that runs now
  std::shared_ptr<scripted_runner> runner; ///< of native targets
  std::shared_ptr<scripted_runner> processes;
  std::shared_ptr<awaited_acks> acks;
  std::shared_ptr<worker_runner> workers; ///< the real one, without its thread
  std::shared_ptr<manual_alarm> alarm_clock;
  std::shared_ptr<consumer_table> consumers = std::make_shared<consumer_table>();
  std::shared_ptr<node_statistics> statistics;
  std::shared_ptr<node_progress> progress;
  std::shared_ptr<hot_budget> budget;
  std::shared_ptr<task_directory> directory;
  node_actors actors_;
  std::unique_ptr<node_operations> operations_;

private:
  void spawn_executors();
  void spawn_schedulers();
  void drop_handles();

  std::string url_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_reader> eye_; ///< reads past the faults
};

/// Answered, and refused for this reason.
template <class T>
::testing::AssertionResult refused(const answer_of<T>& answer, service_errc code) {
  if (!*answer) return ::testing::AssertionFailure() << "nobody answered";
  if (**answer) return ::testing::AssertionFailure() << "it was done";
  if ((**answer).error().code != code) return ::testing::AssertionFailure() << (**answer).error().message;
  return ::testing::AssertionSuccess();
}

template <class T>
::testing::AssertionResult accepted(const answer_of<T>& answer) {
  if (!*answer) return ::testing::AssertionFailure() << "nobody answered";
  if (!**answer) return ::testing::AssertionFailure() << (**answer).error().message;
  return ::testing::AssertionSuccess();
}

/// A native job body with these further members, e.g. R"("delay":"5s")".
std::string job_body(const std::string& members = "");
/// A native task body with these further members, e.g. R"("schedule":{"every":"1s"})".
std::string task_body(const std::string& members);

} // namespace wheelwork::testing
