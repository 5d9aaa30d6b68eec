// Rings at a time of the wall clock, and when somebody sets that clock.
#pragma once

#include "schedule/time.hpp"

#include <functional>
#include <memory>

namespace wheelwork {

class alarm {
public:
  virtual ~alarm() = default;
  /// Whom to call: with false at the set time, with true when the wall clock was set (the time set before still holds
  /// and is to be set again). Called on a thread of the alarm; must not block.
  virtual void start(std::function<void(bool jumped)> ring) = 0;
  /// The next time to ring; replaces the one set before. One in the past rings at once. Thread safe.
  virtual void set(wall_time time) = 0;
  /// No ring after it returns.
  virtual void stop() = 0;
};

/// Sleeps on a timerfd of CLOCK_REALTIME with TFD_TIMER_CANCEL_ON_SET: no CPU while nothing is due, and jumps are
/// reported at once. start() throws std::system_error when the kernel refuses.
std::unique_ptr<alarm> make_timerfd_alarm();

} // namespace wheelwork
