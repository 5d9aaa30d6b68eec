#include "schedule/time_text.hpp"

#include <array>
#include <cstdio>
#include <optional>

namespace wheelwork {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

/// The text as it may stand in a message: short and printable.
std::string shown(std::string_view text) {
  std::string result{"'"};
  for (auto c : text.substr(0, 40)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > 40 ? "...'" : "'");
}

/// Reads fixed-width numbers and single characters from the left.
class field_reader {
public:
  explicit field_reader(std::string_view text) : text_(text) {}

  std::optional<int> digits(size_t count) {
    if (text_.size() - position_ < count) return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      auto c = text_[position_ + i];
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    position_ += count;
    return value;
  }

  bool any_of(std::string_view characters) {
    if (position_ == text_.size() || characters.find(text_[position_]) == std::string_view::npos) return false;
    ++position_;
    return true;
  }

  char last() const { return text_[position_ - 1]; }
  bool at_end() const { return position_ == text_.size(); }

private:
  std::string_view text_;
  size_t position_ = 0;
};

struct time_of_day {
  int hour, minute, second;
};

std::optional<std::chrono::year_month_day> read_date(field_reader& in) {
  auto year = in.digits(4);
  if (!year || !in.any_of("-")) return std::nullopt;
  auto month = in.digits(2);
  if (!month || !in.any_of("-")) return std::nullopt;
  auto day = in.digits(2);
  if (!day) return std::nullopt;
  return std::chrono::year{*year} / *month / *day;
}

std::optional<time_of_day> read_time_of_day(field_reader& in) {
  auto hour = in.digits(2);
  if (!hour || !in.any_of(":")) return std::nullopt;
  auto minute = in.digits(2);
  if (!minute || !in.any_of(":")) return std::nullopt;
  auto second = in.digits(2);
  if (!second) return std::nullopt;
  return time_of_day{*hour, *minute, *second};
}

/// What follows the seconds after a dot, cut off to milliseconds. None: no digit there.
std::optional<milliseconds> read_fraction(field_reader& in) {
  milliseconds fraction{0};
  milliseconds unit{100};
  bool any = false;
  while (auto digit = in.digits(1)) {
    any = true;
    fraction += unit * *digit;
    unit /= 10;
  }
  return any ? std::optional{fraction} : std::nullopt;
}

std::optional<minutes> read_offset(field_reader& in) {
  if (in.any_of("Zz")) return minutes{0};
  if (!in.any_of("+-")) return std::nullopt;
  bool west = in.last() == '-';
  auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.any_of(":")) return std::nullopt;
  auto minute = in.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  auto offset = hours{*hour} + minutes{*minute};
  return west ? -offset : offset;
}

struct duration_unit {
  std::string_view name;
  milliseconds size;
};
constexpr std::array<duration_unit, 5> duration_units{
    {{"d", days{1}}, {"h", hours{1}}, {"m", minutes{1}}, {"s", seconds{1}}, {"ms", milliseconds{1}}}};
constexpr milliseconds longest_duration = days{36500};

} // namespace

std::string format_time(wall_time time) {
  auto day = std::chrono::floor<days>(time);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text;
  auto length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<size_t>(length)};
}

result<wall_time, std::string> parse_time(std::string_view text) {
  auto wrong = [&](std::string_view what) {
    return failure("the time " + shown(text) + " " + std::string{what} + "; write it like 2026-11-21T08:57:31Z");
  };
  field_reader in{text};
  auto date = read_date(in);
  if (!date) return wrong("does not begin with a date");
  if (!date->ok()) return wrong("has a day that is not in the calendar");
  if (!in.any_of("Tt ")) return wrong("has no T after the date");
  auto clock = read_time_of_day(in);
  if (!clock) return wrong("has no hh:mm:ss after the date");
  if (clock->hour > 23 || clock->minute > 59 || clock->second > 60)
    return wrong("has a time of day beyond 23:59:59 (or :60, a leap second)");
  milliseconds fraction{0};
  if (in.any_of(".")) {
    auto read = read_fraction(in);
    if (!read) return wrong("has no digit after the dot");
    if (clock->second < 60) fraction = *read;
  }
  auto offset = read_offset(in);
  if (!offset || !in.at_end()) return wrong("does not end with Z or an offset such as +02:00");
  wall_time time = sys_days{*date} + hours{clock->hour} + minutes{clock->minute} + seconds{clock->second} + fraction;
  time -= *offset;
  if (time < earliest_wall_time || time > latest_wall_time) return wrong("is outside the years 0000 to 9999 in UTC");
  return time;
}

result<milliseconds, std::string> parse_duration(std::string_view text) {
  auto wrong = [&](std::string_view what) {
    return failure("the duration " + shown(text) + " " + std::string{what} +
                   "; write whole numbers with d, h, m, s or ms, such as 250ms, 30s or 1h30m");
  };
  if (text.empty()) return wrong("is empty");
  milliseconds total{0};
  size_t units_used = 0;
  for (auto rest = text; !rest.empty();) {
    auto number_end = rest.find_first_not_of("0123456789");
    if (number_end == 0) return wrong("has no number before " + shown(rest));
    if (number_end == std::string_view::npos) return wrong("has no unit after the last number");
    auto unit_end = std::min(rest.find_first_of("0123456789", number_end), rest.size());
    auto unit_name = rest.substr(number_end, unit_end - number_end);
    size_t unit = 0;
    while (unit < duration_units.size() && duration_units[unit].name != unit_name) ++unit;
    if (unit == duration_units.size()) return wrong("has the unknown unit " + shown(unit_name));
    if (unit < units_used) return wrong("has its units not from the largest to the smallest, each once");
    units_used = unit + 1;
    milliseconds::rep number = 0;
    for (auto c : rest.substr(0, number_end)) {
      number = number * 10 + (c - '0');
      if (number > longest_duration / duration_units[unit].size) return wrong("is longer than 36500d");
    }
    total += number * duration_units[unit].size;
    if (total > longest_duration) return wrong("is longer than 36500d");
    rest.remove_prefix(unit_end);
  }
  return total;
}

std::string format_duration(milliseconds duration) {
  if (duration == milliseconds{0}) return "0s";
  std::string text;
  for (const auto& unit : duration_units) {
    // People say 60s, 90s and 24h: less than two minutes or two days are told in the next smaller unit.
    const bool one_at_most = duration < 2 * unit.size && duration > -2 * unit.size;
    if (one_at_most && text.empty() && (unit.name == "m" || unit.name == "d")) continue;
    auto number = duration / unit.size;
    if (number == 0) continue;
    // A negative duration, which parse_duration refuses, keeps one sign in front.
    text += std::to_string(text.empty() ? number : std::abs(number));
    text += unit.name;
    duration -= number * unit.size;
  }
  return text;
}

} // namespace wheelwork
