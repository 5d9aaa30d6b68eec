// A node for tests of the API: keeps tasks and jobs in maps, answers on a thread of its own as actors do, and fails
// when told to.
#pragma once

#include "actors/node_service.hpp"
#include "tests/api/manual_clock.hpp"
#include "tests/api/scripted_workers.hpp"

#include <condition_variable>
#include <deque>
#include <thread>

namespace wheelwork::testing {

class scripted_node : public node_service {
public:
  scripted_node();
  ~scripted_node() override;

  // What tests script. Thread safe.
  manual_clock time;
  /// Every operation fails so, until set to none.
  void fail_with(std::optional<service_error> error);
  /// Pushes wait until release_pushes().
  void hold_pushes();
  void release_pushes();
  /// The next push() blocks its caller until open_gate().
  void close_gate();
  void open_gate();
  /// Waits until so many requests were pushed in all.
  void await_requests(size_t count);
  /// Callbacks of operations and reads are thrown away.
  void drop_callbacks(bool drop);
  void set_health(node_health health);
  void add_ledger(const std::string& task, ledger_entry entry);
  void add_job(job_view view);
  /// Of a pool that exists.
  void set_status(const std::string& pool, pool_status status);
  void add_event(pool_event event);
  void add_minute(pool_minute minute);
  /// The next put_pool() finds that somebody else was faster, so often.
  void race_pools(int times);
  /// How often push() was called, and with how many requests.
  size_t push_calls() const;
  size_t pushed_requests() const;
  std::vector<new_job> pushed_jobs() const;
  node_statistics counts;
  scripted_workers workers;

  // node_service
  void push(std::vector<push_request> requests) override;
  void put_task(task_definition definition, std::optional<uint64_t> if_version,
                service_callback<task_write> done) override;
  void delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) override;
  void run_task(std::string name, std::optional<payload> body, std::string unique_key,
                service_callback<pushed_job> done) override;
  void cancel_job(job_id id, service_callback<bool> done) override;
  void retry_job(job_id id, service_callback<bool> done) override;
  void cancel_jobs(bulk_filter filter, service_callback<size_t> done) override;
  void retry_jobs(bulk_filter filter, service_callback<size_t> done) override;
  void put_pool(pool_definition definition, std::optional<uint64_t> if_version,
                service_callback<pool_write> done) override;
  void delete_pool(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) override;
  std::vector<pool_view> pools() const override;
  std::optional<pool_view> find_pool(const std::string& name) const override;
  uint64_t poll_for_jobs(worker_poll poll, leased_jobs_callback done) override {
    return workers.poll(std::move(poll), std::move(done));
  }
  void withdraw_poll(uint64_t poll) override { workers.withdraw(poll); }
  void give_back_jobs(const std::vector<std::pair<job_id, uint32_t>>& attempts) override {
    workers.give_back(attempts);
  }
  void acknowledge(attempt_ack ack, ack_callback done) override { workers.acknowledge(std::move(ack), done); }
  std::optional<milliseconds> extend_lease(job_id id, uint32_t attempt, std::optional<milliseconds> lease) override {
    return workers.extend(id, attempt, lease);
  }
  void record_late(const job& what, attempt_result result) override {
    workers.late.emplace_back(what, std::move(result));
  }
  void read(std::function<void(journal_reader&)> query) override;
  task_ptr find_task(const std::string& name) const override;
  bool is_active(const task_definition& task) const override;
  node_health health() const override;
  const node_statistics& statistics() const override { return counts; }
  const std::array<uint8_t, 16>& database_secret() const override { return secret_; }
  const clock_source& clock() const override { return time; }

private:
  friend class scripted_reader;
  void work_off();
  void later(std::function<void()> work);
  template <class T>
  void answer(service_callback<T> done, std::function<result<T, service_error>()> make);
  result<std::vector<pushed_job>, service_error> accept(std::vector<new_job> jobs);
  pushed_job accept_one(const new_job& job);
  result<bool, service_error> change_state(job_id id, std::initializer_list<job_state> from, job_state to);
  size_t change_states(const bulk_filter& filter, std::initializer_list<job_state> from, job_state to);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool gate_closed_ = false;
  std::optional<service_error> failure_;
  bool holding_ = false, dropping_ = false;
  std::vector<push_request> held_;
  size_t push_calls_ = 0, pushed_requests_ = 0;
  std::vector<new_job> pushed_;
  std::map<std::string, task_row> tasks_;
  std::map<uint64_t, job_view> jobs_;
  std::map<std::string, job_id> unique_;
  std::map<std::string, std::vector<ledger_entry>> ledger_;
  std::map<std::string, pool_view> pools_;
  std::vector<pool_event> pool_events_; ///< newest last
  std::vector<pool_minute> pool_minutes_;
  int pool_races_ = 0;
  uint64_t last_id_ = 1000;
  node_health health_{true, ""};
  std::array<uint8_t, 16> secret_{1, 2, 3};

  std::mutex queue_mutex_;
  std::condition_variable queued_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace wheelwork::testing
