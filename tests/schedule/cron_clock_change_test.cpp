// What clock changes do to fires, with every time written out.
#include "tests/schedule/cron_test_tools.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace cron_test;
using testing::ElementsAre;

constexpr dst_rule skip_gaps{dst_gap::skip, dst_overlap::first};
constexpr dst_rule last_pass{dst_gap::after, dst_overlap::last};
constexpr dst_rule both_passes{dst_gap::after, dst_overlap::both};

TEST(cron_clock_change, a_skipped_time_fires_at_the_first_instant_after_it) {
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin"}, "2026-03-28T00:00:00Z", 3),
              ElementsAre("2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"));
  EXPECT_THAT(fires({"30 2 * * *", "America/New_York"}, "2026-03-08T00:00:00Z", 2),
              ElementsAre("2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"));
}

TEST(cron_clock_change, a_skipped_time_is_left_out_when_the_task_says_so) {
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin", skip_gaps}, "2026-03-28T00:00:00Z", 2),
              ElementsAre("2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"));
}

TEST(cron_clock_change, several_skipped_times_become_one_fire) {
  EXPECT_THAT(fires({"*/15 2 * * *", "Europe/Berlin"}, "2026-03-28T12:00:00Z", 2),
              ElementsAre("2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"));
}

TEST(cron_clock_change, a_fire_at_the_first_instant_after_the_gap_is_not_doubled) {
  EXPECT_THAT(fires({"*/30 2-3 * * *", "Europe/Berlin"}, "2026-03-28T12:00:00Z", 3),
              ElementsAre("2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:00:00+02:00"));
  EXPECT_THAT(fires({"0 3 * * *", "Europe/Berlin"}, "2026-03-28T12:00:00Z", 2),
              ElementsAre("2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"));
  EXPECT_THAT(fires({"30 1,2 * * *", "Europe/Berlin"}, "2026-03-28T12:00:00Z", 3),
              ElementsAre("2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T01:30:00+02:00"));
}

TEST(cron_clock_change, a_repeated_time_fires_in_the_pass_that_the_task_chose) {
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin"}, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"));
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin", last_pass}, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"));
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin", both_passes}, "2026-10-24T12:00:00Z", 3),
              ElementsAre("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"));
}

