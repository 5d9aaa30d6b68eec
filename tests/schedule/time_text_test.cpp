#include "schedule/time_text.hpp"

#include <gmock/gmock.h>
#include <random>

namespace wheelwork {
namespace {

using testing::HasSubstr;

std::string round_trip(std::string_view text) {
  auto time = parse_time(text);
  return time ? format_time(*time) : time.error();
}

TEST(time_text, reads_any_offset_and_writes_utc_with_milliseconds) {
  EXPECT_EQ(round_trip("2026-11-21T08:57:31Z"), "2026-11-21T08:57:31.000Z");
  EXPECT_EQ(round_trip("2026-11-21T08:57:31.5+02:00"), "2026-11-21T06:57:31.500Z");
  EXPECT_EQ(round_trip("2026-01-01T00:15:00-05:30"), "2026-01-01T05:45:00.000Z");
  EXPECT_EQ(round_trip("2026-11-21t08:57:31z"), "2026-11-21T08:57:31.000Z");
  EXPECT_EQ(round_trip("2026-11-21 08:57:31Z"), "2026-11-21T08:57:31.000Z");
  EXPECT_EQ(round_trip("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
}

TEST(time_text, cuts_fractions_off_after_milliseconds) {
  EXPECT_EQ(round_trip("2026-11-21T08:57:31.123999999999999999999Z"), "2026-11-21T08:57:31.123Z");
  EXPECT_EQ(round_trip("2026-11-21T08:57:31.0009Z"), "2026-11-21T08:57:31.000Z");
}

TEST(time_text, takes_a_leap_second_as_the_first_instant_of_the_next_minute) {
  EXPECT_EQ(round_trip("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(round_trip("2016-12-31T23:59:60.7Z"), "2017-01-01T00:00:00.000Z");
}

TEST(time_text, keeps_to_the_years_0_to_9999) {
  EXPECT_EQ(round_trip("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(round_trip("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(*parse_time("9999-12-31T23:59:59.999Z"), latest_wall_time);
  EXPECT_THAT(round_trip("0000-01-01T00:00:00+01:00"), HasSubstr("outside the years"));
  EXPECT_THAT(round_trip("9999-12-31T23:59:59-01:00"), HasSubstr("outside the years"));
  EXPECT_THAT(round_trip("9999-12-31T23:59:60Z"), HasSubstr("outside the years"));
  EXPECT_FALSE(parse_time("10000-01-01T00:00:00Z"));
}

TEST(time_text, says_what_is_wrong_with_a_time) {
  EXPECT_THAT(round_trip(""), HasSubstr("does not begin with a date"));
  EXPECT_THAT(round_trip("tomorrow"), HasSubstr("write it like 2026-"));
  EXPECT_THAT(round_trip("2026-02-29T00:00:00Z"), HasSubstr("not in the calendar"));
  EXPECT_THAT(round_trip("2026-13-01T00:00:00Z"), HasSubstr("not in the calendar"));
  EXPECT_THAT(round_trip("2026-11-21"), HasSubstr("no T"));
  EXPECT_THAT(round_trip("2026-11-21T08:57Z"), HasSubstr("no hh:mm:ss"));
  EXPECT_THAT(round_trip("2026-11-21T24:00:00Z"), HasSubstr("time of day"));
  EXPECT_THAT(round_trip("2026-11-21T08:60:00Z"), HasSubstr("time of day"));
  EXPECT_THAT(round_trip("2026-11-21T08:57:31.Z"), HasSubstr("no digit after the dot"));
  EXPECT_THAT(round_trip("2026-11-21T08:57:31"), HasSubstr("does not end with Z"));
  EXPECT_THAT(round_trip("2026-11-21T08:57:31+24:00"), HasSubstr("does not end with Z"));
  EXPECT_THAT(round_trip("2026-11-21T08:57:31+0200"), HasSubstr("does not end with Z"));
  EXPECT_THAT(round_trip("2026-11-21T08:57:31Zx"), HasSubstr("does not end with Z"));
  EXPECT_THAT(round_trip("\xff\x01" + std::string(500, 'x')), HasSubstr("'??xxx"));
}

TEST(time_text, reads_back_every_time_that_it_writes) {
  std::mt19937_64 random{7};
  std::uniform_int_distribution<int64_t> any{-62167219200000, latest_wall_time.time_since_epoch().count()};
  for (int i = 0; i < 20000; ++i) {
    wall_time time{milliseconds{any(random)}};
    ASSERT_EQ(parse_time(format_time(time)).value_or(wall_time{}), time) << format_time(time);
  }
}

TEST(time_text, reads_durations) {
  using namespace std::chrono_literals;
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("90s"), 90s);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(*parse_duration("0s"), 0s);
  EXPECT_EQ(*parse_duration("36500d"), std::chrono::days{36500});
}

TEST(time_text, says_what_is_wrong_with_a_duration) {
  auto fault = [](std::string_view text) {
    auto read = parse_duration(text);
    return read ? "read as " + format_duration(*read) : read.error();
  };
  EXPECT_THAT(fault(""), HasSubstr("is empty"));
  EXPECT_THAT(fault("30"), HasSubstr("no unit"));
  EXPECT_THAT(fault("s"), HasSubstr("no number"));
  EXPECT_THAT(fault("-5s"), HasSubstr("no number"));
  EXPECT_THAT(fault("1.5h"), HasSubstr("unknown unit '.'"));
  EXPECT_THAT(fault("5 s"), HasSubstr("unknown unit ' s'"));
  EXPECT_THAT(fault("5w"), HasSubstr("unknown unit 'w'"));
  EXPECT_THAT(fault("5S"), HasSubstr("unknown unit"));
  EXPECT_THAT(fault("30m1h"), HasSubstr("largest to the smallest"));
  EXPECT_THAT(fault("1s1s"), HasSubstr("largest to the smallest"));
  EXPECT_THAT(fault("36501d"), HasSubstr("longer than 36500d"));
  EXPECT_THAT(fault("36500d1ms"), HasSubstr("longer than 36500d"));
  EXPECT_THAT(fault("99999999999999999999999999ms"), HasSubstr("longer than 36500d"));
}

TEST(time_text, writes_durations_below_two_minutes_or_two_days_as_people_say_them) {
  for (const auto* text :
       {"60s", "90s", "90s500ms", "2m", "2m1s", "59m", "1h", "1h1m", "1h30m", "24h", "36h", "2d", "7d12h"})
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  EXPECT_EQ(format_duration(std::chrono::minutes{1}), "60s");
  EXPECT_EQ(format_duration(std::chrono::days{1}), "24h");
}

TEST(time_text, writes_durations_with_the_largest_units) {
  EXPECT_EQ(format_duration(milliseconds{150000}), "2m30s");
  EXPECT_EQ(format_duration(milliseconds{0}), "0s");
  EXPECT_EQ(format_duration(milliseconds{250}), "250ms");
  EXPECT_EQ(format_duration(std::chrono::days{7}), "7d");
  std::mt19937_64 random{8};
  for (int i = 0; i < 20000; ++i) {
    milliseconds duration{static_cast<int64_t>(random() % 3'153'600'000'000) >> (random() % 40)};
    ASSERT_EQ(parse_duration(format_duration(duration)).value_or(milliseconds{-1}), duration);
  }
}

} // namespace
} // namespace wheelwork
