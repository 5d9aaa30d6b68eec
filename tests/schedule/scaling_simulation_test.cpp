// What the policies do to a backlog over time: is it drained in time, and is the count calm?
#include "tests/schedule/pool_simulation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace wheelwork {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::vector<pool_moment> run(const pool_setting& setting, const pool_load& load, double until) {
  pool_simulation simulation{setting, load};
  simulation.run(until);
  for (const auto& moment : simulation.moments()) {
    EXPECT_LE(moment.wanted, setting.bounds.ceiling()) << moment.at;
    EXPECT_GE(moment.wanted, setting.bounds.floor()) << moment.at;
    EXPECT_FALSE(moment.reason.empty());
  }
  return simulation.moments();
}

auto burst(double begin, double messages) {
  return [=](double at) { return at >= begin && at < begin + 1 ? messages : 0.0; };
}

TEST(drain_simulation, a_hundred_thousand_messages_are_gone_within_75_seconds_and_the_pool_is_back_at_min) {
  for (double start_up : {0.0, 0.5, 5.0}) {
    SCOPED_TRACE(start_up);
    auto moments = run({.policy = drain_policy{.within = seconds{60}}, .start_up = start_up},
                       {.messages_per_second = burst(10, 100'000)}, 120);
    auto drained = drained_after(moments, 11, 0);
    EXPECT_LE(drained, 75 - start_up / 5);
    EXPECT_EQ(wanted_at(moments, 11 + drained + 20), 1u) << "two cool-downs";
    EXPECT_EQ(turns(moments), 1);
  }
}

TEST(drain_simulation, uses_no_more_than_the_target_time_asks_for) {
  auto moments = run({.policy = drain_policy{.within = seconds{60}}}, {.messages_per_second = burst(10, 100'000)}, 120);
  EXPECT_LE(consumer_seconds(moments, 0, 120), 2'000 * 1.35) << "2000 s of work";
}

TEST(drain_simulation, a_backlog_that_is_there_from_the_start_is_drained_as_well) {
  auto moments = run({.policy = drain_policy{.within = seconds{60}}}, {.backlog = 100'000}, 120);
  EXPECT_LE(drained_after(moments, 0, 0), 75);
}

TEST(drain_simulation, a_step_of_the_rate_is_followed_within_seconds) {
  auto step = [](double at) { return at > 60 && at < 240 ? 1000.0 : 100.0; };
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    auto moments = run({}, {.messages_per_second = step, .by_chance = true, .seed = seed}, 400);
    EXPECT_GT(wanted_at(moments, 66), 4u);
    EXPECT_LE(drained_after(moments, 70, 200), 40);
    EXPECT_GE(wanted_at(moments, 235), 20u) << "1000 messages of 20 ms keep 20 at work";
    EXPECT_LE(wanted_at(moments, 235), 40u);
    EXPECT_LE(wanted_at(moments, 300), 6u);
    EXPECT_LE(turns(moments), 3) << seed;
  }
}

TEST(drain_simulation, a_ramp_is_followed_without_falling_behind) {
  auto ramp = [](double at) { return at < 600 ? at * 5 : std::max(0.0, 6'000 - at * 5); };
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    auto moments =
        run({.bounds = {.min = 1, .max = 100}}, {.messages_per_second = ramp, .by_chance = true, .seed = seed}, 1'300);
    for (const auto& moment : moments)
      EXPECT_LE(static_cast<double>(moment.lag) * 0.02, moment.wanted * 30 * 1.2) << moment.at << ": within the target";
    EXPECT_LE(turns(moments), 6) << seed;
    EXPECT_EQ(moments.back().wanted, 1u);
  }
}

TEST(drain_simulation, regular_bursts_do_not_make_it_flap) {
  for (double period : {15.0, 30.0, 60.0}) {
    SCOPED_TRACE(period);
    auto bursts = [=](double at) { return std::fmod(at, period) < 1 ? 3'000.0 : 0.0; };
    auto moments = run({}, {.messages_per_second = bursts, .service_seconds = 0.05}, 1'800);
    EXPECT_LE(turns(moments), 8);
    for (const auto& moment : moments) EXPECT_LE(moment.lag, 3'000u * 3);
  }
}

TEST(drain_simulation, sawtooth_and_sine_turn_it_no_oftener_than_themselves) {
  double period = 300, long_time = 3'000;
  auto sawtooth = [=](double at) { return 10 * std::fmod(at, period); };
  auto sine = [=](double at) { return 1'000 * (1 + std::sin(2 * std::numbers::pi * at / period)); };
  for (const auto& rate : std::vector<std::function<double(double)>>{sawtooth, sine})
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      auto moments = run({.step = 0.02}, {.messages_per_second = rate, .by_chance = true, .seed = seed}, long_time);
      EXPECT_LE(turns(moments), 2.5 * long_time / period);
      for (const auto& moment : moments)
        EXPECT_LE(static_cast<double>(moment.lag) * 0.02, moment.wanted * 30 * 1.2) << moment.at;
    }
}

TEST(drain_simulation, a_days_curve_is_followed_calmly) {
  auto day = [](double at) { return 10 + 9 * std::sin(2 * std::numbers::pi * (at / 86'400 - 0.25)); };
  auto moments = run({.read_every = 5, .step = 0.1},
                     {.messages_per_second = day, .service_seconds = 1, .by_chance = true}, 86'400);
  EXPECT_LE(turns(moments), 60) << "a day";
  for (const auto& moment : moments) EXPECT_LE(moment.lag, 30u * moment.wanted * 1.5) << moment.at;
  // 864,000 s of work; no more than half as much again stands by.
  EXPECT_LE(consumer_seconds(moments, 0, 86'400), 864'000 * 1.5);
}

TEST(drain_simulation, a_fixed_count_never_changes) {
  auto moments = run({.bounds = {.min = 7, .max = 7}}, {.messages_per_second = burst(10, 100'000)}, 400);
  EXPECT_EQ(changes(moments), 0);
}

TEST(drain_simulation, no_more_than_the_partitions_are_used) {
  auto moments = run({.bounds = {.min = 1, .max = 64, .useful = 12}}, {.messages_per_second = burst(10, 20'000)}, 100);
  EXPECT_EQ(wanted_at(moments, 20), 12u);
}

TEST(drain_simulation, a_lag_that_can_not_be_read_for_a_while_freezes_the_count) {
  // The backlog is gone during the second time without a lag; the third is while nothing is to do.
  auto readable = [](double at) { return at < 20 || (at > 40 && at < 52) || (at > 100 && at < 200) || at > 250; };
  auto moments = run({.readable = readable}, {.messages_per_second = burst(10, 100'000)}, 300);
  ASSERT_NEAR(drained_after(moments, 11, 0) + 11, 46, 5);
  for (size_t index = 1; index < moments.size(); ++index) {
    const auto& moment = moments[index];
    if (readable(moment.at)) continue;
    EXPECT_EQ(moment.wanted, moments[index - 1].wanted) << moment.at;
    EXPECT_EQ(moment.wanted > 1, moment.at <= 100) << moment.at;
  }
  EXPECT_EQ(moments.back().lag, 0u);
  EXPECT_EQ(moments.back().wanted, 1u);
}

TEST(drain_simulation, consumers_that_come_and_leave_late_do_not_make_it_flap) {
  auto step = [](double at) { return at > 60 && at < 240 ? 500.0 : 50.0; };
  auto moments = run({.start_up = 8, .leaving = 30}, {.messages_per_second = step, .by_chance = true}, 500);
  EXPECT_LE(turns(moments), 3);
  EXPECT_LE(drained_after(moments, 75, 100), 45);
  EXPECT_LE(wanted_at(moments, 239), 25u);
}

TEST(drain_simulation, long_messages_get_a_consumer_each) {
  auto moments = run({.bounds = {.min = 1, .max = 20}, .step = 0.1}, {.backlog = 100, .service_seconds = 60}, 600);
  EXPECT_EQ(wanted_at(moments, 7), 8u) << "doubled each two seconds, as nothing is finished before a minute";
  EXPECT_EQ(wanted_at(moments, 70), 20u);
  EXPECT_LE(drained_after(moments, 0, 0), 310);
}

TEST(drain_simulation, stops_adding_when_something_else_is_the_limit) {
  auto moments = run(
      {.bounds = {.min = 1, .max = 500}},
      {.messages_per_second = [](double at) { return at > 30 && at < 630 ? 600.0 : 0.0; }, .bottleneck = 500}, 1'000);
  uint32_t most = 0;
  for (const auto& moment : moments) most = std::max(most, moment.wanted);
  EXPECT_LE(most, 60u) << "10 would do; 60,000 messages would otherwise ask for far more";
  EXPECT_LE(turns(moments), 16);
}

TEST(drain_simulation, consumers_without_work_do_not_draw_in_more) {
  auto moments =
      run({.bounds = {.min = 1, .max = 500}},
          {.messages_per_second = [](double at) { return at > 10 && at < 310 ? 200.0 : 0.0; }, .can_work = 2}, 600);
  uint32_t most = 0;
  for (const auto& moment : moments) most = std::max(most, moment.wanted);
  EXPECT_LE(most, 60u) << "only two of them ever get a message";
}

TEST(drain_simulation, messages_that_become_slower_get_more_consumers) {
  auto moments = run(
      {},
      {.messages_per_second = [](double) { return 100.0; }, .slower = [](double at) { return at > 100 ? 10.0 : 1.0; }},
      300);
  EXPECT_GE(wanted_at(moments, 180), 20u);
  EXPECT_LE(moments.back().lag, 300u);
}

/// Times between changes upwards, and between changes downwards.
void expect_one_change_per_interval(const std::vector<pool_moment>& moments, double interval) {
  double up = -1e9, down = -1e9;
  for (size_t index = 1; index < moments.size(); ++index) {
    auto before = moments[index - 1].wanted, after = moments[index].wanted;
    if (before == after) continue;
    auto& latest = after > before ? up : down;
    EXPECT_GE(moments[index].at - latest, interval) << moments[index].at;
    latest = moments[index].at;
  }
}

TEST(lag_step_simulation, changes_at_most_once_per_interval) {
  auto rates = std::vector<std::function<double(double)>>{
      burst(100, 50'000), [](double at) { return 100 * (1 + std::sin(at / 97)); },
      [](double at) { return std::fmod(at, 250); }, [](double at) { return std::fmod(at, 60) < 1 ? 6'000.0 : 0.0; }};
  for (const auto& rate : rates)
    for (auto hold : {minutes{3}, minutes{6}}) {
      auto moments = run({.policy = lag_step_policy{.hold = hold}, .bounds = {.min = 2, .max = 10}, .step = 0.05},
                         {.messages_per_second = rate, .by_chance = true}, 3'600);
      double latest = -1e9;
      for (size_t index = 1; index < moments.size(); ++index)
        if (moments[index].wanted != moments[index - 1].wanted) {
          EXPECT_GE(moments[index].at - latest, 180 - 1e-6);
          latest = moments[index].at;
        }
    }
}

/// A load and a pool made up from a seed.
struct random_case {
  pool_setting setting;
  pool_load load;
};

random_case make_case(uint64_t seed) {
  std::mt19937_64 random{seed};
  auto draw = [&](double low, double high) { return std::uniform_real_distribution<double>{low, high}(random); };
  random_case made;
  auto service = std::pow(10, draw(-2, 0.3));
  std::vector<double> levels;
  for (int index = 0; index < 10; ++index) levels.push_back(draw(0, 1) < 0.3 ? 0 : draw(0, 25) / service);
  auto pause = draw(0, 1) < 0.3 ? draw(100, 200) : 0; // from there on the lag can't be read for 30 s
  made.setting.start_up = draw(0, 5);
  made.setting.leaving = draw(0, 10);
  made.setting.step = 0.02;
  made.setting.bounds = {.min = static_cast<uint32_t>(draw(0, 3)), .max = 64};
  made.setting.readable = [=](double at) { return at < pause || at >= pause + 30; };
  made.load.service_seconds = service;
  made.load.by_chance = true;
  made.load.seed = seed;
  made.load.messages_per_second = [=](double at) { return at < 600 ? levels[static_cast<size_t>(at / 60)] : 0.0; };
  return made;
}

TEST(scaling_property, any_load_that_can_be_worked_off_is_and_calmly) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    auto made = make_case(seed);
    for (const scaling_policy& policy : {scaling_policy{drain_policy{}}, scaling_policy{lag_step_policy{}}}) {
      made.setting.policy = policy;
      auto moments = run(made.setting, made.load, 900);
      bool drains = policy.index() == 0;
      EXPECT_LE(turns(moments), 24);
      for (size_t index = 1; index < moments.size(); ++index)
        if (!made.setting.readable(moments[index].at)) {
          EXPECT_EQ(moments[index].wanted, moments[index - 1].wanted);
        }
      if (drains) {
        EXPECT_EQ(moments.back().lag, 0u);
        EXPECT_LE(drained_after(moments, 600, 0), 120);
        EXPECT_EQ(moments.back().wanted, made.setting.bounds.floor());
      } else {
        expect_one_change_per_interval(moments, 180 - 1e-6);
      }
    }
  }
}

} // namespace
} // namespace wheelwork
