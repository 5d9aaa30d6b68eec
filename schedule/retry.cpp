#include "schedule/retry.hpp"

#include <algorithm>
#include <cmath>

namespace wheelwork {

namespace {

constexpr milliseconds retry_after_max_with_delays = std::chrono::hours{1};

/// The delay before jitter; saturates at `max` however large the factor is.
double grown_delay(const retry_policy& policy, uint32_t retries_used) {
  auto ceiling = static_cast<double>(policy.max.count());
  auto initial = static_cast<double>(policy.initial.count());
  if (initial <= 0) return 0; // 0 * infinity would be no number
  auto grown = initial * std::pow(policy.factor, static_cast<double>(retries_used));
  return grown < ceiling ? grown : ceiling;
}

milliseconds moved_by_jitter(const retry_policy& policy, double delay, double random01) {
  auto moved = delay * (1.0 + policy.jitter * (2.0 * random01 - 1.0));
  return milliseconds{std::llround(std::clamp(moved, 0.0, static_cast<double>(policy.max.count())))};
}

} // namespace

std::optional<milliseconds> next_retry_delay(const retry_policy& policy, uint32_t retries_used, double random01,
                                             std::optional<milliseconds> retry_after) {
  if (retries_used >= policy.limit) return std::nullopt;
  bool exact = !policy.delays.empty();
  auto delay = exact ? policy.delays[std::min<size_t>(retries_used, policy.delays.size() - 1)]
                     : moved_by_jitter(policy, grown_delay(policy, retries_used), random01);
  if (!retry_after) return delay;
  return std::max(delay, std::min(*retry_after, exact ? retry_after_max_with_delays : policy.max));
}

} // namespace wheelwork
