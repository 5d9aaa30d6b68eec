// Laws that hold for every expression in every zone, tried with many of them from fixed seeds.
#include "tests/schedule/cron_oracle.hpp"
#include "tests/schedule/cron_test_tools.hpp"

#include <array>
#include <map>

namespace wheelwork {
namespace {

using namespace cron_test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::array<dst_rule, 6> dst_rules{{{dst_gap::after, dst_overlap::first},
                                             {dst_gap::skip, dst_overlap::first},
                                             {dst_gap::after, dst_overlap::last},
                                             {dst_gap::skip, dst_overlap::last},
                                             {dst_gap::after, dst_overlap::both},
                                             {dst_gap::skip, dst_overlap::both}}};

std::set<sys_seconds> chain(const cron_expression& expression, const time_zone& in, dst_rule dst, sys_seconds from,
                            sys_seconds end) {
  std::set<sys_seconds> fires;
  wall_time now = from - seconds{1};
  while (auto next = expression.next(now, in, dst)) {
    EXPECT_GT(*next, now);
    if (*next >= end || *next <= now) break;
    fires.insert(std::chrono::floor<seconds>(*next));
    now = *next;
  }
  return fires;
}

/// A clock change of the zone near a random time, or the random time itself where there is none.
sys_seconds near_a_change(std::mt19937_64& random, const time_zone& in, sys_seconds from, sys_seconds end) {
  auto any = sys_seconds{seconds{
      std::uniform_int_distribution<int64_t>{from.time_since_epoch().count(), end.time_since_epoch().count()}(random)}};
  auto change = in.span_at(any).end;
  return change < end ? change : std::chrono::floor<minutes>(any);
}

TEST(cron_property, fires_are_those_that_trying_every_minute_finds) {
  std::mt19937_64 random{20261121};
  const std::array<const char*, 11> names{"UTC",           "Europe/Berlin", "America/New_York",  "Australia/Lord_Howe",
                                          "Asia/Shanghai", "Asia/Beirut",   "Africa/Casablanca", "America/Santiago",
                                          "Africa/Cairo",  "Europe/Dublin", "Pacific/Apia"};
  size_t compared = 0;
  for (int round = 0; round < 250; ++round) {
    auto expression = random_expression(random);
    auto parsed = cron_expression::parse(expression.text(), cron_dialect::unix_cron);
    if (!parsed) continue; // 30 February
    const auto* name = names[random() % names.size()];
    auto in = zone(name);
    auto dst = dst_rules[random() % dst_rules.size()];
    auto change = near_a_change(random, *in, std::chrono::sys_days{std::chrono::year{1972} / 1 / 1},
                                std::chrono::sys_days{std::chrono::year{2037} / 1 / 1});
    auto from = change - hours{20}, end = change + hours{20};
    auto expected = oracle_fires(expression, *date::locate_zone(name), dst, from, end, minutes{1});
    ASSERT_EQ(chain(*parsed, *in, dst, from, end), expected)
        << expression.text() << " in " << name << " around " << format_time(change);
    ASSERT_EQ(parsed->count(from - seconds{1}, end - seconds{1}, *in, dst), expected.size())
        << expression.text() << " in " << name << " around " << format_time(change);
    compared += expected.size();
  }
  EXPECT_GT(compared, 2000u);
}

TEST(cron_property, fires_are_those_that_trying_every_second_finds) {
  std::mt19937_64 random{42};
  for (int round = 0; round < 40; ++round) {
    auto expression = random_expression(random);
    expression.with_seconds = true;
    expression.second = random_field(random, 0, 59);
    expression.day = {"*", {}, true};
    for (int day = 1; day <= 31; ++day) expression.day.values.insert(day);
    auto parsed = cron_expression::parse(expression.text(), cron_dialect::unix_cron);
    ASSERT_TRUE(parsed) << expression.text();
    const auto* name = round % 2 == 0 ? "Europe/Berlin" : "Australia/Lord_Howe";
    auto in = zone(name);
    auto dst = dst_rules[random() % dst_rules.size()];
    auto change = near_a_change(random, *in, std::chrono::sys_days{std::chrono::year{1985} / 1 / 1},
                                std::chrono::sys_days{std::chrono::year{2037} / 1 / 1});
    auto from = change - minutes{75}, end = change + minutes{75};
    std::set<sys_seconds> expected;
    for (auto fire : oracle_fires(expression, *date::locate_zone(name), dst, from, end, seconds{1}))
      expected.insert(fire);
    ASSERT_EQ(chain(*parsed, *in, dst, from, end), expected) << expression.text() << " in " << name;
  }
}

TEST(cron_property, next_is_monotone_and_always_later) {
  std::mt19937_64 random{99};
  auto in = zone("America/New_York");
  for (int round = 0; round < 3000; ++round) {
    auto expression = cron_expression::parse(random_expression(random).text(), cron_dialect::unix_cron);
    if (!expression) continue;
    auto dst = dst_rules[random() % dst_rules.size()];
    wall_time earlier{milliseconds{static_cast<int64_t>(random() % 5'000'000'000'000)}};
    auto later = earlier + milliseconds{static_cast<int64_t>(random() % 100'000'000)};
    auto first = expression->next(earlier, *in, dst);
    auto second = expression->next(later, *in, dst);
    ASSERT_TRUE(first && second);
    ASSERT_GT(*first, earlier);
    ASSERT_GT(*second, later);
    ASSERT_LE(*first, *second);
    if (*first > later) {
      ASSERT_EQ(*first, *second);
    }
  }
}

/// An expression of minutes and hours only, small enough to try around every change of every zone.
struct daily {
  std::string text;
  std::set<int> minutes, hours;
  bool elapsed;

