// The part of a scripted node that workers talk to: keeps what was asked until the test answers it.
#pragma once

#include "targets/worker_calls.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

namespace wheelwork::testing {

class scripted_workers {
public:
  // What the API calls.
  uint64_t poll(worker_poll request, leased_jobs_callback done) {
    const std::lock_guard lock{mutex_};
    polls.push_back(std::move(request));
    waiting_.emplace(polls.size(), std::move(done));
    changed_.notify_all();
    return polls.size();
  }
  void withdraw(uint64_t number) {
    const std::lock_guard lock{mutex_};
    withdrawn_.push_back(number);
    if (!keeping_) waiting_.erase(number);
    changed_.notify_all();
  }
  void give_back(const std::vector<std::pair<job_id, uint32_t>>& attempts) {
    const std::lock_guard lock{mutex_};
    given_back_.insert(given_back_.end(), attempts.begin(), attempts.end());
    changed_.notify_all();
  }
  void acknowledge(attempt_ack ack, const ack_callback& done) {
    acks.push_back(std::move(ack));
    done(verdict);
  }
  std::optional<milliseconds> extend(job_id id, uint32_t number, std::optional<milliseconds> lease) {
    if (!held.contains({id, number})) return std::nullopt;
    return lease.value_or(held.at({id, number}));
  }

  // What tests do and look at. Waits for nothing forever: gtest's time limit ends a test that never gets there.
  /// Answers the poll of this number (from 1 on), once it is there.
  void answer(uint64_t number, std::vector<leased_job> jobs) {
    leased_jobs_callback done;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return waiting_.contains(number); });
      done = std::move(waiting_.extract(number).mapped());
    }
    done(std::move(jobs));
  }
  void await_poll(uint64_t number) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_.contains(number); });
  }
  void await_withdrawal(uint64_t number) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return std::find(withdrawn_.begin(), withdrawn_.end(), number) != withdrawn_.end(); });
  }
  void await_given_back(job_id id) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] {
      return std::any_of(given_back_.begin(), given_back_.end(), [id](const auto& each) { return each.first == id; });
    });
  }
  /// From now on a poll that was withdrawn can still be answered.
  void keep_withdrawn() {
    const std::lock_guard lock{mutex_};
    keeping_ = true;
  }
  std::vector<worker_poll> polls; ///< read it after the answer
  std::vector<attempt_ack> acks;
  std::vector<std::pair<job, attempt_result>> late;
  ack_verdict verdict = ack_verdict::accepted;
  std::map<std::pair<job_id, uint32_t>, milliseconds> held; ///< leases

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool keeping_ = false;
  std::map<uint64_t, leased_jobs_callback> waiting_;
  std::vector<uint64_t> withdrawn_;
  std::vector<std::pair<job_id, uint32_t>> given_back_;
};

} // namespace wheelwork::testing
