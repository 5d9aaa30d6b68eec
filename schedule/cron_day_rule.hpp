// Which days of a month the day fields of a cron expression name.
#pragma once

#include <array>
#include <cstdint>

namespace wheelwork {

/// Days as bits: bit 0 is the first day of the month.
using month_days = uint32_t;

/// What one day field says; a day matches when any of these names it. Weekdays count from Sunday = 0.
struct cron_day_set {
  month_days days = 0;           ///< `1,15`
  uint8_t weekdays = 0;          ///< `mon-fri`, bit 0 is Sunday
  uint32_t before_last = 0;      ///< `L` is bit 0, `L-3` is bit 3
  bool last_working_day = false; ///< `LW`
  uint32_t nearest_working_day =
      0; ///< `15W` is bit 14: the day itself, or the nearest of Monday to Friday in the same month
  std::array<uint8_t, 5> nth_weekdays{}; ///< `fri#2` is bit 5 of [1]
  uint8_t last_weekdays = 0;             ///< `5L` is bit 5

  /// The days of a month that has so many days and begins with this weekday.
  month_days in_month(unsigned length, unsigned first_weekday) const;
};

/// Both day fields together.
struct cron_day_rule {
  cron_day_set day_of_month;
  cron_day_set day_of_week;
  bool either = false; ///< true: a day matches when one of the two sets names it; false: both must

  month_days in_month(unsigned length, unsigned first_weekday) const;
};

} // namespace wheelwork
