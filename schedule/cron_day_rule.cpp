#include "schedule/cron_day_rule.hpp"

namespace wheelwork {

namespace {

constexpr unsigned sunday = 0, saturday = 6;

unsigned weekday_of(unsigned day_index, unsigned first_weekday) { return (first_weekday + day_index) % 7; }

/// The working day nearest to this one that is in the same month.
unsigned nearest_working_day(unsigned day_index, unsigned length, unsigned first_weekday) {
  switch (weekday_of(day_index, first_weekday)) {
  case saturday: return day_index == 0 ? day_index + 2 : day_index - 1;
  case sunday: return day_index + 1 == length ? day_index - 2 : day_index + 1;
  default: return day_index;
  }
}

} // namespace

month_days cron_day_set::in_month(unsigned length, unsigned first_weekday) const {
  auto result = days & ((month_days{1} << length) - 1);
  for (unsigned index = 0; index < length; ++index) {
    auto weekday = weekday_of(index, first_weekday);
    bool named = (weekdays >> weekday & 1) != 0 || (before_last >> (length - 1 - index) & 1) != 0 ||
                 (nth_weekdays[index / 7] >> weekday & 1) != 0 ||
                 (index + 7 >= length && (last_weekdays >> weekday & 1) != 0);
    if (named) result |= month_days{1} << index;
    if ((nearest_working_day >> index & 1) != 0)
      result |= month_days{1} << wheelwork::nearest_working_day(index, length, first_weekday);
  }
  if (last_working_day) {
    auto index = length - 1;
    auto weekday = weekday_of(index, first_weekday);
    index -= weekday == saturday ? 1 : weekday == sunday ? 2 : 0;
    result |= month_days{1} << index;
  }
  return result;
}

month_days cron_day_rule::in_month(unsigned length, unsigned first_weekday) const {
  auto by_month = day_of_month.in_month(length, first_weekday);
  auto by_week = day_of_week.in_month(length, first_weekday);
  return either ? by_month | by_week : by_month & by_week;
}

} // namespace wheelwork
