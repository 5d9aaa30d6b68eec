// Whether and when a failed attempt is tried again (API.md, `retry`).
#pragma once

#include "schedule/time.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace wheelwork {

struct retry_policy {
  uint32_t limit = 3;                 ///< retries after the first attempt
  std::vector<milliseconds> delays{}; ///< exact; the last one repeats. Empty: the four below count
  milliseconds initial{1000};
  double factor = 2.0;
  milliseconds max{3'600'000};
  double jitter = 0.1; ///< share of the delay by which it is moved, both ways
  friend bool operator==(const retry_policy&, const retry_policy&) = default;
};

/// The delay before the next attempt after `retries_used` retries were used up, or none: no retry left. `random01` in
/// [0, 1) decides the jitter. `retry_after` (a callback's header) counts when longer, up to `max`, or one hour when
/// `delays` are given.
std::optional<milliseconds> next_retry_delay(const retry_policy& policy, uint32_t retries_used, double random01,
                                             std::optional<milliseconds> retry_after);

} // namespace wheelwork
