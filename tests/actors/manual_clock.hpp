// The two clocks of a test: steady time is the actor system's, wall time follows it and can be set.
#pragma once

#include "actors/alarm.hpp"
#include "schedule/time.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <optional>

namespace wheelwork::testing {

class manual_clock final : public clock_source {
public:
  explicit manual_clock(caf::scheduler::test_coordinator& time) : time_{time} {}

  wall_time wall_now() const override { return std::chrono::floor<milliseconds>(precise_now()); }
  std::chrono::sys_time<std::chrono::microseconds> precise_now() const override {
    return start + jumped_ + std::chrono::duration_cast<std::chrono::microseconds>(steady_now().time_since_epoch());
  }
  std::chrono::steady_clock::time_point steady_now() const override { return time_.clock().now(); }

  /// Somebody sets the wall clock forward or, with a negative span, back.
  void jump(milliseconds span) { jumped_ += span; }

  /// 2026-11-21T08:00:00Z, a Saturday
  static constexpr wall_time start{milliseconds{1795248000000}};

private:
  caf::scheduler::test_coordinator& time_;
  milliseconds jumped_{0};
};

/// Rings when the test says so.
class manual_alarm final : public alarm {
public:
  void start(std::function<void(bool)> ring) override { ring_ = std::move(ring); }
  void set(wall_time time) override { time_ = time; }
  void stop() override { ring_ = nullptr; }

  std::optional<wall_time> time() const { return ring_ ? time_ : std::nullopt; }
  /// As the kernel does: once for each time that is set, and when the clock was set.
  bool ring_if_due(wall_time now) {
    if (!ring_ || !time_ || *time_ > now) return false;
    time_.reset();
    ring_(false);
    return true;
  }
  void tell_of_jump() {
    if (ring_) ring_(true);
  }

private:
  std::function<void(bool)> ring_;
  std::optional<wall_time> time_;
};

} // namespace wheelwork::testing
