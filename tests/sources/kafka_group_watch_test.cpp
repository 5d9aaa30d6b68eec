#include "brokers/kafka_group_watch.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace wheelwork::source_test {
namespace {

// Requests of Kafka's protocol.
constexpr int16_t offset_commit = 8, join_group = 11, heartbeat = 12, leave_group = 13, sync_group = 14;

TEST(kafka_group_watch_test, a_client_joins_from_its_request_until_it_is_told_its_partitions) {
  kafka_group_watch watch;
  EXPECT_FALSE(watch.joining());
  EXPECT_TRUE(watch.wait_until_joined(milliseconds{0}));
  for (const auto other : {heartbeat, offset_commit, sync_group}) watch.sent(other);
  EXPECT_FALSE(watch.joining());
  watch.sent(join_group);
  watch.sent(join_group); // once more, over another connection
  watch.answered(join_group);
  EXPECT_TRUE(watch.joining()) << "its partitions are not known yet";
  EXPECT_FALSE(watch.wait_until_joined(milliseconds{1}));
  watch.answered(sync_group);
  EXPECT_FALSE(watch.joining());
}

TEST(kafka_group_watch_test, answered_heartbeats_are_counted) {
  kafka_group_watch watch;
  watch.sent(heartbeat);
  EXPECT_EQ(watch.heartbeats(), 0u);
  watch.answered(heartbeat);
  watch.answered(offset_commit);
  EXPECT_EQ(watch.heartbeats(), 1u);
}

TEST(kafka_group_watch_test, a_client_is_settled_once_it_sends_heartbeats) {
  kafka_group_watch watch;
  watch.sent(join_group);
  watch.answered(join_group);
  watch.sent(sync_group);
  watch.answered(sync_group); // perhaps with an error
  EXPECT_FALSE(watch.settled());
  watch.sent(heartbeat);
  EXPECT_TRUE(watch.settled());
  watch.sent(join_group);
  EXPECT_TRUE(watch.settled());
}

TEST(kafka_group_watch_test, who_waits_hears_of_the_end_at_once) {
  kafka_group_watch watch;
  watch.sent(join_group);
  std::thread broker{[&] { watch.answered(sync_group); }};
  EXPECT_TRUE(watch.wait_until_joined(milliseconds{60'000}));
  broker.join();
}

TEST(kafka_group_watch_test, a_client_is_a_member_from_its_request_until_it_left) {
  kafka_group_watch watch;
  EXPECT_FALSE(watch.member());
  watch.sent(join_group);
  EXPECT_TRUE(watch.member());
  watch.answered(sync_group);
  watch.sent(leave_group);
  EXPECT_TRUE(watch.member()) << "the brokers may not have heard of it";
  watch.answered(leave_group);
  EXPECT_FALSE(watch.member());
}

} // namespace
} // namespace wheelwork::source_test
