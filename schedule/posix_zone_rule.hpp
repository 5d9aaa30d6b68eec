// The rule at the end of a TZif file (POSIX TZ string with the extensions of RFC 8536 section 3.3.1): the clock changes
// of every year after the last one that the file lists.
#pragma once

#include "schedule/time_zone.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace wheelwork {

/// One of the two clock changes of a year.
struct yearly_change {
  enum class form : uint8_t {
    weekday_of_month,   ///< Mm.w.d: the w-th weekday d of month m, w = 5 is the last one
    day_of_common_year, ///< Jn: 1 to 365, 29 February is never counted
    day_of_year,        ///< n: 0 to 365, 29 February counts
  };
  form kind = form::weekday_of_month;
  unsigned month = 1, week = 1, weekday = 0;
  int day = 0;
  std::chrono::seconds time{7200}; ///< local time of the change, -167 to 167 hours

  /// Local civil seconds since 1970 of the change in this year.
  local_seconds_count local_time(std::chrono::year year) const;
};

class posix_zone_rule {
public:
  /// None if the text is not such a rule.
  static std::optional<posix_zone_rule> parse(std::string_view text);

  /// The span that holds this instant, if the rule had held always.
  time_zone::span span_at(std::chrono::sys_seconds instant) const;

private:
  bool changes_meet() const;

  std::chrono::seconds standard_{};
  std::chrono::seconds daylight_{};
  bool changes_ = false; ///< false: the standard offset for ever
  yearly_change to_daylight_;
  yearly_change to_standard_;
};

} // namespace wheelwork
