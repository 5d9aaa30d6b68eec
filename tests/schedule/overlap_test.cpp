#include "schedule/overlap.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

constexpr auto policies = {overlap_policy::allow, overlap_policy::skip, overlap_policy::queue, overlap_policy::replace};

TEST(overlap, a_free_task_starts_under_every_policy) {
  for (auto policy : policies) EXPECT_EQ(decide_overlap(policy, 0, 0), overlap_verdict::start) << to_string(policy);
}

TEST(overlap, allow_always_starts) {
  EXPECT_EQ(decide_overlap(overlap_policy::allow, 1000, 5), overlap_verdict::start);
}

TEST(overlap, skip_skips_while_anything_is_unfinished) {
  EXPECT_EQ(decide_overlap(overlap_policy::skip, 1, 0), overlap_verdict::skip);
  EXPECT_EQ(decide_overlap(overlap_policy::skip, 0, 1), overlap_verdict::skip);
}

TEST(overlap, queue_lets_at_most_one_wait) {
  EXPECT_EQ(decide_overlap(overlap_policy::queue, 1, 0), overlap_verdict::wait);
  EXPECT_EQ(decide_overlap(overlap_policy::queue, 3, 0), overlap_verdict::wait) << "several by an edit from allow";
  EXPECT_EQ(decide_overlap(overlap_policy::queue, 1, 1), overlap_verdict::skip);
  EXPECT_EQ(decide_overlap(overlap_policy::queue, 0, 1), overlap_verdict::skip) << "the one that waits was there first";
}

TEST(overlap, replace_always_lets_the_latest_in) {
  EXPECT_EQ(decide_overlap(overlap_policy::replace, 1, 0), overlap_verdict::replace_then_start);
  EXPECT_EQ(decide_overlap(overlap_policy::replace, 1, 1), overlap_verdict::replace_then_start);
}

TEST(overlap, names_read_back) {
  for (auto policy : policies) EXPECT_EQ(parse_overlap_policy(to_string(policy)), policy);
  EXPECT_EQ(parse_overlap_policy("Skip"), std::nullopt);
}

} // namespace
} // namespace wheelwork
