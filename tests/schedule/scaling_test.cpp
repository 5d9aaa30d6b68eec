#include "schedule/scaling_state.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

backlog_reading read(milliseconds at, std::optional<uint64_t> lag, uint32_t consumers = 0, uint64_t handled = 0,
                     milliseconds busy = {}) {
  return {.at = steady_time{} + at, .lag = lag, .handled_total = handled, .busy_total = busy, .consumers = consumers};
}

TEST(scaling_bounds, useful_caps_even_the_minimum) {
  EXPECT_EQ((scaling_bounds{.min = 4, .max = 10, .useful = 3}.floor()), 3u);
  EXPECT_EQ((scaling_bounds{.min = 4, .max = 10, .useful = 3}.ceiling()), 3u);
  EXPECT_EQ((scaling_bounds{.min = 4, .max = 10, .useful = 0}.ceiling()), 10u) << "0 partitions: not known";
  EXPECT_EQ((scaling_bounds{.min = 4, .max = 2}.floor()), 2u);
}

class lag_step : public testing::Test {
protected:
  uint32_t decide(milliseconds at, std::optional<uint64_t> lag) {
    latest_ = state_.decide(read(at, lag));
    EXPECT_EQ(latest_.consumers, state_.consumers());
    return latest_.consumers;
  }
  scaling_state state_{lag_step_policy{}, scaling_bounds{.min = 2, .max = 10}};
  scaling_decision latest_;
};

