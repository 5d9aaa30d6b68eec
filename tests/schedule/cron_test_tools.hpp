// Short ways to write expressions and times in the tests of fire times.
#pragma once

#include "schedule/task_schedule.hpp"
#include "schedule/time_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wheelwork::cron_test {

inline wall_time at(std::string_view text) {
  auto time = parse_time(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(wall_time{});
}

inline time_zone_ptr zone(std::string_view name) {
  auto found = find_time_zone(name);
  EXPECT_TRUE(found) << name;
  return found ? *found : utc_zone();
}

/// RFC 3339 with the zone's offset to the minute, as `wheelwork schedule next` prints it.
inline std::string local_text(wall_time time, const time_zone& in) {
  auto offset = in.span_at(std::chrono::floor<std::chrono::seconds>(time)).offset;
  auto text = format_time(time + offset);
  text.resize(text.find('.'));
  auto minutes = offset.count() / 60;
  char sign = minutes < 0 ? '-' : '+';
  minutes = std::abs(minutes);
  auto two = [](int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return text + sign + two(minutes / 60) + ":" + two(minutes % 60);
}

struct question {
  std::string text;
  std::string zone_name = "UTC";
  dst_rule dst{};
  cron_dialect dialect = cron_dialect::unix_cron;
};

/// The next `count` fires after `after`, as local times with offset.
inline std::vector<std::string> fires(const question& asked, std::string_view after, size_t count) {
  std::vector<std::string> found;
  auto expression = cron_expression::parse(asked.text, asked.dialect);
  if (!expression) {
    ADD_FAILURE() << asked.text << ": " << expression.error().message;
    return found;
  }
  auto in = zone(asked.zone_name);
  auto now = at(after);
  while (found.size() < count) {
    auto next = expression->next(now, *in, asked.dst);
    if (!next) break;
    EXPECT_GT(*next, now);
    found.push_back(local_text(*next, *in));
    now = *next;
  }
  return found;
}

using texts = std::vector<std::string>;

} // namespace wheelwork::cron_test
