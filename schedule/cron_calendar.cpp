#include "schedule/cron_calendar.hpp"

#include <algorithm>
#include <bit>

namespace wheelwork {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr int32_t seconds_per_day = 86400;
constexpr std::array<unsigned, 12> month_lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

struct day_and_second {
  int64_t day;
  int32_t second;
};

day_and_second split(local_second time) {
  auto day = time / seconds_per_day;
  auto second = time % seconds_per_day;
  if (second < 0) {
    second += seconds_per_day;
    --day;
  }
  return {day, static_cast<int32_t>(second)};
}

year_month_day date_of(int64_t day) { return year_month_day{sys_days{days{static_cast<int>(day)}}}; }
int64_t day_of(year_month_day date) { return sys_days{date}.time_since_epoch().count(); }

/// 0 is Sunday.
unsigned weekday_of(int64_t day) {
  auto weekday = (day + 4) % 7; // 1970 began with a Thursday
  return static_cast<unsigned>(weekday < 0 ? weekday + 7 : weekday);
}

/// The lowest set bit at or above `from`, or 64.
template <class Bits>
int next_bit(Bits bits, int from) {
  constexpr int width = static_cast<int>(sizeof(Bits) * 8);
  if (from >= width) return 64;
  auto rest = static_cast<Bits>(bits >> from);
  return rest == 0 ? 64 : from + std::countr_zero(rest);
}

template <class Bits>
uint64_t count_below(Bits bits, int limit) {
  return static_cast<uint64_t>(std::popcount(bits & ((uint64_t{1} << limit) - 1)));
}

unsigned index_of(std::chrono::month month) { return static_cast<unsigned>(month) - 1; }
unsigned index_of(std::chrono::day day) { return static_cast<unsigned>(day) - 1; }

} // namespace

cron_calendar::cron_calendar(const cron_sets& sets)
    : seconds_(sets.seconds), minutes_(sets.minutes), hours_(sets.hours) {
  // Months of 28 to 31 days, beginning with each weekday.
  std::array<std::array<month_days, 7>, 4> months{};
  for (unsigned length = 28; length <= 31; ++length)
    for (unsigned weekday = 0; weekday < 7; ++weekday)
      months[length - 28][weekday] = sets.days.in_month(length, weekday);
  for (unsigned kind = 0; kind < kinds_.size(); ++kind) {
    auto first_weekday = kind % 7;
    for (unsigned month = 0; month < 12; ++month) {
      auto length = month_lengths[month] + (month == 1 && kind >= 7 ? 1 : 0);
      auto matching = (sets.months >> month & 1) != 0 ? months[length - 28][first_weekday] : 0;
      kinds_[kind].days[month] = matching;
      if (matching != 0) kinds_[kind].months |= static_cast<uint16_t>(1 << month);
      first_weekday = (first_weekday + length) % 7;
    }
  }
  first_second_ = std::countr_zero(hours_) * 3600 + std::countr_zero(minutes_) * 60 + std::countr_zero(seconds_);
  matches_per_day_ = count_below(hours_, 24) * count_below(minutes_, 60) * count_below(seconds_, 60);
}

bool cron_calendar::ever_matches() const {
  return std::any_of(kinds_.begin(), kinds_.end(), [](const year_kind& kind) { return kind.months != 0; });
}

const cron_calendar::year_kind& cron_calendar::kind_of(year in) const {
  auto first_weekday = weekday_of(day_of(in / 1 / 1));
  return kinds_[first_weekday + (in.is_leap() ? 7 : 0)];
}

bool cron_calendar::day_matches(int64_t day) const {
  auto date = date_of(day);
  return (kind_of(date.year()).days[index_of(date.month())] >> index_of(date.day()) & 1) != 0;
}

int64_t cron_calendar::next_day(int64_t from, int64_t end) const {
  if (from >= end) return none;
  auto date = date_of(from);
  auto in_year = date.year();
  const auto* kind = &kind_of(in_year);
  auto month = index_of(date.month());
  // The rest of the month, the rest of the year, then whole years: a day is never tried by itself.
  auto rest = kind->days[month] >> index_of(date.day());
  if (rest != 0) {
    auto found = from + std::countr_zero(rest);
    return found < end ? found : none;
  }
  auto later = next_bit(kind->months, static_cast<int>(month) + 1);
  while (later == 64) {
    ++in_year;
    if (day_of(in_year / 1 / 1) >= end) return none;
    kind = &kind_of(in_year);
    later = next_bit(kind->months, 0);
  }
  auto in_month = static_cast<unsigned>(later);
  auto found = day_of(in_year / std::chrono::month{in_month + 1} / 1) + std::countr_zero(kind->days[in_month]);
  return found < end ? found : none;
}

int32_t cron_calendar::next_in_day(int32_t second_of_day) const {
  auto hour = second_of_day / 3600;
  auto minute = second_of_day / 60 % 60;
  auto first_of_minute = std::countr_zero(seconds_);
  if ((hours_ >> hour & 1) != 0) {
    if ((minutes_ >> minute & 1) != 0) {
      auto second = next_bit(seconds_, second_of_day % 60);
      if (second < 60) return hour * 3600 + minute * 60 + second;
    }
    auto later_minute = next_bit(minutes_, minute + 1);
    if (later_minute < 60) return hour * 3600 + later_minute * 60 + first_of_minute;
  }
  auto later_hour = next_bit(hours_, hour + 1);
  if (later_hour < 24) return later_hour * 3600 + std::countr_zero(minutes_) * 60 + first_of_minute;
  return -1;
}

local_second cron_calendar::next(local_second from, local_second end) const {
  if (from >= end) return none;
  auto [day, second] = split(from);
  auto [end_day, end_second] = split(end);
  auto limit = end_day + (end_second > 0 ? 1 : 0);
  auto found_day = next_day(day, limit);
  auto found_second = first_second_;
  if (found_day == day) {
    found_second = next_in_day(second);
    if (found_second < 0) {
      found_day = next_day(day + 1, limit);
      found_second = first_second_;
    }
  }
  if (found_day == none) return none;
  auto found = found_day * seconds_per_day + found_second;
  return found < end ? found : none;
}

uint64_t cron_calendar::count_in_day(int32_t until_second) const {
  auto hour = until_second / 3600;
  auto minute = until_second / 60 % 60;
  auto per_minute = count_below(seconds_, 60);
  auto result = count_below(hours_, hour) * count_below(minutes_, 60) * per_minute;
  if ((hours_ >> hour & 1) == 0) return result;
  result += count_below(minutes_, minute) * per_minute;
  if ((minutes_ >> minute & 1) == 0) return result;
  return result + count_below(seconds_, until_second % 60);
}

uint64_t cron_calendar::count_days(int64_t from, int64_t end) const {
  uint64_t result = 0;
  while (from < end) {
    auto date = date_of(from);
    auto first = date.year() / date.month() / 1;
    auto next_month = day_of(year_month_day{first + std::chrono::months{1}});
    auto matching = kind_of(date.year()).days[index_of(date.month())] >> index_of(date.day());
    if (end < next_month) matching &= (month_days{1} << (end - from)) - 1;
    result += static_cast<uint64_t>(std::popcount(matching));
    from = next_month;
  }
  return result;
}

uint64_t cron_calendar::count(local_second from, local_second end) const {
  if (from >= end) return 0;
  auto [day, second] = split(from);
  auto [end_day, end_second] = split(end);
  auto result = count_days(day, end_day) * matches_per_day_;
  if (day_matches(day)) result -= count_in_day(second);
  if (day_matches(end_day)) result += count_in_day(end_second);
  return result;
}

} // namespace wheelwork
