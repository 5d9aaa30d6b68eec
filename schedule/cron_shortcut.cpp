// Texts that begin with @: the named schedules and @every.
#include "schedule/cron_parser.hpp"
#include "schedule/time_text.hpp"

#include <algorithm>
#include <cmath>

namespace wheelwork {

namespace {

struct shortcut {
  std::string_view name, fields;
};
constexpr std::array<shortcut, 7> shortcuts{{{"@yearly", "0 0 0 1 1 *"},
                                             {"@annually", "0 0 0 1 1 *"},
                                             {"@monthly", "0 0 0 1 * *"},
                                             {"@weekly", "0 0 0 * * 0"},
                                             {"@daily", "0 0 0 * * *"},
                                             {"@midnight", "0 0 0 * * *"},
                                             {"@hourly", "0 0 * * * *"}}};

struct go_unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array<go_unit, 8> go_units{{{"ns", 1e-6},
                                           {"us", 1e-3},
                                           {"\xc2\xb5s", 1e-3},
                                           {"\xce\xbcs", 1e-3},
                                           {"ms", 1},
                                           {"s", 1e3},
                                           {"m", 6e4},
                                           {"h", 3.6e6}}};

constexpr double longest_every = 36500.0 * 86400 * 1000;
constexpr milliseconds shortest_every{100};

/// Go's time.ParseDuration without a sign: numbers with or without a fraction, each with a unit, in any order. None:
/// not such a text.
std::optional<double> parse_go_duration(std::string_view text) {
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0, place = 1;
    bool any = false, fraction = false;
    size_t i = 0;
    for (; i < text.size(); ++i) {
      auto c = text[i];
      if (c == '.' && !fraction) {
        fraction = true;
      } else if (c >= '0' && c <= '9') {
        any = true;
        if (fraction) place /= 10;
        number = fraction ? number + place * (c - '0') : number * 10 + (c - '0');
      } else {
        break;
      }
    }
    auto unit_end = std::min(text.find_first_of(".0123456789", i), text.size());
    auto unit_name = text.substr(i, unit_end - i);
    auto unit =
        std::find_if(go_units.begin(), go_units.end(), [&](const auto& known) { return known.name == unit_name; });
    if (!any || unit == go_units.end()) return std::nullopt;
    total += number * unit->milliseconds;
    text.remove_prefix(unit_end);
  }
  return total;
}

result<milliseconds, cron_error> parse_go_every(cron_word duration) {
  auto total = parse_go_duration(duration.text);
  if (!total)
    return cron_failure(duration,
                        "@every: " + quoted(duration.text) +
                            " is not a duration of this dialect; write 90s, 1h30m or 1.5h (units h, m, s, ms)");
  if (!(*total <= longest_every)) return cron_failure(duration, "@every: longer than 36500 days");
  // Half a microsecond makes up for fractions that a double can't hold.
  auto whole_seconds = std::chrono::seconds{std::llround(std::floor((*total + 5e-4) / 1000))};
  return std::max<milliseconds>(whole_seconds, std::chrono::seconds{1});
}

} // namespace

result<six_cron_words, cron_error> expand_cron_shortcut(cron_word text) {
  auto found =
      std::find_if(shortcuts.begin(), shortcuts.end(), [&](const auto& known) { return known.name == text.text; });
  if (found == shortcuts.end())
    return cron_failure(text,
                        quoted(text.text) +
                            " is not known; after @ it can be yearly, annually, monthly, weekly, daily, midnight, "
                            "hourly (in lower case), or every with a duration (@every 90s)");
  six_cron_words words;
  auto fields = split_at_blanks({found->fields, 0});
  std::transform(fields.begin(), fields.end(), words.begin(), [&](const cron_word& word) {
    return cron_word{word.text, text.position};
  });
  return words;
}

result<milliseconds, cron_error> parse_cron_every(cron_word duration, cron_dialect dialect) {
  if (dialect != cron_dialect::unix_cron) return parse_go_every(duration);
  auto period = parse_duration(duration.text);
  if (!period) return cron_failure(duration, "@every: " + period.error());
  if (*period < shortest_every) return cron_failure(duration, "@every: the period must be at least 100ms");
  return *period;
}

} // namespace wheelwork
