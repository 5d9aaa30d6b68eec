#include "schedule/cron.hpp"

#include "schedule/cron_fires.hpp"
#include "schedule/cron_parser.hpp"

#include <algorithm>

namespace wheelwork {

using std::chrono::seconds;
using std::chrono::sys_seconds;

struct cron_expression::fields {
  std::optional<std::string> zone_prefix;
  std::optional<milliseconds> every;
  cron_calendar calendar;
  bool follows_elapsed_time = false;
};

namespace {

constexpr std::array<std::string_view, 5> dialect_names{"unix", "robfig_v1", "robfig_v2", "robfig_v3", "apscheduler"};

constexpr size_t longest_text = 65536;
constexpr sys_seconds earliest = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
constexpr sys_seconds latest = std::chrono::floor<seconds>(latest_wall_time);

/// The fields of one dialect in their order.
struct field_count {
  size_t min, max;
  std::string_view takes;
};

field_count fields_of(cron_dialect dialect) {
  switch (dialect) {
  case cron_dialect::robfig_v1: return {5, 6, "5 fields (second minute hour day month) or 6 (and weekday)"};
  case cron_dialect::robfig_v3: return {5, 5, "exactly 5 fields: minute hour day month weekday"};
  case cron_dialect::unix_cron:
  case cron_dialect::robfig_v2:
  case cron_dialect::apscheduler: break;
  }
  return {5, 6, "5 fields (minute hour day month weekday) or 6 (second first)"};
}

result<six_cron_words, cron_error> split_fields(cron_word text, cron_dialect dialect) {
  auto words = split_at_blanks(text);
  auto count = fields_of(dialect);
  if (words.size() < count.min || words.size() > count.max) {
    auto position = words.size() > count.max ? words[count.max].position : text.position + text.text.size();
    return cron_failure(position, "found " + std::to_string(words.size()) + (words.size() == 1 ? " field" : " fields") +
                                      "; the dialect " + std::string{to_string(dialect)} + " takes " +
                                      std::string{count.takes});
  }
  six_cron_words fields;
  if (words.size() == 6)
    std::copy(words.begin(), words.end(), fields.begin());
  else if (dialect == cron_dialect::robfig_v1) {
    std::copy(words.begin(), words.end(), fields.begin());
    fields[5] = {"*", text.position + text.text.size()};
  } else {
    fields[0] = {"0", text.position};
    std::copy(words.begin(), words.end(), fields.begin() + 1);
  }
  return fields;
}

/// Cuts `TZ=Zone ` or `CRON_TZ=Zone ` off the front, where the dialect has it.
result<std::optional<std::string>, cron_error> take_zone_prefix(cron_word& text, cron_dialect dialect) {
  bool has_long_form = dialect == cron_dialect::robfig_v3;
  bool has_short_form = has_long_form || dialect == cron_dialect::robfig_v2;
  bool long_form = text.text.starts_with("CRON_TZ=");
  if (!long_form && !text.text.starts_with("TZ=")) return std::nullopt;
  if (long_form ? !has_long_form : !has_short_form)
    return cron_failure(text, "the dialect " + std::string{to_string(dialect)} +
                                  " has no such prefix; leave it away and set the time zone beside the expression");
  auto zone = text.part(text.text.find('=') + 1);
  auto end = zone.text.find_first_of(cron_blanks);
  if (end == std::string_view::npos)
    return cron_failure(text.position + text.text.size(), "after the time zone a blank and the fields are missing");
  if (end == 0) return cron_failure(zone, "the time zone is missing; write an IANA name such as TZ=Europe/Berlin");
  text = trimmed(zone.part(end));
  return std::string{zone.text.substr(0, end)};
}

result<cron_reading, cron_error> read_fields(cron_word text, cron_dialect dialect) {
  if (dialect == cron_dialect::apscheduler) return parse_apscheduler(text);
  auto words = text.text.starts_with('@') ? expand_cron_shortcut(text) : split_fields(text, dialect);
  if (!words) return tl::make_unexpected(words.error());
  return parse_cron_fields(*words, dialect);
}

} // namespace

std::string_view to_string(cron_dialect dialect) { return dialect_names[static_cast<size_t>(dialect)]; }

std::optional<cron_dialect> parse_cron_dialect(std::string_view name) {
  auto found = std::find(dialect_names.begin(), dialect_names.end(), name);
  if (found == dialect_names.end()) return std::nullopt;
  return static_cast<cron_dialect>(found - dialect_names.begin());
}

result<cron_expression, cron_error> cron_expression::parse(std::string_view whole, cron_dialect dialect) {
  if (whole.size() > longest_text)
    return cron_failure(longest_text, "the expression is longer than " + std::to_string(longest_text) + " bytes");
  auto text = trimmed({whole, 0});
  if (text.text.empty())
    return cron_failure(0, "the expression is empty; for example 30 2 * * * is half past two every night");
  auto parsed = std::make_shared<fields>();
  auto zone = take_zone_prefix(text, dialect);
  if (!zone) return tl::make_unexpected(zone.error());
  parsed->zone_prefix = std::move(*zone);

  constexpr std::string_view every = "@every";
  auto after_every = text.text.starts_with(every) ? text.part(every.size()) : cron_word{};
  bool has_every = !after_every.text.empty() && cron_blanks.find(after_every.text.front()) != std::string_view::npos;
  if (has_every && dialect != cron_dialect::apscheduler) {
    auto period = parse_cron_every(trimmed(after_every), dialect);
    if (!period) return tl::make_unexpected(period.error());
    parsed->every = *period;
  } else {
    auto reading = read_fields(text, dialect);
    if (!reading) return tl::make_unexpected(reading.error());
    parsed->calendar = cron_calendar{reading->sets};
    parsed->follows_elapsed_time = reading->follows_elapsed_time;
    if (!parsed->calendar.ever_matches())
      return cron_failure(text, "the expression can never match: its months never have the days that it asks for, "
                                "like 30 February; change the day or the month");
  }
  cron_expression expression;
  expression.fields_ = std::move(parsed);
  return expression;
}

const std::optional<std::string>& cron_expression::zone_prefix() const { return fields_->zone_prefix; }

std::optional<milliseconds> cron_expression::every() const { return fields_->every; }

std::optional<wall_time> cron_expression::next(wall_time after, const time_zone& zone, dst_rule dst) const {
  if (fields_->every || after >= latest) return std::nullopt;
  auto from = std::max(std::chrono::floor<seconds>(after) + seconds{1}, earliest);
  return cron_fires{fields_->calendar, fields_->follows_elapsed_time, zone, dst}.next(from, latest + seconds{1});
}

uint64_t cron_expression::count(wall_time after, wall_time until, const time_zone& zone, dst_rule dst) const {
  if (fields_->every || until <= after) return 0;
  auto from = std::max(std::chrono::floor<seconds>(std::min<wall_time>(after, latest)) + seconds{1}, earliest);
  auto end = std::chrono::floor<seconds>(std::min<wall_time>(until, latest)) + seconds{1};
  return cron_fires{fields_->calendar, fields_->follows_elapsed_time, zone, dst}.count(from, end);
}

} // namespace wheelwork
