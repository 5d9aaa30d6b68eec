// What tests of runners share: a place that results come to, a real clock, and orders made in one line.
#pragma once

#include "targets/runner.hpp"

#include <condition_variable>
#include <mutex>

namespace wheelwork::target_test {

/// The machine's clocks; the only place in these tests that reads them.
class real_clock final : public clock_source {
public:
  wall_time wall_now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
};

const clock_source& machine_clock();

/// Takes results from a runner and lets a test wait for them.
class result_collector {
public:
  results_sink sink();
  /// All results so far, once there are `count`; throws std::runtime_error after 30 s.
  std::vector<attempt_result> wait(size_t count);
  size_t count() const;
  size_t batches() const;

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<attempt_result> results_;
  size_t batches_ = 0;
};

/// An order for attempt 1 of a job with this target; `number` also makes the job's id.
attempt_order make_order(target how, payload body = {}, milliseconds timeout = milliseconds{10'000}, uint64_t id = 1);

const attempt_identity& test_identity();

} // namespace wheelwork::target_test
