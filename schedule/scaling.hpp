// What decides how many consumers a pool has: the rules a user chooses from, what is read, and what is decided.
#pragma once

#include "schedule/steady_time.hpp"
#include "schedule/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace wheelwork {

/// As many consumers as drain the backlog within a time, found from measured rates.
struct drain_policy {
  milliseconds within{30'000};    ///< a backlog that appears is gone after about this time
  milliseconds cool_down{10'000}; ///< fewer consumers only after fewer have been enough for this long
  milliseconds settle{1'000};     ///< least time between two additions
  friend bool operator==(const drain_policy&, const drain_policy&) = default;
};

/// Every `interval`, when the lag is above a limit, one consumer more per so many messages; each of those stays for
/// `hold`.
struct lag_step_policy {
  uint64_t lag_limit = 5000;             ///< consumers are added strictly above it
  uint64_t messages_per_consumer = 1000; ///< 0 counts as 1
  milliseconds hold{180'000};
  milliseconds interval{180'000};
  friend bool operator==(const lag_step_policy&, const lag_step_policy&) = default;
};

using scaling_policy = std::variant<drain_policy, lag_step_policy>;

struct scaling_bounds {
  uint32_t min = 1; ///< may be 0: such a pool wakes as soon as there is a lag
  uint32_t max = 1; ///< of all consumers together
  /// How many of them can get messages at all, e.g. the partitions of a Kafka topic. None or 0: not known.
  std::optional<uint32_t> useful{};

  uint32_t ceiling() const { return useful && *useful > 0 ? std::min(max, *useful) : max; }
  uint32_t floor() const { return std::min(min, ceiling()); }
  uint32_t bound(uint64_t count) const {
    return static_cast<uint32_t>(std::clamp<uint64_t>(count, floor(), ceiling()));
  }
  friend bool operator==(const scaling_bounds&, const scaling_bounds&) = default;
};

/// The backlog and the work on it at one moment. Totals are of all consumers since the pool began, those that left
/// included. One that goes back (the pool moved to another node) begins the measuring anew.
struct backlog_reading {
  steady_time at{};
  std::optional<uint64_t> lag{};          ///< messages that wait in the source; none: it could not be read
  uint64_t handled_total = 0;             ///< messages finished for good
  std::chrono::microseconds busy_total{}; ///< consumer time with a message in work, those still in work included
  uint32_t consumers = 0;                 ///< running now: started, and not yet told to leave
};

struct scaling_decision {
  uint32_t consumers = 0;
  std::string reason; ///< words for the user: "lag 12000 above 5000: 4 more"
};

} // namespace wheelwork
