// A thread that sleeps until the next thing is due and then does it.
#pragma once

#include "schedule/time.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace wheelwork {

class deadline_thread {
public:
  using steady_time = std::chrono::steady_clock::time_point;

  /// `work` does all that is due by the clock and says when it wants to be called next; none: not before wake(). It
  /// runs on the new thread at once.
  deadline_thread(const clock_source& clock, std::function<std::optional<steady_time>()> work);
  /// As stop().
  ~deadline_thread();
  deadline_thread(const deadline_thread&) = delete;
  deadline_thread& operator=(const deadline_thread&) = delete;

  /// Something may be due earlier than what `work` said last. Any thread, but not while holding what `work` locks.
  void wake();
  /// After it `work` is not called any more. Not on the thread itself.
  void stop();

private:
  void keep_time();

  const clock_source& clock_;
  const std::function<std::optional<steady_time>()> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false, stopping_ = false;
  std::thread thread_;
};

} // namespace wheelwork