  bool matches(int64_t local) const {
    auto of_day = ((local % 86400) + 86400) % 86400;
    return of_day % 60 == 0 && minutes.count(static_cast<int>(of_day / 60 % 60)) != 0 &&
           hours.count(static_cast<int>(of_day / 3600)) != 0;
  }
};

std::set<int> every(int first, int last, int step) {
  std::set<int> values;
  for (int value = first; value <= last; value += step) values.insert(value);
  return values;
}

/// What must fire within two hours around the change between two offsets, by the wording of the contract.
std::set<sys_seconds> fires_around(const daily& expression, sys_seconds change, seconds before, seconds after,
                                   dst_rule dst) {
  std::set<sys_seconds> fires;
  constexpr seconds grid{300};
  auto change_count = change.time_since_epoch().count();
  auto last_before = change_count + before.count(), first_after = change_count + after.count();
  for (auto time = change - hours{2}; time < change + hours{2}; time += grid) {
    auto local = (time + (time < change ? before : after)).time_since_epoch().count();
    if (!expression.matches(local)) continue;
    bool second_pass = time >= change && local < last_before;
    bool first_pass = time < change && local >= first_after;
    if (!expression.elapsed && second_pass && dst.overlap == dst_overlap::first) continue;
    if (!expression.elapsed && first_pass && dst.overlap == dst_overlap::last) continue;
    fires.insert(time);
  }
  if (!expression.elapsed && dst.gap == dst_gap::after)
    for (auto skipped = last_before; skipped < first_after; skipped += grid.count())
      if (expression.matches(skipped)) fires.insert(change);
  return fires;
}

TEST(cron_property, every_zone_around_every_change_until_2100) {
  const std::array<daily, 5> expressions{{{"*/15 * * * *", every(0, 59, 15), every(0, 23, 1), true},
                                          {"30 */2 * * *", {30}, every(0, 23, 2), true},
                                          {"*/20 0-3 * * *", every(0, 59, 20), every(0, 3, 1), false},
                                          {"0 0,1,2,3,23 * * *", {0}, {0, 1, 2, 3, 23}, false},
                                          {"15,45 0-23 * * *", {15, 45}, every(0, 23, 1), false}}};
  std::vector<cron_expression> parsed;
  for (const auto& expression : expressions)
    parsed.push_back(*cron_expression::parse(expression.text, cron_dialect::unix_cron));
  const sys_seconds begin = std::chrono::sys_days{std::chrono::year{1970} / 1 / 1};
  const sys_seconds end = std::chrono::sys_days{std::chrono::year{2100} / 1 / 1};

  std::set<std::vector<int64_t>> seen; // many names are links to the same zone
  size_t zones = 0, changes = 0;
  for (const auto& listed : date::get_tzdb().zones) {
    auto in = find_time_zone(listed.name());
    if (!in) continue;
    ++zones;
    std::vector<time_zone::span> spans;
    std::vector<int64_t> shape;
    for (auto span = (*in)->span_at(begin); span.end < end; span = (*in)->span_at(span.end)) {
      spans.push_back(span);
      shape.insert(shape.end(), {span.end.time_since_epoch().count(), span.offset.count(), span.offset_after.count()});
    }
    if (!seen.insert(shape).second) continue;
    for (const auto& span : spans) {
      auto dst = dst_rules[changes % dst_rules.size()];
      auto from = span.end - hours{2}, until = span.end + hours{2};
      bool on_grid = span.end.time_since_epoch().count() % 300 == 0 && span.offset.count() % 300 == 0 &&
                     span.offset_after.count() % 300 == 0; // Liberia and Guyana were not
      for (size_t i = 0; i < parsed.size(); ++i) {
        auto fires = chain(parsed[i], **in, dst, from, until); // checks next(t) > t
        if (on_grid) {
          ASSERT_EQ(fires, fires_around(expressions[i], span.end, span.offset, span.offset_after, dst))
              << expressions[i].text << " in " << listed.name() << " around " << format_time(span.end);
        }
        ASSERT_EQ(parsed[i].count(from - seconds{1}, until - seconds{1}, **in, dst), fires.size())
            << expressions[i].text << " in " << listed.name() << " around " << format_time(span.end);
      }
      ++changes;
    }
  }
  EXPECT_GT(zones, 400u);
  EXPECT_GT(changes, 10'000u);
}

TEST(cron_property, garbage_never_hangs_or_crashes) {
  std::mt19937_64 random{4711};
  const std::array<std::string, 44> pieces{
      "*",    "?",   "/",   "-",   ",",      "#",      "L",   "W",    "LW",      "0",
      "1",    "5",   "7",   "12",  "29",     "31",     "59",  "60",   "99",      "999999999999",
      "jan",  "FEB", "mon", "sun", "fri",    "last",   "2nd", "5th",  " ",       " ",
      " ",    " ",   "\t",  "@",   "@every", "@daily", "90s", "1.5h", "TZ=UTC ", "\xf0\x9f\x98\x80",
      "\xff", "*/",  "L-",  "+"};
  const std::array<std::string, 8> fields{"*", "*", "*/3", "1-5", "1", "1,3/2", "3-5/2", "0-4,6"};
  auto in = zone("Europe/Berlin");
  size_t valid = 0;
  for (int round = 0; round < 150'000; ++round) {
    std::string text;
    if (round % 2 == 0) {
      for (auto count = random() % 14; count > 0; --count) text += pieces[random() % pieces.size()];
    } else { // nearly right: fields, of which one may be bent
      for (auto count = 4 + random() % 3; count > 0; --count)
        text += (random() % 12 == 0 ? pieces[random() % pieces.size()] : fields[random() % fields.size()]) + " ";
    }
    auto dialect = static_cast<cron_dialect>(random() % 5);
    auto expression = cron_expression::parse(text, dialect);
    if (!expression) {
      ASSERT_LE(expression.error().position, text.size()) << text;
      ASSERT_FALSE(expression.error().message.empty()) << text;
      ASSERT_LT(expression.error().message.size(), 400u) << text;
      for (auto c : expression.error().message) ASSERT_TRUE(c >= ' ' && c <= '~') << text;
      continue;
    }
    ++valid;
    if (expression->every()) continue;
    wall_time now{milliseconds{static_cast<int64_t>(random() % 250'000'000'000'000)}};
    for (int i = 0; i < 3; ++i) {
      auto next = expression->next(now, *in, dst_rules[random() % dst_rules.size()]);
      if (!next) break;
      ASSERT_GT(*next, now) << text;
      now = *next;
    }
  }
  EXPECT_GT(valid, 20'000u);
}

TEST(cron_property, huge_texts_are_answered_like_small_ones) {
  for (char c : {'*', ',', '-', '/', '1', '@', ' ', 'L', '#', '\xff', '\0'})
    for (auto dialect : {unix_cron, cron_dialect::robfig_v1, cron_dialect::robfig_v3, cron_dialect::apscheduler}) {
      std::string run(10240, c);
      for (const auto& text : {run, run + " * * * *", "* * * * " + run, "0 0 " + run + " * *", "@every " + run}) {
        auto expression = cron_expression::parse(text, dialect);
        ASSERT_FALSE(expression && !expression->every()) << c << " " << text.substr(0, 20);
        if (!expression) {
          ASSERT_LT(expression.error().message.size(), 400u);
        }
      }
    }
  std::string list = "0";
  while (list.size() < 10240) list += ",59";
  EXPECT_TRUE(cron_expression::parse(list + " * * * *", cron_dialect::unix_cron));
  EXPECT_FALSE(cron_expression::parse(std::string(70'000, ' ') + "* * * * *", cron_dialect::unix_cron));
}

} // namespace
} // namespace wheelwork
