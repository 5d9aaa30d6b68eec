// The local civil times that a cron expression names, without any time zone: bit sets and a table of the 14 kinds of
// years, so that the next match is found by bit operations and never by stepping through seconds.
#pragma once

#include "schedule/cron_day_rule.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace wheelwork {

/// Local civil time, as seconds since 1970-01-01T00:00:00 of that place.
using local_second = int64_t;

/// What was read from a text; at least one bit is set in each of the four sets.
struct cron_sets {
  uint64_t seconds = 0; ///< bits 0 to 59
  uint64_t minutes = 0; ///< bits 0 to 59
  uint32_t hours = 0;   ///< bits 0 to 23
  uint32_t months = 0;  ///< bits 0 (January) to 11
  cron_day_rule days;
};

class cron_calendar {
public:
  static constexpr local_second none = INT64_MAX;

  cron_calendar() = default;
  explicit cron_calendar(const cron_sets& sets);

  /// False when no day of any year matches.
  bool ever_matches() const;

  /// The first match at or after `from`, or `none` if there is none before `end` (which must be within the years 0 to
  /// 10,000).
  local_second next(local_second from, local_second end) const;

  /// How many matches there are in [from, end).
  uint64_t count(local_second from, local_second end) const;

private:
  /// A leap year or not, and the weekday of its first day.
  struct year_kind {
    std::array<month_days, 12> days{};
    uint16_t months = 0; ///< with at least one day
  };

  const year_kind& kind_of(std::chrono::year year) const;
  int64_t next_day(int64_t from, int64_t end) const;
  uint64_t count_days(int64_t from, int64_t end) const;
  int32_t next_in_day(int32_t second_of_day) const;
  uint64_t count_in_day(int32_t until_second) const;
  bool day_matches(int64_t day) const;

  std::array<year_kind, 14> kinds_{};
  uint64_t seconds_ = 0;
  uint64_t minutes_ = 0;
  uint32_t hours_ = 0;
  int32_t first_second_ = 0; ///< of a matching day
  uint64_t matches_per_day_ = 0;
};

} // namespace wheelwork
