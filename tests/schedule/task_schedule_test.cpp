#include "schedule/task_schedule.hpp"

#include "tests/schedule/cron_oracle.hpp"
#include "tests/schedule/cron_test_tools.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace cron_test;
using namespace std::chrono_literals;
using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;

firing_frame created(std::string_view time) { return {at(time), {}, {}}; }

task_schedule cron(std::string_view text, std::string_view zone_name = "UTC", dst_rule dst = {},
                   cron_dialect dialect = cron_dialect::unix_cron) {
  auto made = make_cron_schedule(text, dialect, zone_name, dst);
  EXPECT_TRUE(made) << text;
  return *made;
}

texts next_fires(const task_schedule& schedule, const firing_frame& frame, wall_time after, size_t count) {
  texts found;
  while (found.size() < count) {
    auto next = next_fire(schedule, frame, after);
    if (!next) break;
    found.push_back(format_time(*next));
    after = *next;
  }
  return found;
}

TEST(every_schedule, fires_one_period_after_its_creation_and_never_drifts) {
  auto frame = created("2026-11-21T08:00:00.250Z");
  every_schedule every{90s, {}, false, false};
  EXPECT_THAT(next_fires(every, frame, frame.created_at, 2),
              ElementsAre("2026-11-21T08:01:30.250Z", "2026-11-21T08:03:00.250Z"));
  EXPECT_EQ(next_fire(every, frame, frame.created_at - days{1}), frame.created_at + 90s);
  EXPECT_EQ(next_fire(every, frame, frame.created_at + 90s - 1ms), frame.created_at + 90s);
  EXPECT_EQ(next_fire(every, frame, frame.created_at + 90s * 1'000'000 + 1ms), frame.created_at + 90s * 1'000'001);
}

TEST(every_schedule, with_first_now_fires_at_the_creation_too) {
  auto frame = created("2026-11-21T08:00:00Z");
  every_schedule every{1h, {}, true, false};
  EXPECT_THAT(next_fires(every, frame, frame.created_at - 1ms, 2),
              ElementsAre("2026-11-21T08:00:00.000Z", "2026-11-21T09:00:00.000Z"));
  EXPECT_EQ(next_fire(every, frame, frame.created_at), frame.created_at + 1h);
}

TEST(every_schedule, counts_from_its_anchor) {
  auto frame = created("2026-11-21T08:10:00Z");
  every_schedule past{1h, at("2020-01-01T00:15:00Z"), false, false};
  EXPECT_THAT(next_fires(past, frame, frame.created_at, 2),
              ElementsAre("2026-11-21T08:15:00.000Z", "2026-11-21T09:15:00.000Z"));
  every_schedule future{1h, at("2027-01-01T00:00:00Z"), false, false};
  EXPECT_THAT(next_fires(future, frame, frame.created_at, 1), ElementsAre("2027-01-01T01:00:00.000Z"));
  future.first_now = true;
  EXPECT_THAT(next_fires(future, frame, frame.created_at, 1), ElementsAre("2027-01-01T00:00:00.000Z"));
}

TEST(every_schedule, from_the_end_counts_from_what_it_is_told) {
  auto frame = created("2026-11-21T08:00:00Z");
  every_schedule every{10min, {}, false, true};
  EXPECT_EQ(next_fire(every, frame, frame.created_at - 1ms), frame.created_at + 10min);
  EXPECT_EQ(next_fire(every, frame, frame.created_at + 7min), frame.created_at + 17min);
  every.first_now = true;
  EXPECT_EQ(next_fire(every, frame, frame.created_at - 1ms), frame.created_at);
  EXPECT_EQ(next_fire(every, frame, frame.created_at + 3s), frame.created_at + 10min + 3s);
  frame.starts_at = frame.created_at + 1h;
  EXPECT_EQ(next_fire(every, frame, frame.created_at + 3s), frame.created_at + 1h + 10min - 1ms);
}

TEST(at_schedule, fires_once) {
  auto frame = created("2026-11-21T08:00:00Z");
  at_schedule once{at("2026-12-01T00:00:00Z")};
  EXPECT_THAT(next_fires(once, frame, frame.created_at, 5), ElementsAre("2026-12-01T00:00:00.000Z"));
  EXPECT_EQ(next_fire(once, frame, once.time - 1ms), once.time);
  EXPECT_EQ(next_fire(once, frame, once.time), std::nullopt);
  at_schedule past{at("2020-01-01T00:00:00Z")};
  EXPECT_EQ(next_fire(past, frame, past.time - 1ms), past.time);
}

