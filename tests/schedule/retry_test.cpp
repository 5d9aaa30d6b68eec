#include "schedule/retry.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace wheelwork {
namespace {

using std::chrono::hours;

constexpr double no_jitter = 0.5; // the middle of the draw

TEST(retry, the_limit_counts_retries_after_the_first_attempt) {
  retry_policy policy{.limit = 2};
  EXPECT_TRUE(next_retry_delay(policy, 0, no_jitter, {}));
  EXPECT_TRUE(next_retry_delay(policy, 1, no_jitter, {}));
  EXPECT_FALSE(next_retry_delay(policy, 2, no_jitter, {}));
  EXPECT_FALSE(next_retry_delay(policy, 3, no_jitter, {}));
  EXPECT_FALSE(next_retry_delay({.limit = 0}, 0, no_jitter, milliseconds{5}));
}

TEST(retry, by_default_doubles_from_a_second_to_an_hour) {
  retry_policy policy{.limit = 100};
  milliseconds expected{1000};
  for (uint32_t used = 0; used < 100; ++used) {
    EXPECT_EQ(next_retry_delay(policy, used, no_jitter, {}), expected) << used;
    expected = std::min<milliseconds>(expected * 2, hours{1});
  }
}

TEST(retry, delays_are_exact_and_the_last_one_repeats) {
  retry_policy policy{.limit = 4, .delays = {milliseconds{5000}, milliseconds{100}}};
  for (double random : {0.0, 0.99}) {
    EXPECT_EQ(next_retry_delay(policy, 0, random, {}), milliseconds{5000});
    for (uint32_t used : {1, 2, 3}) EXPECT_EQ(next_retry_delay(policy, used, random, {}), milliseconds{100});
  }
  EXPECT_FALSE(next_retry_delay(policy, 4, 0, {}));
}

TEST(retry, jitter_moves_both_ways_within_its_share_and_never_past_max) {
  retry_policy policy{.limit = 20, .jitter = 0.1};
  EXPECT_EQ(next_retry_delay(policy, 0, 0.0, {}), milliseconds{900});
  EXPECT_EQ(next_retry_delay(policy, 0, 0.999999, {}), milliseconds{1100});
  for (double random = 0; random < 1; random += 0.01) {
    EXPECT_LE(*next_retry_delay(policy, 19, random, {}), policy.max);
    EXPECT_GE(*next_retry_delay(policy, 19, random, {}), policy.max * 9 / 10);
  }
  policy.jitter = 1;
  EXPECT_EQ(next_retry_delay(policy, 0, 0.0, {}), milliseconds{0});
}

TEST(retry, retry_after_counts_when_longer_up_to_max) {
  retry_policy policy{.limit = 3, .max = milliseconds{30'000}};
  EXPECT_EQ(next_retry_delay(policy, 0, no_jitter, milliseconds{10'000}), milliseconds{10'000});
  EXPECT_EQ(next_retry_delay(policy, 0, no_jitter, milliseconds{500}), milliseconds{1000});
  EXPECT_EQ(next_retry_delay(policy, 0, no_jitter, milliseconds{-500}), milliseconds{1000});
  EXPECT_EQ(next_retry_delay(policy, 0, no_jitter, hours{5}), milliseconds{30'000});
  EXPECT_EQ(next_retry_delay(policy, 0, no_jitter, milliseconds::max()), milliseconds{30'000});
}

TEST(retry, retry_after_is_bounded_by_an_hour_beside_exact_delays) {
  retry_policy policy{.limit = 3, .delays = {milliseconds{1000}, hours{2}}};
  EXPECT_EQ(next_retry_delay(policy, 0, no_jitter, hours{3}), hours{1});
  EXPECT_EQ(next_retry_delay(policy, 1, no_jitter, hours{3}), hours{2}) << "the delay itself may be longer";
}

TEST(retry, huge_factors_and_counts_end_at_max) {
  for (double factor : {1000.0, 1e300})
    for (uint32_t used : {1u, 1000u, std::numeric_limits<uint32_t>::max() - 1}) {
      retry_policy policy{
          .limit = std::numeric_limits<uint32_t>::max(), .initial = hours{1}, .factor = factor, .max = hours{100}};
      EXPECT_EQ(next_retry_delay(policy, used, no_jitter, {}), policy.max);
      policy.initial = milliseconds{0};
      EXPECT_EQ(next_retry_delay(policy, used, no_jitter, {}), milliseconds{0});
    }
}

TEST(retry, max_bounds_the_first_delay_too) {
  EXPECT_EQ(next_retry_delay({.limit = 1, .max = milliseconds{100}}, 0, no_jitter, {}), milliseconds{100});
}

} // namespace
} // namespace wheelwork
