// How many consumers a pool should have.
#pragma once

#include "schedule/time.hpp"

#include <cstdint>
#include <variant>

namespace wheelwork {

/// As many consumers as drain the backlog within this time.
struct drain_policy {
  milliseconds within{30'000};
  friend bool operator==(const drain_policy&, const drain_policy&) = default;
};

/// Above `lag_limit` messages one more consumer for each `messages_per_consumer`, for the time `hold`.
struct lag_step_policy {
  uint64_t lag_limit = 5000;
  uint64_t messages_per_consumer = 1000;
  milliseconds hold{180'000};
  milliseconds interval{180'000};
  friend bool operator==(const lag_step_policy&, const lag_step_policy&) = default;
};

using scaling_policy = std::variant<drain_policy, lag_step_policy>;

} // namespace wheelwork