TEST(cron_schedule, uses_the_zone_of_the_prefix_before_that_of_the_task) {
  auto made = make_cron_schedule("CRON_TZ=Asia/Tokyo 0 9 * * *", cron_dialect::robfig_v3, "Europe/Berlin", {});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->zone->name(), "Asia/Tokyo");
  EXPECT_EQ(made->zone_name, "Europe/Berlin");
  EXPECT_THAT(next_fires(*made, created("2026-11-21T00:00:00Z"), at("2026-11-21T00:00:00Z"), 1),
              ElementsAre("2026-11-22T00:00:00.000Z"));
}

TEST(cron_schedule, errors_tell_text_and_zone_apart) {
  auto fault = [](std::string_view text, std::string_view zone_name) {
    return make_cron_schedule(text, cron_dialect::robfig_v3, zone_name, {}).error();
  };
  EXPECT_THAT(fault("* * * * *", "Europe/Berlim").message, HasSubstr("did you mean Europe/Berlin?"));
  EXPECT_EQ(fault("TZ=Mars/Base * * * * *", "UTC").position, 3u);
  EXPECT_EQ(fault("  CRON_TZ=Mars/Base * * * * *", "UTC").position, 10u);
  EXPECT_THAT(fault("TZ=Mars/Base * * * * *", "UTC").message, HasSubstr("unknown time zone 'Mars/Base'"));
  EXPECT_EQ(fault("* * * * 9", "UTC").position, 8u);
}

TEST(cron_schedule, at_every_in_the_text_is_a_fixed_rate_from_the_creation) {
  auto frame = created("2026-11-21T08:00:00Z");
  for (auto dialect :
       {cron_dialect::unix_cron, cron_dialect::robfig_v1, cron_dialect::robfig_v2, cron_dialect::robfig_v3})
    EXPECT_THAT(next_fires(cron("@every 90s", "UTC", {}, dialect), frame, frame.created_at, 2),
                ElementsAre("2026-11-21T08:01:30.000Z", "2026-11-21T08:03:00.000Z"));
  EXPECT_EQ(fires_between(cron("@every 90s"), frame, frame.created_at, frame.created_at + 1h, 0).count, 40u);
}

TEST(firing_frame, bounds_all_kinds_of_schedules) {
  firing_frame frame{at("2026-11-21T08:00:00Z"), at("2026-11-21T10:00:00Z"), at("2026-11-21T12:00:00Z")};
  const std::vector<task_schedule> schedules{cron("0 * * * *"), every_schedule{1h, {}, false, false},
                                             cron("@every 1h")};
  for (const auto& schedule : schedules) {
    EXPECT_THAT(next_fires(schedule, frame, frame.created_at, 9),
                ElementsAre("2026-11-21T10:00:00.000Z", "2026-11-21T11:00:00.000Z")); // none at ends_at itself
    EXPECT_EQ(fires_between(schedule, frame, frame.created_at - days{9}, frame.created_at + days{9}, 9).count, 2u);
    EXPECT_EQ(next_fire(schedule, frame, *frame.ends_at), std::nullopt);
  }
  EXPECT_EQ(next_fire(at_schedule{*frame.ends_at}, frame, frame.created_at), std::nullopt);
  EXPECT_EQ(next_fire(at_schedule{*frame.starts_at}, frame, frame.created_at), frame.starts_at);
  EXPECT_EQ(next_fire(at_schedule{*frame.starts_at - 1ms}, frame, frame.created_at), std::nullopt);
}

TEST(firing_frame, nothing_fires_after_the_year_9999) {
  auto frame = created("2026-11-21T08:00:00Z");
  every_schedule every{days{36500}, {}, false, false};
  EXPECT_EQ(next_fire(every, frame, latest_wall_time - days{1}), std::nullopt);
  EXPECT_EQ(next_fire(every, frame, wall_time::max()), std::nullopt);
  EXPECT_EQ(next_fire(every, frame, wall_time::min()), frame.created_at + days{36500});
  every.from_end = true;
  EXPECT_EQ(next_fire(every, frame, latest_wall_time - days{1}), std::nullopt);
  EXPECT_EQ(next_fire(cron("* * * * *"), frame, latest_wall_time), std::nullopt);
  EXPECT_EQ(fires_between(cron("* * * * *"), frame, wall_time::max(), wall_time::max(), 1).count, 0u);
}

