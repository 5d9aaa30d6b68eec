#include "actors/pool_statistics.hpp"

#include <algorithm>
#include <utility>

namespace wheelwork {

void pool_statistics::set_backlog(std::optional<uint64_t> lag, std::optional<wall_time> oldest, std::string failure) {
  const std::lock_guard lock{mutex_};
  lag_ = lag;
  highest_.lag = std::max(highest_.lag, lag.value_or(0));
  oldest_ = oldest;
  monitor_failure_ = std::move(failure);
}

void pool_statistics::set_decision(std::string in_words) {
  const std::lock_guard lock{mutex_};
  decision_ = std::move(in_words);
}

void pool_statistics::set_consumer_failure(uint32_t consumer, std::string failure) {
  const std::lock_guard lock{mutex_};
  if (failure.empty())
    consumer_failures_.erase(consumer);
  else
    consumer_failures_[consumer] = std::move(failure);
}

std::optional<uint64_t> pool_statistics::lag() const {
  const std::lock_guard lock{mutex_};
  return lag_;
}

void pool_statistics::set_consumers(size_t count) {
  const std::lock_guard lock{mutex_};
  consumers_ = static_cast<uint32_t>(count);
  highest_.consumers = std::max(highest_.consumers, consumers_);
}

uint32_t pool_statistics::consumers() const {
  const std::lock_guard lock{mutex_};
  return consumers_;
}

pool_statistics::maxima pool_statistics::take_maxima() {
  const std::lock_guard lock{mutex_};
  return std::exchange(highest_, {lag_.value_or(0), consumers_});
}

pool_status pool_statistics::status(std::chrono::steady_clock::time_point now) const {
  pool_status seen;
  seen.active = true;
  seen.wanted = wanted;
  seen.in_flight = in_flight;
  seen.in_hand = in_hand;
  seen.waiting_for_retry = waiting_for_retry;
  seen.taken_per_second = taken_rate.per_second(now);
  seen.handled_per_second = handled_rate.per_second(now);
  seen.taken = taken;
  seen.succeeded = succeeded;
  seen.failed_attempts = failed_attempts;
  seen.dead_letters = dead_letters;
  seen.recovered = recovered;
  const std::lock_guard lock{mutex_};
  seen.consumers = consumers_;
  seen.lag = lag_;
  seen.oldest = oldest_;
  seen.last_decision = decision_;
  seen.failure = monitor_failure_;
  if (seen.failure.empty() && !consumer_failures_.empty()) seen.failure = consumer_failures_.begin()->second;
  return seen;
}

} // namespace wheelwork
