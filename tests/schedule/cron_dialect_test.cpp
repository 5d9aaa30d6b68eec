// What each dialect reads, and what it says about what it does not read.
#include "tests/schedule/cron_test_tools.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace cron_test;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using enum cron_dialect;

texts fires_in(cron_dialect dialect, const std::string& text, std::string_view after, size_t count = 3) {
  return fires({text, "UTC", {}, dialect}, after, count);
}

struct fault {
  size_t position;
  std::string message;
};

fault fault_of(std::string_view text, cron_dialect dialect = unix_cron) {
  auto read = cron_expression::parse(text, dialect);
  return read ? fault{std::string::npos, "no error"} : fault{read.error().position, read.error().message};
}

bool is_valid(std::string_view text, cron_dialect dialect) { return cron_expression::parse(text, dialect).has_value(); }

TEST(cron_unix, takes_five_fields_or_six_with_seconds_first) {
  EXPECT_THAT(fires_in(unix_cron, "30 2 * * *", "2026-11-21T00:00:00Z", 2),
              ElementsAre("2026-11-21T02:30:00+00:00", "2026-11-22T02:30:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "*/20 30 2 * * *", "2026-11-21T02:30:05Z", 3),
              ElementsAre("2026-11-21T02:30:20+00:00", "2026-11-21T02:30:40+00:00", "2026-11-22T02:30:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "  5\t4 * \n * *  ", "2026-11-21T00:00:00Z", 1),
              ElementsAre("2026-11-21T04:05:00+00:00"));
}

TEST(cron_unix, reads_lists_ranges_steps_and_names) {
  EXPECT_THAT(fires_in(unix_cron, "0,30-40/5,7 0 * * *", "2026-11-20T23:59:00Z", 5),
              ElementsAre("2026-11-21T00:00:00+00:00", "2026-11-21T00:07:00+00:00", "2026-11-21T00:30:00+00:00",
                          "2026-11-21T00:35:00+00:00", "2026-11-21T00:40:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 1 JAN,Jul *", "2026-11-21T00:00:00Z", 2),
              ElementsAre("2027-01-01T00:00:00+00:00", "2027-07-01T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 * * mon-wed", "2026-11-21T00:00:00Z", 3), // a Saturday
              ElementsAre("2026-11-23T00:00:00+00:00", "2026-11-24T00:00:00+00:00", "2026-11-25T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 22/1 * * *", "2026-11-21T00:00:00Z", 3), // n/step runs to the end of the field
              ElementsAre("2026-11-21T22:00:00+00:00", "2026-11-21T23:00:00+00:00", "2026-11-22T22:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "*/60 * * * *", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-21T01:00:00+00:00"));
}

TEST(cron_unix, sunday_is_0_and_7) {
  for (auto text : {"0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * SUN", "0 0 * * 7-7", "0 0 ? * 0,7"})
    EXPECT_THAT(fires_in(unix_cron, text, "2026-11-21T00:00:00Z", 2),
                ElementsAre("2026-11-22T00:00:00+00:00", "2026-11-29T00:00:00+00:00"))
        << text;
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * 5-7", "2026-11-21T00:00:00Z", 9),
            fires_in(unix_cron, "0 0 * * 0,5,6", "2026-11-21T00:00:00Z", 9));
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * 0-7", "2026-11-21T00:00:00Z", 9),
            fires_in(unix_cron, "0 0 * * *", "2026-11-21T00:00:00Z", 9));
}

TEST(cron_unix, weekday_ranges_go_round_the_week) {
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * fri-mon", "2026-11-21T00:00:00Z", 9),
            fires_in(unix_cron, "0 0 * * 0,1,5,6", "2026-11-21T00:00:00Z", 9));
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * sat-sun", "2026-11-21T00:00:00Z", 9),
            fires_in(unix_cron, "0 0 * * 6,0", "2026-11-21T00:00:00Z", 9));
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * 7-2", "2026-11-21T00:00:00Z", 9),
            fires_in(unix_cron, "0 0 * * 0,1,2", "2026-11-21T00:00:00Z", 9));
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * 7/2", "2026-11-21T00:00:00Z", 9),
            fires_in(unix_cron, "0 0 * * 0", "2026-11-21T00:00:00Z", 9));
}