TEST(fires_between, equals_what_next_fire_counts) {
  std::mt19937_64 random{1000};
  const std::array<const char*, 6> names{"UTC",          "Europe/Berlin",    "Australia/Lord_Howe", "America/Santiago",
                                         "Pacific/Apia", "Africa/Casablanca"};
  size_t fires_seen = 0;
  for (int round = 0; round < 1500; ++round) {
    task_schedule schedule;
    wall_time from{milliseconds{static_cast<int64_t>(random() % 3'000'000'000'000)}};
    firing_frame frame{from - 1h, {}, {}};
    if (round % 5 == 0) {
      schedule =
          every_schedule{milliseconds{static_cast<int64_t>(100 + random() % 10'000'000)}, {}, random() % 2 == 0, false};
    } else {
      dst_rule dst{static_cast<dst_gap>(random() % 2), static_cast<dst_overlap>(random() % 3)};
      auto made = make_cron_schedule(random_expression(random).text(), cron_dialect::unix_cron,
                                     names[random() % names.size()], dst);
      if (!made) continue;
      schedule = *made;
    }
    if (random() % 4 == 0) frame.starts_at = from + milliseconds{static_cast<int64_t>(random() % 100'000'000)};
    if (random() % 4 == 0) frame.ends_at = from + milliseconds{static_cast<int64_t>(random() % 10'000'000'000)};
    std::vector<wall_time> all;
    auto until = from;
    auto limit = from + milliseconds{static_cast<int64_t>(random() % 40'000'000'000)};
    while (auto fire = next_fire(schedule, frame, until)) {
      if (*fire > limit || all.size() == 500) break;
      all.push_back(*fire);
      until = *fire;
    }
    if (all.size() < 500) until = limit; // otherwise the span ends with the last fire that was counted
    auto keep = random() % 20;
    auto span = fires_between(schedule, frame, from, until, keep);
    ASSERT_EQ(span.count, all.size()) << round;
    ASSERT_EQ(span.first, all.empty() ? std::nullopt : std::optional{all.front()});
    ASSERT_EQ(span.last, all.empty() ? std::nullopt : std::optional{all.back()});
    ASSERT_EQ(span.latest,
              std::vector<wall_time>(all.end() - static_cast<std::ptrdiff_t>(std::min(keep, all.size())), all.end()));
    fires_seen += all.size();
  }
  EXPECT_GT(fires_seen, 50'000u);
}

TEST(fires_between, counts_years_of_seconds) {
  auto frame = created("2026-01-01T00:00:00Z");
  auto span =
      fires_between(cron("* * * * * *", "Europe/Berlin"), frame, frame.created_at, at("2027-01-01T00:00:00Z"), 3);
  EXPECT_EQ(span.count, 31'536'000u);
  EXPECT_EQ(span.first, at("2026-01-01T00:00:01Z"));
  EXPECT_EQ(span.latest, (std::vector<wall_time>{at("2026-12-31T23:59:58Z"), at("2026-12-31T23:59:59Z"),
                                                 at("2027-01-01T00:00:00Z")}));
  // Every hour of the 1,933 leap days up to the year 9999.
  span = fires_between(cron("0 * 29 2 *", "America/New_York"), frame, frame.created_at, latest_wall_time, 1);
  EXPECT_EQ(span.count, 24u * 1933u);
  EXPECT_EQ(span.last, at("9996-03-01T04:00:00Z"));
}

TEST(splay_offset, is_the_same_for_ever) {
  EXPECT_EQ(splay_offset("nightly-report", 0s), 0s);
  EXPECT_EQ(splay_offset("nightly-report", 1ms), 0s);
  // These numbers are a promise: users' fires move when they change.
  EXPECT_EQ(splay_offset("nightly-report", 1h), 1677281ms);
  EXPECT_EQ(splay_offset("", 1h), 3314342ms);
  EXPECT_EQ(splay_offset("t\xc3\xa4glich", 1h), 429002ms);
}

TEST(splay_offset, spreads_names_that_hardly_differ) {
  std::array<int, 60> in_minute{};
  for (int i = 0; i < 6000; ++i) {
    auto offset = splay_offset("hourly-" + std::to_string(i), 1h);
    ASSERT_GE(offset, 0ms);
    ASSERT_LT(offset, 1h);
    ++in_minute[static_cast<size_t>(offset / 1min)];
  }
  for (auto count : in_minute) {
    EXPECT_GT(count, 50);
    EXPECT_LT(count, 160);
  }
}

} // namespace
} // namespace wheelwork
