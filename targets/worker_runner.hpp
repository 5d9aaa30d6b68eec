// Runs worker targets: hands jobs to workers that poll for them, and waits for what they say.
#pragma once

#include "targets/awaited_acks.hpp"

namespace wheelwork {

/// How the runner asks for jobs: whoever has them answers with run(), whose orders name the poll. Callable on any
/// thread; must not block.
struct worker_demand {
  /// A worker waits: give it up to `max` jobs of these queues as soon as there is one.
  std::function<void(uint64_t poll, std::vector<std::string> queues, size_t max)> ask;
  /// It does no longer.
  std::function<void(uint64_t poll)> withdraw;
  /// It has waited long enough: `free` is called, on any thread, when no job is on its way to it. It may get one until
  /// then, and none after.
  std::function<void(uint64_t poll, std::function<void()> free)> end;
};

/// A job stays where it is until a worker polls for it: its attempt begins when it is handed to the worker, and so does
/// its timeout. Orders without a poll (messages of consumer pools) wait here until a worker comes; who gives them
/// bounds their number.
class worker_runner : public runner {
public:
  using steady_time = awaited_acks::steady_time;

  /// Waits for jobs without holding a thread. The number is for withdraw().
  virtual uint64_t poll(worker_poll request, leased_jobs_callback done) = 0;
  /// The worker went away: it gets no job, and its callback is not called, or was before.
  virtual void withdraw(uint64_t poll) = 0;
  /// The answer of a poll did not reach the worker, for certain: its jobs go to another one at once.
  virtual void give_back(const std::vector<std::pair<job_id, uint32_t>>& attempts) = 0;
  /// The node stops: all polls are answered with nothing, also those that come yet.
  virtual void end_polls() = 0;
  /// Ends polls whose wait is over; what is on its way to one still comes. When the next one's is; none: none waits.
  virtual std::optional<steady_time> expire() = 0;
};

/// `acks` outlives it by its pointer. `own_thread`: a thread calls expire() of both in time; else the caller does.
std::shared_ptr<worker_runner> make_worker_runner(std::shared_ptr<awaited_acks> acks, worker_demand demand,
                                                  const clock_source& clock, results_sink sink,
                                                  std::shared_ptr<worker_gauges> gauges = nullptr,
                                                  bool own_thread = true);

} // namespace wheelwork
