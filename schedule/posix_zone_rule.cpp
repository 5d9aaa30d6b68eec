#include "schedule/posix_zone_rule.hpp"

#include <algorithm>
#include <array>

namespace wheelwork {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

namespace {

/// Reads a text from left to right; every function leaves the rest behind.
class rule_reader {
public:
  explicit rule_reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> number(int max) {
    int value = 0;
    size_t length = 0;
    while (length < rest_.size() && rest_[length] >= '0' && rest_[length] <= '9' && value <= max)
      value = value * 10 + (rest_[length++] - '0');
    if (length == 0 || value > max) return std::nullopt;
    rest_.remove_prefix(length);
    return value;
  }

  /// `<+0330>` or at least three letters; the name itself does not matter here.
  bool abbreviation() {
    if (take('<')) {
      auto end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    auto letters = static_cast<size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_letter) - rest_.begin());
    rest_.remove_prefix(letters);
    return letters >= 3;
  }

  /// [+-]h[:mm[:ss]]
  std::optional<seconds> signed_time(int max_hours) {
    bool negative = take('-');
    if (!negative) take('+');
    auto whole = number(max_hours);
    if (!whole) return std::nullopt;
    seconds time = hours{*whole};
    for (auto unit : {seconds{60}, seconds{1}}) {
      if (!take(':')) break;
      auto part = number(59);
      if (!part) return std::nullopt;
      time += unit * *part;
    }
    return negative ? -time : time;
  }

  std::optional<yearly_change> change() {
    yearly_change result;
    if (take('M')) {
      auto month = number(12);
      if (!month || *month < 1 || !take('.')) return std::nullopt;
      auto week = number(5);
      if (!week || *week < 1 || !take('.')) return std::nullopt;
      auto weekday = number(6);
      if (!weekday) return std::nullopt;
      result.month = static_cast<unsigned>(*month);
      result.week = static_cast<unsigned>(*week);
      result.weekday = static_cast<unsigned>(*weekday);
    } else {
      bool common = take('J');
      result.kind = common ? yearly_change::form::day_of_common_year : yearly_change::form::day_of_year;
      auto day = number(365);
      if (!day || (common && *day == 0)) return std::nullopt;
      result.day = *day;
    }
    if (take('/')) {
      auto time = signed_time(167);
      if (!time) return std::nullopt;
      result.time = *time;
    }
    return result;
  }

private:
  std::string_view rest_;
};

struct change_at {
  sys_seconds at;
  seconds before, after;
};

} // namespace

local_seconds_count yearly_change::local_time(year in) const {
  using namespace std::chrono;
  sys_days date;
  switch (kind) {
  case form::weekday_of_month: {
    std::chrono::weekday day_name{weekday};
    date = week == 5 ? sys_days{in / std::chrono::month{month} / day_name[last]}
                     : sys_days{in / std::chrono::month{month} / day_name[week]};
    break;
  }
  case form::day_of_common_year:
    date = sys_days{in / January / 1} + days{day - 1 + (in.is_leap() && day >= 60 ? 1 : 0)};
    break;
  case form::day_of_year: date = sys_days{in / January / 1} + days{day}; break;
  }
  return date.time_since_epoch() + time;
}

std::optional<posix_zone_rule> posix_zone_rule::parse(std::string_view text) {
  rule_reader in{text};
  posix_zone_rule rule;
  if (!in.abbreviation()) return std::nullopt;
  auto west = in.signed_time(24); // POSIX counts westwards
  if (!west) return std::nullopt;
  rule.standard_ = -*west;
  rule.daylight_ = rule.standard_ + hours{1};
  if (in.at_end()) return rule;

  if (!in.abbreviation()) return std::nullopt;
  if (!in.take(',')) {
    west = in.signed_time(24);
    if (!west || !in.take(',')) return std::nullopt;
    rule.daylight_ = -*west;
  }
  auto to_daylight = in.change();
  if (!to_daylight || !in.take(',')) return std::nullopt;
  auto to_standard = in.change();
  if (!to_standard || !in.at_end()) return std::nullopt;
  rule.to_daylight_ = *to_daylight;
  rule.to_standard_ = *to_standard;
  rule.changes_ = rule.standard_ != rule.daylight_;
  if (rule.changes_ && rule.changes_meet()) { // daylight saving all year round is written so
    rule.standard_ = rule.daylight_;
    rule.changes_ = false;
  }
  return rule;
}

bool posix_zone_rule::changes_meet() const {
  for (int number = 2000; number < 2028; ++number) { // every kind of year, and every kind of year after it
    auto end = to_standard_.local_time(year{number}) - daylight_;
    auto start = to_daylight_.local_time(year{number + 1}) - standard_;
    if (end < start) return false;
  }
  return true;
}

time_zone::span posix_zone_rule::span_at(sys_seconds instant) const {
  if (!changes_) return {time_zone::beginning, time_zone::never, standard_, standard_, standard_};
  constexpr sys_seconds earliest = sys_days{year{-32000} / 1 / 1},
                        latest = sys_days{year{32000} / 1 / 1}; // std::chrono::year ends soon after
  auto middle = std::chrono::year_month_day{std::chrono::floor<days>(std::clamp(instant, earliest, latest))}.year();
  std::array<change_at, 6> changes;
  auto next = changes.begin();
  for (auto in : {middle - std::chrono::years{1}, middle, middle + std::chrono::years{1}}) {
    *next++ = {sys_seconds{to_daylight_.local_time(in) - standard_}, standard_, daylight_};
    *next++ = {sys_seconds{to_standard_.local_time(in) - daylight_}, daylight_, standard_};
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  auto after = std::upper_bound(changes.begin(), changes.end(), instant,
                                [](sys_seconds value, const change_at& change) { return value < change.at; });
  // The year before and the year after are there, so both neighbours exist.
  auto begin = after - 1;
  return {begin->at, after->at, begin->after, begin->before, after->after};
}

} // namespace wheelwork