TEST_F(lag_step, adds_one_per_so_many_messages_at_the_first_look) {
  EXPECT_EQ(decide(seconds{0}, 6'999), 2u + 6);
  EXPECT_EQ(latest_.reason, "lag 6999 above 5000: 6 more");
}

TEST_F(lag_step, needs_more_than_the_limit) {
  EXPECT_EQ(decide(seconds{0}, 5'000), 2u);
  EXPECT_EQ(latest_.reason, "lag 5000 not above 5000");
  EXPECT_EQ(decide(minutes{3}, 5'001), 7u);
}

TEST_F(lag_step, the_total_never_exceeds_max) {
  EXPECT_EQ(decide(seconds{0}, UINT64_MAX), 10u) << "the base counts, unlike in the old monitor";
  EXPECT_EQ(latest_.reason, "lag 18446744073709551615 above 5000: 8 more, all of 10 in use");
  EXPECT_EQ(decide(minutes{3}, 20'000), 10u);
}

TEST_F(lag_step, looks_every_interval_only) {
  EXPECT_EQ(decide(seconds{0}, 0), 2u);
  for (auto at = seconds{1}; at < minutes{3}; at += seconds{1}) ASSERT_EQ(decide(at, 9'000), 2u) << at.count();
  EXPECT_EQ(decide(minutes{3}, 9'000), 10u);
}

TEST_F(lag_step, those_added_leave_after_their_hold) {
  EXPECT_EQ(decide(seconds{0}, 6'000), 8u);
  EXPECT_EQ(decide(minutes{3} - milliseconds{1}, 0), 8u);
  EXPECT_EQ(decide(minutes{3}, 0), 2u);
  EXPECT_EQ(latest_.reason, "lag 0 not above 5000: 6 held long enough");
}

TEST_F(lag_step, leaving_and_adding_at_one_look_are_one_change) {
  EXPECT_EQ(decide(seconds{0}, 6'000), 8u);
  EXPECT_EQ(decide(minutes{3}, 7'000), 9u);
  EXPECT_EQ(latest_.reason, "lag 7000 above 5000: 6 held long enough, 7 added");
}

TEST_F(lag_step, a_longer_hold_lets_groups_overlap) {
  state_.change(lag_step_policy{.hold = minutes{4}}, {.min = 2, .max = 10});
  EXPECT_EQ(decide(seconds{0}, 5'001), 7u);
  EXPECT_EQ(decide(minutes{3}, 5'001), 10u);
  EXPECT_EQ(decide(minutes{4}, 0), 5u);
  EXPECT_EQ(decide(minutes{7}, 0), 2u);
}

TEST_F(lag_step, an_unreadable_lag_freezes_the_count_and_the_look_is_made_up_for) {
  EXPECT_EQ(decide(seconds{0}, 6'000), 8u);
  EXPECT_EQ(decide(minutes{3}, std::nullopt), 8u);
  EXPECT_EQ(latest_.reason, "the lag can't be read: 8 stay");
  EXPECT_EQ(decide(minutes{5}, std::nullopt), 8u);
  EXPECT_EQ(decide(minutes{5} + seconds{1}, 9'000), 10u) << "not only at the sixth minute";
  EXPECT_EQ(decide(minutes{8}, 9'000), 10u);
  EXPECT_EQ(decide(minutes{8} + seconds{1}, 0), 2u);
}

TEST_F(lag_step, a_pool_without_consumers_wakes_at_any_lag) {
  state_.change(lag_step_policy{}, {.min = 0, .max = 10});
  EXPECT_EQ(decide(seconds{0}, 0), 0u);
  EXPECT_EQ(decide(seconds{1}, 1), 1u);
  EXPECT_EQ(decide(seconds{2}, 0), 1u);
  EXPECT_EQ(decide(minutes{3} + seconds{1}, 0), 0u);
}

TEST_F(lag_step, new_bounds_count_at_once_and_keep_those_who_fit) {
  EXPECT_EQ(decide(seconds{0}, 9'000), 10u);
  state_.change(lag_step_policy{}, {.min = 2, .max = 6});
  EXPECT_EQ(state_.consumers(), 6u);
  state_.change(lag_step_policy{}, {.min = 2, .max = 20});
  EXPECT_EQ(decide(seconds{1}, 9'000), 6u) << "the next look is later";
  state_.change(lag_step_policy{}, {.min = 2, .max = 20, .useful = 3});
  EXPECT_EQ(state_.consumers(), 3u);
  EXPECT_EQ(decide(minutes{3}, 9'000), 3u);
  state_.change(lag_step_policy{}, {.min = 5, .max = 5});
  EXPECT_EQ(state_.consumers(), 5u);
  EXPECT_EQ(decide(minutes{6}, 9'000), 5u);
}

TEST_F(lag_step, a_shorter_hold_counts_for_those_already_there) {
  EXPECT_EQ(decide(seconds{0}, 6'000), 8u);
  state_.change(lag_step_policy{.hold = minutes{1}}, {.min = 2, .max = 10});
  EXPECT_EQ(decide(seconds{59}, 0), 8u);
  EXPECT_EQ(decide(seconds{60}, 0), 2u);
}

TEST_F(lag_step, no_messages_per_consumer_counts_as_one) {
  state_.change(lag_step_policy{.lag_limit = 1, .messages_per_consumer = 0}, {.min = 1, .max = 10});
  EXPECT_EQ(decide(seconds{0}, 4), 5u);
}

/// Feeds readings of a pool whose consumers are all busy with messages of one length.
class drain : public testing::Test {
protected:
  /// `busy` and `handled` since the reading before.
  uint32_t decide(milliseconds later, std::optional<uint64_t> lag, milliseconds busy = {}, uint64_t handled = 0) {
    now_ += later;
    busy_ += busy;
    handled_ += handled;
    latest_ = state_.decide(read(now_, lag, state_.consumers(), handled_, busy_));
    EXPECT_EQ(latest_.consumers, state_.consumers());
    return latest_.consumers;
  }
  /// Seconds pass without a message.
  void idle(int count) {
    for (int second = 0; second < count; ++second) decide(seconds{1}, 0);
  }
  /// One consumer works for a second on messages of 20 ms.
  void learn() {
    decide({}, 0);
    decide(seconds{1}, 0, seconds{1}, 50);
  }
  milliseconds now_{}, busy_{};
  uint64_t handled_ = 0;
  scaling_state state_{drain_policy{}, scaling_bounds{.min = 1, .max = 64}};
  scaling_decision latest_;
};

TEST_F(drain, asks_for_what_the_backlog_needs_and_a_tenth_more) {
  learn();
  EXPECT_EQ(decide(seconds{1}, 4'500, seconds{1}, 50), 4u) << "3 would take the whole 30 s; 3.3 is no count";
  EXPECT_EQ(latest_.reason, "lag 4500 at 20 ms each: 3 more to drain it within 30 s");
}

TEST_F(drain, adds_at_most_four_times_as_many_each_settle_time) {
  learn();
  EXPECT_EQ(decide(seconds{1}, 100'000, seconds{1}, 50), 4u);
  EXPECT_EQ(decide(milliseconds{500}, 100'000, seconds{2}, 100), 4u);
  EXPECT_EQ(decide(milliseconds{500}, 100'000, seconds{2}, 100), 16u);
  EXPECT_EQ(decide(seconds{1}, 100'000, seconds{16}, 800), 64u);
  EXPECT_EQ(decide(seconds{1}, 1'000'000, seconds{64}, 3'200), 64u);
  EXPECT_EQ(latest_.reason, "lag 1000000: all of 64 in use");
}

TEST_F(drain, adds_nobody_for_whom_there_is_no_message) {
  decide({}, 0);
  decide(seconds{1}, 0, seconds{60}, 1);
  decide(seconds{1}, 3, seconds{1}, 0);
  EXPECT_EQ(state_.consumers(), 4u) << "one at work and three that wait, though each takes a minute";
}

TEST_F(drain, doubles_carefully_before_anything_was_measured) {
  EXPECT_EQ(decide({}, 1'000), 1u);
  EXPECT_EQ(decide(seconds{1}, 1'000, seconds{1}), 1u);
  EXPECT_EQ(decide(seconds{1}, 1'000, seconds{1}), 2u);
  EXPECT_EQ(latest_.reason, "lag 1000, nothing finished yet: twice as many");
  EXPECT_EQ(decide(seconds{1}, 1'000, seconds{2}), 2u);
  EXPECT_EQ(decide(seconds{1}, 1'000, seconds{2}), 4u);
}

TEST_F(drain, does_not_double_while_those_asked_for_are_not_running) {
  for (int second = 0; second < 20; ++second)
    EXPECT_EQ(state_.decide(read(seconds{second}, 1'000, 0)).consumers, 1u) << second;
}

TEST_F(drain, takes_nobody_away_while_there_is_a_backlog) {
  learn();
  decide(seconds{1}, 12'000, seconds{1}, 50);
  decide(seconds{1}, 12'000, seconds{4}, 200);
  auto count = state_.consumers();
  ASSERT_EQ(count, 10u);
  for (uint64_t lag = 11'500; lag > 1'500; lag -= count * 50)
    EXPECT_EQ(decide(seconds{1}, lag, count * seconds{1}, count * 50), count);
}

TEST_F(drain, an_idle_pool_goes_to_min_after_the_cool_down) {
  learn();
  decide(seconds{1}, 12'000, seconds{1}, 50);
  auto count = decide(seconds{1}, 12'000, seconds{4}, 200);
  ASSERT_GT(count, 4u);
  idle(10); // the first second still is the busy one
  EXPECT_EQ(state_.consumers(), count);
  idle(2);
  EXPECT_EQ(state_.consumers(), 1u);
  EXPECT_NE(latest_.reason, "");
}

TEST_F(drain, keeps_what_steady_work_needs) {
  state_ = scaling_state{drain_policy{}, {.min = 1, .max = 64}, 20};
  for (int second = 0; second < 60; ++second) decide(seconds{1}, 0, seconds{8}, 400);
  EXPECT_EQ(state_.consumers(), 10u) << "8 at work are four fifths of it";
}

TEST_F(drain, a_short_lull_takes_nobody_away) {
  state_ = scaling_state{drain_policy{}, {.min = 1, .max = 64}, 20};
  for (int round = 0; round < 20; ++round) {
    for (int second = 0; second < 8; ++second) decide(seconds{1}, 0, seconds{1}, 50);
    EXPECT_EQ(decide(seconds{1}, 0, seconds{18}, 900), 20u);
  }
}

TEST_F(drain, an_unreadable_lag_freezes_the_count) {
  state_ = scaling_state{drain_policy{}, {.min = 0, .max = 64}, 20};
  for (int second = 0; second < 600; ++second) ASSERT_EQ(decide(seconds{1}, std::nullopt), 20u);
  EXPECT_EQ(latest_.reason, "the lag can't be read: 20 stay");
  for (int second = 0; second < 10; ++second) EXPECT_EQ(decide(seconds{1}, 0), 20u) << "the cool-down begins anew";
}

TEST_F(drain, a_pool_with_min_0_sleeps_and_wakes) {
  state_ = scaling_state{drain_policy{}, {.min = 0, .max = 4}};
  idle(5);
  EXPECT_EQ(state_.consumers(), 0u);
  EXPECT_EQ(decide(milliseconds{10}, 1), 1u) << "at once";
  EXPECT_EQ(decide(seconds{1}, 0, milliseconds{20}, 1), 1u);
  idle(12);
  EXPECT_EQ(state_.consumers(), 0u);
}

TEST_F(drain, stops_adding_when_more_did_not_help_and_tries_again) {
  learn();
  decide(seconds{1}, 6'000, seconds{1}, 50);
  auto count = decide(seconds{1}, 6'000, seconds{4}, 50); // all work, and as much is done as by one
  ASSERT_GE(count, 4u);
  for (int second = 0; second < 6; ++second) decide(seconds{1}, 6'000, count * seconds{1}, 50);
  EXPECT_EQ(state_.consumers(), count);
  EXPECT_TRUE(latest_.reason.find("did not raise the throughput, next try in ") != std::string::npos) << latest_.reason;
  int seconds_until_next_try = 0;
  while (state_.consumers() == count && seconds_until_next_try < 60) {
    decide(seconds{1}, 6'000, count * seconds{1}, 50);
    ++seconds_until_next_try;
  }
  EXPECT_NEAR(seconds_until_next_try, 27, 4);
  EXPECT_LE(state_.consumers(), (count * 5 + 3) / 4) << "a quarter more";
}

TEST_F(drain, new_bounds_and_policies_count_at_once_and_keep_what_was_measured) {
  learn();
  state_.change(drain_policy{.within = seconds{60}}, {.min = 3, .max = 64});
  EXPECT_EQ(state_.consumers(), 3u);
  EXPECT_NEAR(*state_.rates().service_seconds(), 0.02, 1e-9);
  decide(seconds{1}, 12'000, seconds{1}, 50);
  EXPECT_EQ(state_.consumers(), 5u) << "12000 * 20 ms / 60 s * 1.1";
  state_.change(drain_policy{.within = seconds{60}}, {.min = 1, .max = 64, .useful = 2});
  EXPECT_EQ(state_.consumers(), 2u);
  state_.change(lag_step_policy{}, {.min = 1, .max = 64});
  EXPECT_EQ(state_.consumers(), 2u);
  EXPECT_EQ(decide(seconds{1}, 6'000), 8u) << "added to those there";
  EXPECT_EQ(decide(minutes{3}, 0), 1u);
  state_.change(drain_policy{}, {.min = 1, .max = 64});
  EXPECT_NEAR(*state_.rates().service_seconds(), 0.02, 1e-9);
}

TEST_F(drain, totals_that_go_back_begin_the_measuring_anew) {
  learn();
  decide(seconds{1}, 4'500, seconds{1}, 50);
  handled_ = 0;
  busy_ = {};
  auto count = state_.consumers();
  EXPECT_GE(decide(seconds{1}, 4'500), count);
  EXPECT_LE(decide(seconds{1}, 4'400, seconds{1}, 50), 64u);
  EXPECT_NEAR(*state_.rates().service_seconds(), 0.02, 1e-9);
}

TEST(backlog_rates, measures_service_time_over_long_messages) {
  backlog_rates rates;
  rates.add(read(seconds{0}, 10));
  for (int second = 1; second < 60; ++second) rates.add(read(seconds{second}, 10, 1, 0, seconds{second}));
  EXPECT_EQ(rates.service_seconds(), std::nullopt);
  rates.add(read(seconds{60}, 10, 1, 1, seconds{60}));
  EXPECT_NEAR(*rates.service_seconds(), 60, 0.1);
}

TEST(backlog_rates, a_burst_is_no_rate_but_what_goes_on_is) {
  backlog_rates rates;
  for (int second = 0; second < 20; ++second) rates.add(read(seconds{second}, second < 10 ? 0 : 100'000));
  EXPECT_EQ(rates.arrivals_per_second(), 0);
  for (int second = 20; second < 40; ++second)
    rates.add(read(seconds{second}, 100'000 + static_cast<uint64_t>(second - 19) * 70));
  EXPECT_NEAR(rates.arrivals_per_second(), 70, 0.1);
}

} // namespace
} // namespace wheelwork