TEST(cron_clock_change, the_edges_of_a_repeated_hour_belong_to_it_or_not) {
  // 02:00 is repeated, 03:00 comes once.
  EXPECT_THAT(fires({"0 2,3 * * *", "Europe/Berlin"}, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00"));
  EXPECT_THAT(fires({"0 2,3 * * *", "Europe/Berlin", last_pass}, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"));
  EXPECT_THAT(fires({"59 59 2 * * *", "Europe/Berlin", both_passes}, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+01:00"));
}

TEST(cron_clock_change, asking_in_the_middle_of_a_repeated_hour_repeats_nothing) {
  // 00:45Z is 02:45 of the first pass, 01:10Z is 02:10 of the second.
  for (auto after : {"2026-10-25T00:45:00Z", "2026-10-25T01:10:00Z"})
    EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin"}, after, 1), ElementsAre("2026-10-26T02:30:00+01:00")) << after;
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin", last_pass}, "2026-10-25T00:10:00Z", 1),
              ElementsAre("2026-10-25T02:30:00+01:00"));
  EXPECT_THAT(fires({"30 2 29 2 *", "Europe/Berlin", both_passes}, "2026-10-25T00:45:00Z", 1),
              ElementsAre("2028-02-29T02:30:00+01:00"));
  EXPECT_THAT(fires({"30 2 25 10 *", "Europe/Berlin", both_passes}, "2026-10-25T00:45:00Z", 2),
              ElementsAre("2026-10-25T02:30:00+01:00", "2027-10-25T02:30:00+02:00"));
}

TEST(cron_clock_change, hours_with_a_star_follow_elapsed_time) {
  EXPECT_THAT(fires({"30 * * * *", "Europe/Berlin"}, "2026-03-29T00:00:00Z", 3),
              ElementsAre("2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"));
  EXPECT_THAT(fires({"30 * * * *", "Europe/Berlin"}, "2026-10-24T23:00:00Z", 4),
              ElementsAre("2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
                          "2026-10-25T03:30:00+01:00"));
  EXPECT_THAT(fires({"0 */2 * * *", "Europe/Berlin"}, "2026-03-28T22:30:00Z", 3), // nothing extra for 02:00
              ElementsAre("2026-03-29T00:00:00+01:00", "2026-03-29T04:00:00+02:00", "2026-03-29T06:00:00+02:00"));
  EXPECT_THAT(fires({"0 */2 * * *", "Europe/Berlin"}, "2026-10-24T22:30:00Z", 3), // both passes of 02:00
              ElementsAre("2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T04:00:00+01:00"));
  // The task's own choice counts for the other kind only.
  EXPECT_EQ(fires({"30 * * * *", "Europe/Berlin", {dst_gap::skip, dst_overlap::last}}, "2026-10-24T23:00:00Z", 9),
            fires({"30 * * * *", "Europe/Berlin"}, "2026-10-24T23:00:00Z", 9));
}

TEST(cron_clock_change, the_rule_is_the_same_in_all_dialects) {
  using enum cron_dialect;
  for (auto [dialect, text] : std::vector<std::pair<cron_dialect, std::string>>{{robfig_v1, "0 30 2 * *"},
                                                                                {robfig_v2, "30 2 * * *"},
                                                                                {robfig_v3, "30 2 * * *"},
                                                                                {apscheduler, "30 2 * * *"}}) {
    EXPECT_THAT(fires({text, "Europe/Berlin", {}, dialect}, "2026-03-28T12:00:00Z", 2),
                ElementsAre("2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"));
    EXPECT_THAT(fires({text, "Europe/Berlin", {}, dialect}, "2026-10-24T12:00:00Z", 2),
                ElementsAre("2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"));
  }
}

TEST(cron_clock_change, lord_howe_moves_by_half_an_hour) {
  // 2026-10-04: 02:00 becomes 02:30.
  EXPECT_THAT(fires({"15 2 * * *", "Australia/Lord_Howe"}, "2026-10-03T00:00:00Z", 2),
              ElementsAre("2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"));
  EXPECT_THAT(fires({"*/15 2 * * *", "Australia/Lord_Howe"}, "2026-10-03T12:00:00Z", 3),
              ElementsAre("2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00", "2026-10-05T02:00:00+11:00"));
  EXPECT_THAT(fires({"*/15 * * * *", "Australia/Lord_Howe"}, "2026-10-03T15:00:00Z", 4),
              ElementsAre("2026-10-04T01:45:00+10:30", "2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00",
                          "2026-10-04T03:00:00+11:00"));
  // 2026-04-05: 02:00 becomes 01:30.
  EXPECT_THAT(fires({"*/15 1 * * *", "Australia/Lord_Howe"}, "2026-04-04T13:00:00Z", 5),
              ElementsAre("2026-04-05T01:00:00+11:00", "2026-04-05T01:15:00+11:00", "2026-04-05T01:30:00+11:00",
                          "2026-04-05T01:45:00+11:00", "2026-04-06T01:00:00+10:30"));
  EXPECT_THAT(fires({"*/15 1 * * *", "Australia/Lord_Howe", last_pass}, "2026-04-04T13:00:00Z", 4),
              ElementsAre("2026-04-05T01:00:00+11:00", "2026-04-05T01:15:00+11:00", "2026-04-05T01:30:00+10:30",
                          "2026-04-05T01:45:00+10:30"));
}

TEST(cron_clock_change, shanghai_had_summer_time_before_1991) {
  // 1990-04-15 02:00 became 03:00, 1990-09-16 02:00 became 01:00.
  EXPECT_THAT(fires({"30 2 * * *", "Asia/Shanghai"}, "1990-04-14T00:00:00Z", 2),
              ElementsAre("1990-04-15T03:00:00+09:00", "1990-04-16T02:30:00+09:00"));
  EXPECT_THAT(fires({"30 1 * * *", "Asia/Shanghai", both_passes}, "1990-09-15T12:00:00Z", 3),
              ElementsAre("1990-09-16T01:30:00+09:00", "1990-09-16T01:30:00+08:00", "1990-09-17T01:30:00+08:00"));
  EXPECT_THAT(fires({"30 2 * * *", "Asia/Shanghai"}, "2026-04-11T00:00:00Z", 2),
              ElementsAre("2026-04-12T02:30:00+08:00", "2026-04-13T02:30:00+08:00"));
}

TEST(cron_clock_change, casablanca_changes_around_ramadan) {
  // 2026-02-15 03:00 becomes 02:00, 2026-03-22 02:00 becomes 03:00.
  EXPECT_THAT(fires({"30 2 * * *", "Africa/Casablanca"}, "2026-02-14T12:00:00Z", 2),
              ElementsAre("2026-02-15T02:30:00+01:00", "2026-02-16T02:30:00+00:00"));
  EXPECT_THAT(fires({"30 2 * * *", "Africa/Casablanca"}, "2026-03-21T12:00:00Z", 2),
              ElementsAre("2026-03-22T03:00:00+01:00", "2026-03-23T02:30:00+01:00"));
}

TEST(cron_clock_change, midnight_itself_can_be_skipped) {
  EXPECT_THAT(fires({"0 0 * * *", "Asia/Beirut"}, "2026-03-28T12:00:00Z", 2),
              ElementsAre("2026-03-29T01:00:00+03:00", "2026-03-30T00:00:00+03:00"));
  EXPECT_THAT(fires({"@daily", "Africa/Cairo"}, "2026-04-23T12:00:00Z", 2),
              ElementsAre("2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"));
  EXPECT_THAT(fires({"0 0 * * *", "America/Santiago"}, "2026-09-05T12:00:00Z", 2),
              ElementsAre("2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"));
  EXPECT_THAT(
      fires({"0 0 * * sun", "America/Santiago"}, "2026-09-05T12:00:00Z", 2), // the day is that of the skipped time
      ElementsAre("2026-09-06T01:00:00-03:00", "2026-09-13T00:00:00-03:00"));
  EXPECT_THAT(fires({"0 0 * * *", "Asia/Beirut", skip_gaps}, "2026-03-28T12:00:00Z", 1),
              ElementsAre("2026-03-30T00:00:00+03:00"));
  // Beirut's clock goes back to 23:00 of the day before; Cairo's, too.
  EXPECT_THAT(fires({"30 23 * * *", "Asia/Beirut"}, "2026-10-24T12:00:00Z", 2),
              ElementsAre("2026-10-24T23:30:00+03:00", "2026-10-25T23:30:00+02:00"));
  EXPECT_THAT(fires({"0 0 * * *", "Africa/Cairo"}, "2026-10-29T12:00:00Z", 2),
              ElementsAre("2026-10-30T00:00:00+02:00", "2026-10-31T00:00:00+02:00"));
}

TEST(cron_clock_change, changes_go_on_after_the_end_of_the_database) {
  EXPECT_THAT(fires({"30 2 * * *", "Europe/Berlin"}, "2099-03-28T12:00:00Z", 2),
              ElementsAre("2099-03-29T03:00:00+02:00", "2099-03-30T02:30:00+02:00"));
  EXPECT_THAT(fires({"30 1 * * *", "America/New_York", both_passes}, "2500-11-06T12:00:00Z", 3),
              ElementsAre("2500-11-07T01:30:00-04:00", "2500-11-07T01:30:00-05:00", "2500-11-08T01:30:00-05:00"));
  EXPECT_THAT(fires({"15 2 * * *", "Australia/Lord_Howe"}, "9999-10-02T12:00:00Z", 1),
              ElementsAre("9999-10-03T02:30:00+11:00"));
}

TEST(cron_clock_change, apia_skipped_a_whole_day) {
  EXPECT_THAT(fires({"0 12 * * *", "Pacific/Apia"}, "2011-12-29T00:00:00Z", 3),
              ElementsAre("2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"));
  EXPECT_THAT(fires({"0 12 30 * *", "Pacific/Apia"}, "2011-12-29T00:00:00Z", 2),
              ElementsAre("2011-12-31T00:00:00+14:00", "2012-01-30T12:00:00+14:00"));
  EXPECT_THAT(fires({"0 12 30 12 *", "Pacific/Apia", skip_gaps}, "2011-12-29T00:00:00Z", 1),
              ElementsAre("2012-12-30T12:00:00+14:00"));
  EXPECT_THAT(fires({"0 */12 * * *", "Pacific/Apia"}, "2011-12-29T11:00:00Z", 3),
              ElementsAre("2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"));
}

TEST(cron_clock_change, dublin_counts_winter_as_its_saving) {
  EXPECT_THAT(fires({"30 1 * * *", "Europe/Dublin"}, "2026-03-28T12:00:00Z", 2),
              ElementsAre("2026-03-29T02:00:00+01:00", "2026-03-30T01:30:00+01:00"));
  EXPECT_THAT(fires({"30 1 * * *", "Europe/Dublin", both_passes}, "2060-10-30T12:00:00Z", 3),
              ElementsAre("2060-10-31T01:30:00+01:00", "2060-10-31T01:30:00+00:00", "2060-11-01T01:30:00+00:00"));
}

TEST(cron_next, ends_with_the_year_9999) {
  EXPECT_THAT(fires({"0 0 1 1 *"}, "9998-06-01T00:00:00Z", 3), ElementsAre("9999-01-01T00:00:00+00:00"));
  EXPECT_THAT(fires({"59 59 23 31 12 *"}, "9999-12-31T23:59:58Z", 3), ElementsAre("9999-12-31T23:59:59+00:00"));
  EXPECT_THAT(fires({"* * * * * *", "Pacific/Kiritimati"}, "9999-12-31T23:59:57.5Z", 3),
              ElementsAre("10000-01-01T13:59:58+14:00", "10000-01-01T13:59:59+14:00"));
  auto any = cron_expression::parse("* * * * * *", cron_dialect::unix_cron);
  for (const char* name : {"UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/New_York"}) {
    EXPECT_EQ(any->next(latest_wall_time, *zone(name)), std::nullopt);
    EXPECT_EQ(any->next(wall_time::max(), *zone(name)), std::nullopt);
    EXPECT_GE(any->next(wall_time::min(), *zone(name)), at("0000-01-01T00:00:00Z"));
  }
  EXPECT_EQ(fires({"0 0 29 2 *"}, "9996-03-01T00:00:00Z", 1), texts{});
}

TEST(cron_next, fractions_of_a_second_are_not_lost) {
  EXPECT_THAT(fires({"* * * * * *"}, "2026-11-21T08:00:00.999Z", 1), ElementsAre("2026-11-21T08:00:01+00:00"));
  EXPECT_THAT(fires({"* * * * * *"}, "2026-11-21T08:00:01.000Z", 1), ElementsAre("2026-11-21T08:00:02+00:00"));
  EXPECT_THAT(fires({"* * * * * *"}, "1969-12-31T23:59:58.999Z", 2),
              ElementsAre("1969-12-31T23:59:59+00:00", "1970-01-01T00:00:00+00:00"));
}

TEST(cron_next, leap_days_follow_the_centuries) {
  EXPECT_THAT(fires({"0 0 29 2 *"}, "2096-01-01T00:00:00Z", 2),
              ElementsAre("2096-02-29T00:00:00+00:00", "2104-02-29T00:00:00+00:00"));
  EXPECT_THAT(fires({"0 0 29 2 *"}, "1996-03-01T00:00:00Z", 1), ElementsAre("2000-02-29T00:00:00+00:00"));
  EXPECT_THAT(fires({"0 0 29 2 mon", "Europe/Berlin", {}, cron_dialect::apscheduler}, "2072-03-01T00:00:00Z", 2),
              ElementsAre("2112-02-29T00:00:00+01:00", "2140-02-29T00:00:00+01:00"));
}

} // namespace
} // namespace wheelwork
