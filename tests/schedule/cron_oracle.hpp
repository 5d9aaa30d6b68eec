// A slow and plain second opinion on cron expressions: fields as sets of numbers, every minute or second tried one by
// one, and the clock changes of a zone asked from the date library instead of our own reader.
#pragma once

#include "schedule/cron.hpp"

#include <date/tz.h>

#include <random>
#include <set>
#include <string>

namespace wheelwork::cron_test {

struct oracle_field {
  std::string text;
  std::set<int> values;
  bool star = false; ///< begins with a star
};

struct oracle_expression {
  oracle_field second{"0", {0}, false}, minute, hour, day, month, weekday;
  bool with_seconds = false;

  std::string text() const {
    return (with_seconds ? second.text + " " : "") + minute.text + " " + hour.text + " " + day.text + " " + month.text +
           " " + weekday.text;
  }

  bool matches(date::local_seconds local) const {
    auto whole_day = date::floor<date::days>(local);
    date::year_month_day date{whole_day};
    date::hh_mm_ss clock{local - whole_day};
    if (second.values.count(static_cast<int>(clock.seconds().count())) == 0) return false;
    if (minute.values.count(static_cast<int>(clock.minutes().count())) == 0) return false;
    if (hour.values.count(static_cast<int>(clock.hours().count())) == 0) return false;
    if (month.values.count(static_cast<int>(static_cast<unsigned>(date.month()))) == 0) return false;
    bool by_day = day.values.count(static_cast<int>(static_cast<unsigned>(date.day()))) != 0;
    bool by_week = weekday.values.count(static_cast<int>(date::weekday{whole_day}.c_encoding())) != 0;
    return day.star || weekday.star ? by_day && by_week : by_day || by_week;
  }
};

inline oracle_field random_field(std::mt19937_64& random, int min, int max) {
  auto between = [&](int low, int high) { return std::uniform_int_distribution<int>{low, high}(random); };
  auto all = [&](int first, int last, int step) {
    std::set<int> values;
    for (int value = first; value <= last; value += step) values.insert(value);
    return values;
  };
  switch (between(0, 5)) {
  case 0:
  case 1: return {"*", all(min, max, 1), true};
  case 2: {
    auto step = between(1, max - min + 1);
    return {"*/" + std::to_string(step), all(min, max, step), true};
  }
  case 3: {
    auto first = between(min, max);
    auto last = between(first, max);
    auto step = between(1, 5);
    return {std::to_string(first) + "-" + std::to_string(last) + "/" + std::to_string(step), all(first, last, step),
            false};
  }
  default: {
    oracle_field field;
    for (auto count = between(1, 4); count > 0; --count) {
      auto value = between(min, max);
      field.text += (field.text.empty() ? "" : ",") + std::to_string(value);
      field.values.insert(value);
    }
    return field;
  }
  }
}

inline oracle_expression random_expression(std::mt19937_64& random) {
  oracle_expression made;
  made.minute = random_field(random, 0, 59);
  made.hour = random_field(random, 0, 23);
  made.day = random_field(random, 1, 31);
  made.month = random_field(random, 1, 12);
  made.weekday = random_field(random, 0, 6);
  if (random() % 3 != 0) made.month = {"*", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, true};
  return made;
}

/// All fires in [from, end), by trying every `step`; both ends and all clock changes lie on it.
inline std::set<date::sys_seconds> oracle_fires(const oracle_expression& expression, const date::time_zone& zone,
                                                dst_rule dst, date::sys_seconds from, date::sys_seconds end,
                                                std::chrono::seconds step) {
  std::set<date::sys_seconds> fires;
  bool elapsed = expression.hour.star;
  for (auto time = from; time < end; time += step) {
    auto info = zone.get_info(time);
    date::local_seconds local{time.time_since_epoch() + info.offset};
    if (!expression.matches(local)) continue;
    if (!elapsed && dst.overlap != dst_overlap::both) {
      auto passes = zone.get_info(local);
      if (passes.result == date::local_info::ambiguous) {
        bool is_first = info.offset == passes.first.offset;
        if (is_first != (dst.overlap == dst_overlap::first)) continue;
      }
    }
    fires.insert(time);
  }
  if (elapsed || dst.gap == dst_gap::skip) return fires;
  // Skipped local times: more than a day around, because a change can skip a whole day.
  date::local_seconds local{from.time_since_epoch() - std::chrono::hours{40}};
  for (; local.time_since_epoch() < end.time_since_epoch() + std::chrono::hours{40}; local += step) {
    if (!expression.matches(local)) continue;
    auto info = zone.get_info(local);
    if (info.result == date::local_info::nonexistent && info.second.begin >= from && info.second.begin < end)
      fires.insert(info.second.begin);
  }
  return fires;
}

} // namespace wheelwork::cron_test
