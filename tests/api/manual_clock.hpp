// A clock that stands still until a test moves it.
#pragma once

#include "schedule/time.hpp"

#include <atomic>

namespace wheelwork::testing {

class manual_clock : public clock_source {
public:
  wall_time wall_now() const override { return start_wall + milliseconds{elapsed_.load()}; }
  std::chrono::steady_clock::time_point steady_now() const override {
    return start_steady + milliseconds{elapsed_.load()};
  }
  void advance(milliseconds span) { elapsed_ += span.count(); }

  /// 2026-11-21T08:00:00Z
  static constexpr wall_time start_wall{milliseconds{1795248000000}};
  static constexpr std::chrono::steady_clock::time_point start_steady{std::chrono::hours{1000}};

private:
  std::atomic<int64_t> elapsed_{0};
};

} // namespace wheelwork::testing