TEST(cron_unix, either_day_field_matches_when_both_are_restricted) {
  EXPECT_THAT(fires_in(unix_cron, "0 0 13 * fri", "2026-11-01T00:00:00Z", 5),
              ElementsAre("2026-11-06T00:00:00+00:00", "2026-11-13T00:00:00+00:00", "2026-11-20T00:00:00+00:00",
                          "2026-11-27T00:00:00+00:00", "2026-12-04T00:00:00+00:00"));
  // One of them begins with * or ?: both must match.
  EXPECT_THAT(fires_in(unix_cron, "0 0 */2 * mon", "2026-11-01T00:00:00Z", 3),
              ElementsAre("2026-11-09T00:00:00+00:00", "2026-11-23T00:00:00+00:00", "2026-12-07T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 13 * */5", "2026-11-01T00:00:00Z", 2), // weekdays 0 and 5
              ElementsAre("2026-11-13T00:00:00+00:00", "2026-12-13T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 ? * mon", "2026-11-01T00:00:00Z", 1), ElementsAre("2026-11-02T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 29 2 1", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2027-02-01T00:00:00+00:00", "2027-02-08T00:00:00+00:00"));
}

TEST(cron_unix, counts_days_from_the_end_of_the_month) {
  EXPECT_THAT(fires_in(unix_cron, "0 0 L * *", "2027-12-31T12:00:00Z", 3),
              ElementsAre("2028-01-31T00:00:00+00:00", "2028-02-29T00:00:00+00:00", "2028-03-31T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 L-3 2 *", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-02-25T00:00:00+00:00", "2027-02-25T00:00:00+00:00", "2028-02-26T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 l-30 * *", "2026-01-02T00:00:00Z", 2), // only months of 31 days have such a day
              ElementsAre("2026-03-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 15,L * *", "2026-02-01T00:00:00Z", 2),
              ElementsAre("2026-02-15T00:00:00+00:00", "2026-02-28T00:00:00+00:00"));
}

TEST(cron_unix, finds_the_last_and_the_nth_weekday) {
  EXPECT_THAT(fires_in(unix_cron, "0 0 * * 5L", "2026-11-01T00:00:00Z", 3),
              ElementsAre("2026-11-27T00:00:00+00:00", "2026-12-25T00:00:00+00:00", "2027-01-29T00:00:00+00:00"));
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * friL", "2026-11-01T00:00:00Z"),
            fires_in(unix_cron, "0 0 * * 5l", "2026-11-01T00:00:00Z"));
  EXPECT_EQ(fires_in(unix_cron, "0 0 * * 7L", "2026-11-01T00:00:00Z"),
            fires_in(unix_cron, "0 0 * * 0L", "2026-11-01T00:00:00Z"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 * * fri#2", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-13T00:00:00+00:00", "2026-12-11T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 * * 1#5", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-30T00:00:00+00:00", "2027-03-29T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 * * 7#1,3#1", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-04T00:00:00+00:00", "2026-12-02T00:00:00+00:00"));
}

TEST(cron_unix, finds_the_nearest_working_day_in_the_same_month) {
  EXPECT_THAT(fires_in(unix_cron, "0 0 15W * *", "2026-08-01T00:00:00Z", 3), // Saturday, Tuesday, Thursday
              ElementsAre("2026-08-14T00:00:00+00:00", "2026-09-15T00:00:00+00:00", "2026-10-15T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 15w 11 *", "2026-01-01T00:00:00Z", 1), // a Sunday
              ElementsAre("2026-11-16T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 1W 8 *", "2026-01-01T00:00:00Z", 1), // Saturday the 1st does not go back to July
              ElementsAre("2026-08-03T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 31W 5 *", "2026-01-01T00:00:00Z", 1), // Sunday the 31st does not go on to June
              ElementsAre("2026-05-29T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 31W * *", "2026-02-01T00:00:00Z", 1), // February has none
              ElementsAre("2026-03-31T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "0 0 LW * *", "2026-01-01T00:00:00Z", 3),
              ElementsAre("2026-01-30T00:00:00+00:00", "2026-02-27T00:00:00+00:00", "2026-03-31T00:00:00+00:00"));
}

TEST(cron_unix, knows_the_named_schedules) {
  EXPECT_THAT(fires_in(unix_cron, "@yearly", "2026-11-21T00:00:00Z", 1), ElementsAre("2027-01-01T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "@annually", "2026-11-21T00:00:00Z", 1), ElementsAre("2027-01-01T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "@monthly", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-12-01T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "@weekly", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-22T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "@daily", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-22T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, " @midnight ", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-22T00:00:00+00:00"));
  EXPECT_THAT(fires_in(unix_cron, "@hourly", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-21T01:00:00+00:00"));
  EXPECT_EQ(cron_expression::parse("@every 90s", unix_cron)->every(), seconds{90});
  EXPECT_EQ(cron_expression::parse("@every 1d", unix_cron)->every(), std::chrono::days{1});
  EXPECT_EQ(cron_expression::parse("@every 250ms", unix_cron)->every(), milliseconds{250});
  EXPECT_EQ(cron_expression::parse("@daily", unix_cron)->every(), std::nullopt);
  EXPECT_EQ(cron_expression::parse("@every 90s", unix_cron)->next(at("2026-11-21T00:00:00Z"), *utc_zone()),
            std::nullopt);
}

TEST(cron_unix, errors_name_the_place_and_what_would_be_right) {
  struct example {
    std::string text;
    size_t position;
    std::string message;
  };
  for (const auto& [text, position, message] : std::vector<example>{
           {"", 0, "is empty"},
           {"   ", 0, "is empty"},
           {"* * * *", 7, "found 4 fields"},
           {"* * * * * * *", 12, "takes 5 fields"},
           {"99 99", 5, "found 2 fields"},
           {"60 * * * *", 0, "minute: '60' is too large; it takes a number from 0 to 59"},
           {"* 24 * * *", 2, "hour: '24' is too large"},
           {"* * 0 * *", 4, "day of month: '0' is too small"},
           {"* * 32 * *", 4, "day of month: '32' is too large"},
           {"* * * 13 *", 6, "month: '13' is too large"},
           {"* * * * 8", 8, "weekday: '8' is too large"},
           {"99 * * * * *", 0, "second: '99' is too large"},
           {"1,2,x * * * *", 4, "minute: 'x' is not known"},
           {"* * * foo *", 6, "a name from jan to dec"},
           {"* * * january *", 6, "month: 'january' is not known"},
           {"*/0 * * * *", 2, "a step of 0 would never advance"},
           {"*/61 * * * *", 2, "can be at most 60"},
           {"*/ * * * *", 2, "the step '' after /"},
           {"*/x * * * *", 2, "whole number"},
           {"1/2/3 * * * *", 2, "the step '2/3'"},
           {"5- * * * *", 2, "a value is missing here"},
           {"-5 * * * *", 0, "a value is missing here"},
           {"1,,2 * * * *", 2, "a value is missing here"},
           {"1, * * * *", 2, "a value is missing here"},
           {"1-2-3 * * * *", 2, "'2-3' is not known"},
           {"50-10 * * * *", 0, "runs backwards; write 50-59,0-10"},
           {"0 22-2 * * *", 2, "write 22-23,0-2"},
           {"*-5 * * * *", 0, "takes no end of a range"},
           {"? * * * *", 0, "in a day field only; write *"},
           {"0 0 ?/2 * *", 4, "write */2"},
           {"0 0 L-31 * *", 6, "days before the last"},
           {"0 0 LX * *", 4, "it takes L, L-3, LW or 15W"},
           {"0 0 5L * *", 4, "a weekday goes into the last field"},
           {"0 0 32W * *", 4, "'32' is too large"},
           {"0 0 1-5W * *", 4, "day of month: '1-5' is not known"},
           {"0 0 * * L", 8, "5L is the last Friday"},
           {"0 0 * * 1#6", 10, "which one of the month"},
           {"0 0 * * 1#0", 10, "which one of the month"},
           {"0 0 * * #1", 8, "a value is missing"},
           {"0 0 * * 9L", 8, "'9' is too large"},
           {"0 0 30 2 *", 0, "can never match"},
           {"0 0 31 4,6,9,11 *", 0, "can never match"},
           {"0 0 31W 2 *", 0, "can never match"},
           {"0 0 L-30 2 *", 0, "can never match"},
           {"@reboot", 0, "'@reboot' is not known; after @ it can be yearly"},
           {"@", 0, "is not known"},
           {"@every", 0, "is not known"},
           {"@everyone", 0, "is not known"},
           {"@every ", 0, "is not known"},
           {"@every x", 7, "@every"},
           {"@every -5s", 7, "@every"},
           {"@every 10ms", 7, "at least 100ms"},
           {"@every 0s", 7, "at least 100ms"},
           {"TZ=UTC * * * * *", 0, "set the time zone beside the expression"},
           {"CRON_TZ=UTC * * * * *", 0, "set the time zone beside the expression"},
           {"\xc3\xa4 * * * *", 0, "'\\xc3\\xa4' is not known"},
           {"99999999999999999999 * * * *", 0, "too large"},
           {std::string{"* * * *\0*", 9}, 9, "found 4 fields"},
       }) {
    auto found = fault_of(text);
    EXPECT_EQ(found.position, position) << text << ": " << found.message;
    EXPECT_THAT(found.message, HasSubstr(message)) << text;
  }
}

TEST(cron_unix, a_restricted_weekday_beside_an_impossible_day_still_matches) {
  EXPECT_THAT(fires_in(unix_cron, "0 0 30 2 mon", "2026-11-21T00:00:00Z", 1), ElementsAre("2027-02-01T00:00:00+00:00"));
}

TEST(cron_robfig_v1, has_seconds_first_and_the_weekday_last_or_not_at_all) {
  EXPECT_THAT(fires_in(robfig_v1, "30 2 * * *", "2026-11-21T00:00:00Z", 2),
              ElementsAre("2026-11-21T00:02:30+00:00", "2026-11-21T01:02:30+00:00"));
  EXPECT_THAT(fires_in(robfig_v1, "0 30 2 * * 1", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-23T02:30:00+00:00"));
  EXPECT_THAT(fires_in(robfig_v1, "@daily", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-22T00:00:00+00:00"));
  EXPECT_EQ(fault_of("* * * *", robfig_v1).position, 7u);
  EXPECT_FALSE(is_valid("* * * * * * *", robfig_v1));
  EXPECT_FALSE(is_valid("TZ=UTC * * * * *", robfig_v1));
}

TEST(cron_robfig_v2, has_five_fields_or_six_with_seconds_first) {
  EXPECT_THAT(fires_in(robfig_v2, "30 2 * * *", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-21T02:30:00+00:00"));
  EXPECT_THAT(fires_in(robfig_v2, "15 30 2 * * *", "2026-11-21T00:00:00Z", 1),
              ElementsAre("2026-11-21T02:30:15+00:00"));
  EXPECT_EQ(cron_expression::parse("TZ=Asia/Tokyo 30 2 * * *", robfig_v2)->zone_prefix(), "Asia/Tokyo");
  EXPECT_FALSE(is_valid("CRON_TZ=Asia/Tokyo 30 2 * * *", robfig_v2));
}

TEST(cron_robfig_v3, has_exactly_five_fields) {
  EXPECT_THAT(fires_in(robfig_v3, "30 2 * * *", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-21T02:30:00+00:00"));
  EXPECT_EQ(fault_of("0 30 2 * * *", robfig_v3).position, 11u);
  EXPECT_THAT(fault_of("0 30 2 * * *", robfig_v3).message, HasSubstr("exactly 5 fields"));
  EXPECT_EQ(cron_expression::parse("CRON_TZ=Asia/Tokyo 30 2 * * *", robfig_v3)->zone_prefix(), "Asia/Tokyo");
  EXPECT_EQ(cron_expression::parse("TZ=Asia/Tokyo  @daily", robfig_v3)->zone_prefix(), "Asia/Tokyo");
  EXPECT_EQ(cron_expression::parse("TZ=Asia/Tokyo @every 5m", robfig_v3)->every(), seconds{300});
  EXPECT_EQ(fault_of("TZ=Asia/Tokyo", robfig_v3).position, 13u);
  EXPECT_EQ(fault_of("TZ= * * * * *", robfig_v3).position, 3u);
  EXPECT_EQ(fault_of("TZ=UTC 99 * * * *", robfig_v3).position, 7u);
}

TEST(cron_robfig, rejects_7_and_the_letters_of_unix) {
  for (auto dialect : {robfig_v1, robfig_v2, robfig_v3}) {
    std::string seconds_field = dialect == robfig_v1 ? "0 " : "";
    for (std::string text : {"0 0 * * 7", "0 0 L * *", "0 0 * * 5L", "0 0 * * 1#2", "0 0 15W * *", "0 0 * * 5-7",
                             "0 0 * * fri-mon", "0 0 30 2 *", "*/0 * * * *", "*-5 * * * *", "60 * * * *", ", * * * *"})
      EXPECT_FALSE(is_valid(seconds_field + text, dialect)) << seconds_field + text;
    for (std::string text :
         {"0 0 * * 0", "0 0 ? * ?", "? ?/3 * * *", "*/90 * * * *", "1,,2, * * * *", "0 0 * JAN-mar SUN"})
      EXPECT_TRUE(is_valid(seconds_field + text, dialect)) << seconds_field + text;
  }
}

TEST(cron_robfig, a_stepped_star_restricts_the_day_in_version_3_only) {
  // Odd days and Mondays.
  EXPECT_THAT(fires_in(robfig_v3, "0 0 */2 * 1", "2026-11-21T00:00:00Z", 3),
              ElementsAre("2026-11-23T00:00:00+00:00", "2026-11-25T00:00:00+00:00", "2026-11-27T00:00:00+00:00"));
  EXPECT_THAT(fires_in(robfig_v3, "0 0 */1 * 1", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-23T00:00:00+00:00"));
  // Odd Mondays.
  for (auto text : {"0 0 */2 * 1", "0 0 1,3,*/2 * 1"})
    EXPECT_THAT(fires_in(robfig_v2, text, "2026-11-21T00:00:00Z", 2),
                ElementsAre("2026-11-23T00:00:00+00:00", "2026-12-07T00:00:00+00:00"));
  EXPECT_THAT(fires_in(robfig_v1, "0 0 0 */2 * 1", "2026-11-21T00:00:00Z", 2),
              ElementsAre("2026-11-23T00:00:00+00:00", "2026-12-07T00:00:00+00:00"));
}

TEST(cron_robfig, every_takes_durations_of_go_in_whole_seconds) {
  auto every = [](std::string_view text) {
    auto read = cron_expression::parse(text, robfig_v3);
    return read ? read->every() : std::nullopt;
  };
  EXPECT_EQ(every("@every 90s"), seconds{90});
  EXPECT_EQ(every("@every 1h30m10s"), seconds{5410});
  EXPECT_EQ(every("@every 1.5h"), seconds{5400});
  EXPECT_EQ(every("@every 30m1h"), seconds{5400});
  EXPECT_EQ(every("@every 2999ms"), seconds{2});
  EXPECT_EQ(every("@every 0.1m"), seconds{6});
  EXPECT_EQ(every("@every 1ns"), seconds{1});
  EXPECT_EQ(every("@every 5000000\xc2\xb5s"), seconds{5});
  for (auto text :
       {"@every 1d", "@every 5", "@every s", "@every .s", "@every 1.2.3s", "@every 9999999h", "@every", "@every  "})
    EXPECT_EQ(every(text), std::nullopt) << text;
}

TEST(cron_apscheduler, monday_is_0_and_both_day_fields_must_match) {
  EXPECT_THAT(fires_in(apscheduler, "0 0 * * 0", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-23T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 * * 6", "2026-11-21T00:00:00Z", 1), ElementsAre("2026-11-22T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 * * sun", "2026-11-21T00:00:00Z", 1),
              ElementsAre("2026-11-22T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 * * tue-THU", "2026-11-21T00:00:00Z", 3),
              ElementsAre("2026-11-24T00:00:00+00:00", "2026-11-25T00:00:00+00:00", "2026-11-26T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 13 * fri", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-13T00:00:00+00:00", "2027-08-13T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 29 2 mon", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2044-02-29T00:00:00+00:00", "2072-02-29T00:00:00+00:00"));
}

TEST(cron_apscheduler, knows_positions_of_weekdays_in_the_month) {
  EXPECT_THAT(fires_in(apscheduler, "0 0 last * *", "2028-01-01T00:00:00Z", 2),
              ElementsAre("2028-01-31T00:00:00+00:00", "2028-02-29T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 2nd fri * *", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-13T00:00:00+00:00", "2026-12-11T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 Last Sun * *", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-29T00:00:00+00:00", "2026-12-27T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "30 4 1st mon,3rd mon,20 * *", "2026-11-01T00:00:00Z", 3),
              ElementsAre("2026-11-02T04:30:00+00:00", "2026-11-16T04:30:00+00:00", "2026-11-20T04:30:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 15,last * *", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-15T00:00:00+00:00", "2026-11-30T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 5th mon * *", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-30T00:00:00+00:00", "2027-03-29T00:00:00+00:00"));
  EXPECT_THAT(fires_in(apscheduler, "0 0 last * mon", "2026-11-01T00:00:00Z", 2),
              ElementsAre("2026-11-30T00:00:00+00:00", "2027-05-31T00:00:00+00:00"));
}

TEST(cron_apscheduler, errors_name_the_place_and_what_would_be_right) {
  struct example {
    std::string text;
    size_t position;
    std::string message;
  };
  for (const auto& [text, position, message] : std::vector<example>{
           {"0 0 * *", 7, "exactly 5"},
           {"0 0 0 * * *", 10, "exactly 5"},
           {"@daily", 0, "no @ texts"},
           {"@every 90s", 0, "no @ texts"},
           {"TZ=UTC 0 0 * * *", 0, "set the time zone"},
           {"0 0 * * 7", 8, "weekday: '7' is too large"},
           {"0 0 * * ?", 8, "'?' is not known"},
           {"0 0 L * *", 4, "'L' is not known"},
           {"*/60 * * * *", 2, "at most 59"},
           {"*/0 * * * *", 2, "a step of 0"},
           {"10-15/6 * * * *", 6, "at most 5"},
           {"59/1 * * * *", 3, "a range of one value takes no step"},
           {"20-10 * * * *", 0, "runs backwards"},
           {"0 0 * * sun-mon", 8, "runs backwards"},
           {"0 0 * * mon-fri/2", 16, "ignores a step after names"},
           {"0 0 * * mon-5", 8, "mixes a name and a number"},
           {"0 0 2nd * *", 4, "needs a weekday after it"},
           {"0 0 2nd 5 * *", 12, "exactly 5"},
           {"0 0 * last *", 6, "month: 'last' is not known"},
           {"1,,2 * * * *", 2, "a value is missing"},
           {"0 0 30 2 *", 0, "can never match"},
           {"0 0 5th mon 2 tue", 0, "can never match"},
       }) {
    auto found = fault_of(text, apscheduler);
    EXPECT_EQ(found.position, position) << text << ": " << found.message;
    EXPECT_THAT(found.message, HasSubstr(message)) << text;
  }
}

TEST(cron_dialects, have_the_names_of_the_api) {
  for (auto dialect : {unix_cron, robfig_v1, robfig_v2, robfig_v3, apscheduler})
    EXPECT_EQ(parse_cron_dialect(to_string(dialect)), dialect);
  EXPECT_EQ(parse_cron_dialect("unix"), unix_cron);
  EXPECT_EQ(parse_cron_dialect("robfig_v2"), robfig_v2);
  EXPECT_EQ(parse_cron_dialect("apscheduler"), apscheduler);
  EXPECT_EQ(parse_cron_dialect("UNIX"), std::nullopt);
  EXPECT_EQ(parse_cron_dialect(""), std::nullopt);
}

} // namespace
} // namespace wheelwork
