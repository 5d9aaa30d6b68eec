#include "schedule/cron_special_days.hpp"

namespace wheelwork {

namespace {

constexpr int days_before_last_max = 30;

result<bool, cron_error> parse_day_of_month(const cron_word& item, const cron_field& field, cron_day_set& set) {
  auto lower = lower_case(item.text);
  if (lower == "l") {
    set.before_last |= 1;
    return true;
  }
  if (lower == "lw" || lower == "wl") {
    set.last_working_day = true;
    return true;
  }
  if (lower.starts_with("l-")) {
    constexpr cron_field distance{"day of month, days before the last", 0, days_before_last_max};
    auto days = parse_cron_value(item.part(2), distance);
    if (!days) return tl::make_unexpected(days.error());
    set.before_last |= uint32_t{1} << *days;
    return true;
  }
  if (lower.ends_with('w')) {
    auto day = parse_cron_value(item.part(0, item.text.size() - 1), field);
    if (!day) return tl::make_unexpected(day.error());
    set.nearest_working_day |= uint32_t{1} << (*day - 1);
    return true;
  }
  if (lower.find_first_of("lw#") != std::string::npos)
    return cron_failure(
        item, "day of month: " + quoted(item.text) +
                  " is not known; with letters it takes L, L-3, LW or 15W, and a weekday goes into the last field");
  return false;
}

result<bool, cron_error> parse_day_of_week(const cron_word& item, const cron_field& field, cron_day_set& set) {
  auto hash = item.text.find('#');
  if (hash != std::string_view::npos) {
    auto weekday = parse_cron_value(item.part(0, hash), field);
    if (!weekday) return tl::make_unexpected(weekday.error());
    constexpr cron_field which{"weekday, which one of the month after #", 1, 5};
    auto nth = parse_cron_value(item.part(hash + 1), which);
    if (!nth) return tl::make_unexpected(nth.error());
    set.nth_weekdays[static_cast<size_t>(*nth - 1)] |= static_cast<uint8_t>(1 << *weekday % 7);
    return true;
  }
  if (!item.text.ends_with('L') && !item.text.ends_with('l')) return false;
  if (item.text.size() == 1)
    return cron_failure(item, "weekday: 'L' needs a weekday before it; 5L is the last Friday of the month");
  auto weekday = parse_cron_value(item.part(0, item.text.size() - 1), field);
  if (!weekday) return tl::make_unexpected(weekday.error());
  set.last_weekdays |= static_cast<uint8_t>(1 << *weekday % 7);
  return true;
}

} // namespace

result<bool, cron_error> parse_special_day(const cron_word& item, const cron_field& field, cron_day_set& set) {
  return field.max == 31 ? parse_day_of_month(item, field, set) : parse_day_of_week(item, field, set);
}

} // namespace wheelwork
