#include "schedule/misfire.hpp"

#include "tests/schedule/cron_test_tools.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace cron_test;
using namespace std::chrono_literals;
using std::chrono::days;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto grace = 60s;
const wall_time start = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};
const firing_frame frame{start, {}, {}};

task_schedule cron(std::string_view text) { return *make_cron_schedule(text, cron_dialect::unix_cron, "UTC", {}); }

TEST(is_missed, only_when_more_than_the_grace_has_passed) {
  EXPECT_FALSE(is_missed(start, start - 1h, grace));
  EXPECT_FALSE(is_missed(start, start, grace));
  EXPECT_FALSE(is_missed(start, start + grace, grace));
  EXPECT_TRUE(is_missed(start, start + grace + 1ms, grace));
  EXPECT_TRUE(is_missed(start, start + 1ms, 0ms));
}

TEST(settle_missed, once_runs_the_latest_missed_fire) {
  auto answer = settle_missed(cron("0 * * * *"), frame, start, start + 5h + 30min, misfire_policy::once, grace);
  EXPECT_THAT(answer.run, ElementsAre(start + 5h));
  EXPECT_EQ(answer.skipped, (skipped_span{start + 1h, start + 4h, 4}));
  EXPECT_EQ(answer.settled_until, start + 5h + 30min);
}

TEST(settle_missed, a_single_missed_fire_skips_nothing) {
  auto answer = settle_missed(cron("0 * * * *"), frame, start, start + 1h + 30min, misfire_policy::once, grace);
  EXPECT_THAT(answer.run, ElementsAre(start + 1h));
  EXPECT_EQ(answer.skipped, std::nullopt);
}

TEST(settle_missed, fires_within_the_grace_all_run_in_order_whatever_the_policy) {
  for (auto policy : {misfire_policy::once, misfire_policy::all, misfire_policy::skip}) {
    auto answer = settle_missed(cron("*/30 * * * * *"), frame, start, start + 60s, policy, grace);
    EXPECT_THAT(answer.run, ElementsAre(start + 30s, start + 60s));
    EXPECT_EQ(answer.skipped, std::nullopt);
  }
  auto answer = settle_missed(cron("*/30 * * * * *"), frame, start, start + 2min, misfire_policy::once, grace);
  EXPECT_THAT(answer.run, ElementsAre(start + 30s, start + 60s, start + 90s, start + 120s)); // one missed, three late
  answer = settle_missed(cron("*/30 * * * * *"), frame, start, start + 2min, misfire_policy::skip, grace);
  EXPECT_THAT(answer.run, ElementsAre(start + 60s, start + 90s, start + 120s));
  EXPECT_EQ(answer.skipped, (skipped_span{start + 30s, start + 30s, 1}));
}

TEST(settle_missed, all_runs_the_latest_thousand) {
  auto answer = settle_missed(cron("* * * * *"), frame, start, start + 1200min + 30s, misfire_policy::all, 0s);
  ASSERT_EQ(answer.run.size(), missed_fires_max);
  EXPECT_EQ(answer.run.front(), start + 201min);
  EXPECT_EQ(answer.run.back(), start + 1200min);
  EXPECT_TRUE(std::is_sorted(answer.run.begin(), answer.run.end()));
  EXPECT_EQ(answer.skipped, (skipped_span{start + 1min, start + 200min, 200}));
  answer = settle_missed(cron("* * * * *"), frame, start, start + 1000min + 30s, misfire_policy::all, 0s);
  EXPECT_EQ(answer.run.size(), missed_fires_max);
  EXPECT_EQ(answer.skipped, std::nullopt);
}

TEST(settle_missed, skip_runs_none_of_the_missed) {
  auto answer = settle_missed(cron("0 * * * *"), frame, start, start + 5h + 30min, misfire_policy::skip, grace);
  EXPECT_THAT(answer.run, IsEmpty());
  EXPECT_EQ(answer.skipped, (skipped_span{start + 1h, start + 5h, 5}));
}

TEST(settle_missed, a_year_of_seconds_is_one_run_of_skips) {
  auto answer = settle_missed(cron("* * * * * *"), frame, start, start + days{365}, misfire_policy::once, 0s);
  EXPECT_THAT(answer.run, ElementsAre(start + days{365} - 1s, start + days{365}));
  EXPECT_EQ(answer.skipped, (skipped_span{start + 1s, start + days{365} - 2s, 365 * 86400 - 2}));
}

TEST(settle_missed, too_many_late_fires_come_in_parts) {
  auto schedule = cron("* * * * * *");
  auto now = start + 25'000s;
  size_t run = 0, calls = 0;
  for (auto after = start; after < now; ++calls) {
    auto answer = settle_missed(schedule, frame, after, now, misfire_policy::once, days{1});
    ASSERT_FALSE(answer.run.empty());
    EXPECT_EQ(answer.run.front(), after + 1s);
    EXPECT_EQ(answer.run.back(), answer.settled_until);
    run += answer.run.size();
    after = answer.settled_until;
  }
  EXPECT_EQ(run, 25'000u);
  EXPECT_EQ(calls, 3u);
}

TEST(settle_missed, an_at_task_in_the_past_is_missed) {
  at_schedule once{start - days{30}};
  auto before = once.time - 1ms;
  EXPECT_THAT(settle_missed(once, frame, before, start, misfire_policy::once, grace).run, ElementsAre(once.time));
  EXPECT_THAT(settle_missed(once, frame, before, start, misfire_policy::all, grace).run, ElementsAre(once.time));
  auto skipped = settle_missed(once, frame, before, start, misfire_policy::skip, grace);
  EXPECT_THAT(skipped.run, IsEmpty());
  EXPECT_EQ(skipped.skipped, (skipped_span{once.time, once.time, 1}));
  EXPECT_THAT(settle_missed(at_schedule{start}, frame, start - 1s, start + 30s, misfire_policy::skip, grace).run,
              ElementsAre(start));
}

TEST(settle_missed, counting_from_the_end_gives_one_fire) {
  every_schedule every{1min, {}, false, true};
  for (auto now : {start + 2min, start + 90s, start + days{3}}) { // late, late, missed
    auto answer = settle_missed(every, frame, start, now, misfire_policy::once, grace);
    EXPECT_THAT(answer.run, ElementsAre(start + 1min)) << format_time(now);
    EXPECT_EQ(answer.skipped, std::nullopt);
  }
  EXPECT_THAT(settle_missed(every, frame, start, start + days{3}, misfire_policy::skip, grace).run, IsEmpty());
}

TEST(settle_missed, nothing_due_is_nothing_to_do) {
  auto answer = settle_missed(cron("0 * * * *"), frame, start, start + 30min, misfire_policy::all, grace);
  EXPECT_THAT(answer.run, IsEmpty());
  EXPECT_EQ(answer.skipped, std::nullopt);
  EXPECT_EQ(answer.settled_until, start + 30min);
  answer =
      settle_missed(cron("0 * * * *"), frame, start + 1h, start, misfire_policy::all, grace); // a clock that went back
  EXPECT_THAT(answer.run, IsEmpty());
}

TEST(misfire_policy, has_the_names_of_the_api) {
  for (auto policy : {misfire_policy::once, misfire_policy::all, misfire_policy::skip})
    EXPECT_EQ(parse_misfire_policy(to_string(policy)), policy);
  EXPECT_EQ(parse_misfire_policy("once"), misfire_policy::once);
  EXPECT_EQ(parse_misfire_policy("Once"), std::nullopt);
}

} // namespace
} // namespace wheelwork
