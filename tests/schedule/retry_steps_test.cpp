// The retry tables of the delay_queue service.
#include "schedule/retry_steps.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(retry_steps, are_read_as_that_service_writes_them) {
  const auto shipped = retry_policy_of_steps("[1_5,2_15,3_30,4_180,5_3600,6_7200]", 6, 60s);
  ASSERT_TRUE(shipped.has_value()) << shipped.error();
  EXPECT_EQ(shipped->limit, 6u);
  EXPECT_THAT(shipped->delays, ElementsAre(5s, 15s, 30s, 180s, 3600s, 7200s));
  EXPECT_EQ(retry_policy_of_steps(" 2_15 , 1_5 ", 2, 60s)->delays, (std::vector<milliseconds>{5s, 15s}));
}

TEST(retry_steps, that_are_missing_wait_the_default) {
  const auto policy = retry_policy_of_steps("[1_1,2_1]", 4, 2s);
  ASSERT_TRUE(policy.has_value()) << policy.error();
  std::vector<milliseconds> waits;
  for (uint32_t used = 0; const auto delay = next_retry_delay(*policy, used, 0.9, std::nullopt); ++used)
    waits.push_back(*delay);
  EXPECT_THAT(waits, ElementsAre(1s, 1s, 2s, 2s));
  EXPECT_THAT(retry_policy_of_steps("", 2, 7s)->delays, ElementsAre(7s, 7s));
  EXPECT_THAT(retry_policy_of_steps("2_9", 2, 7s)->delays, ElementsAre(7s, 9s));
}

TEST(retry_steps, past_the_last_retry_are_of_no_use) {
  const auto none = retry_policy_of_steps("1_5", 0, 60s);
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(next_retry_delay(*none, 0, 0.5, std::nullopt));
  EXPECT_THAT(retry_policy_of_steps("1_5,2_6,3_7", 1, 60s)->delays, ElementsAre(5s));
}

TEST(retry_steps, that_are_wrong_are_named) {
  for (const auto* wrong :
       {"5", "1_", "_5", "0_5", "1_5s", "1_-5", "1_5,,2_15", "one_5", "1_31536001", "1_5 2_15", "[1_5"})
    EXPECT_FALSE(retry_policy_of_steps(wrong, 6, 60s)) << wrong;
  EXPECT_THAT(retry_policy_of_steps("1_5,2-15", 6, 60s).error(), HasSubstr("\"2-15\" must be RETRY_SECONDS"));
  EXPECT_THAT(retry_policy_of_steps("1_5,1_6", 6, 60s).error(), HasSubstr("retry 1 stands there twice"));
}

} // namespace
} // namespace wheelwork
