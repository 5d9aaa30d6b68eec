// What a pool counts on this node. Written by its actors, read by API, metrics and the policy. And the one switch that
// works at once.
#pragma once

#include "actors/node_statistics.hpp"
#include "actors/pool_status.hpp"

#include <map>

namespace wheelwork {

/// Thread safe.
class pool_statistics {
public:
  std::atomic<uint64_t> taken{0}, succeeded{0}, failed_attempts{0}, dead_letters{0}, recovered{0};
  std::atomic<uint64_t> in_flight{0}, in_hand{0}, waiting_for_retry{0};
  std::atomic<uint64_t> busy_microseconds{0}; ///< of all consumers: time with a message in work
  std::atomic<uint32_t> ready{0};             ///< consumers whose source gives them messages, if it has some
  std::atomic<uint32_t> wanted{0};            ///< what the policy wants
  /// The pool is paused or ends: consumers begin nothing more, whatever they have been told yet.
  std::atomic<bool> stands{false};
  rate_meter taken_rate, handled_rate;

  /// What the monitor saw; `failure` empty: the source could be read.
  void set_backlog(std::optional<uint64_t> lag, std::optional<wall_time> oldest, std::string failure);
  void set_decision(std::string in_words);
  /// A consumer can't work; empty: it can.
  void set_consumer_failure(uint32_t consumer, std::string failure);
  std::optional<uint64_t> lag() const;
  void set_consumers(size_t count); ///< those that live, also while they leave
  uint32_t consumers() const;
  struct maxima {
    uint64_t lag = 0;
    uint32_t consumers = 0;
  };
  /// The highest values since the last call.
  maxima take_maxima();

  pool_status status(std::chrono::steady_clock::time_point now) const;

private:
  mutable std::mutex mutex_;
  std::optional<uint64_t> lag_;
  uint32_t consumers_ = 0;
  maxima highest_;
  std::optional<wall_time> oldest_;
  std::string monitor_failure_, decision_;
  std::map<uint32_t, std::string> consumer_failures_;
};

} // namespace wheelwork
