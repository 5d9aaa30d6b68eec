// Lanes by key, and the order that a book keeps with them.
#include "schedule/message_lane.hpp"

#include "schedule/message_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

namespace wheelwork {
namespace {

TEST(message_lane, is_the_same_for_a_key_of_a_partition_and_for_nobody_else) {
  EXPECT_EQ(lane_by_key(3, "anna", 1), lane_by_key(3, "anna", 2));
  EXPECT_NE(lane_by_key(3, "anna", 1), lane_by_key(4, "anna", 1));
  EXPECT_NE(lane_by_key(3, "anna", 1), lane_by_key(3, "berta", 1));
  EXPECT_NE(lane_by_key(3, "", 1), lane_by_key(3, "", 2)) << "without a key a message follows nobody";
  std::set<int64_t> with_key, without;
  for (uint64_t each = 0; each < 1000; ++each) {
    with_key.insert(lane_by_key(0, std::to_string(each), each));
    without.insert(lane_by_key(0, "", each));
  }
  EXPECT_EQ(with_key.size(), 1000u);
  EXPECT_EQ(without.size(), 1000u);
  EXPECT_GE(*with_key.begin(), 0);
  EXPECT_LT(*without.rbegin(), 0);
}

struct handled_message {
  uint64_t number;
  int32_t partition;
  std::string key;
  enum { in_hand, in_flight, over } now = in_hand;
};

/// A random life of a book by key. Messages of a key start and end in their order, one at a time, also over retries;
/// and nobody waits who has none of its key before it.
void live(uint64_t seed) {
  std::mt19937_64 random{seed};
  auto draw = [&](uint64_t below) { return std::uniform_int_distribution<uint64_t>{0, below - 1}(random); };
  const size_t in_flight_max = 1 + draw(8);
  message_book book{lane_order::kept, acknowledging::each, {.in_flight = in_flight_max, .in_hand = 60}};
  std::map<uint64_t, handled_message> all;
  std::set<uint64_t> waiting; // for a retry
  std::map<std::pair<int32_t, std::string>, uint64_t> last_over;
  uint64_t next = 0;
  int64_t now = 0;
  auto before_in_key = [&](const handled_message& one) {
    return !one.key.empty() && std::any_of(all.begin(), all.end(), [&](const auto& other) {
      return other.first < one.number && other.second.now != handled_message::over && other.second.key == one.key &&
             other.second.partition == one.partition;
    });
  };
  for (int step = 0; step < 600; ++step) {
    if (book.room() > 0 && draw(3) > 0) {
      ++next;
      handled_message one{next, static_cast<int32_t>(draw(2)), draw(4) == 0 ? "" : std::to_string(draw(5))};
      ASSERT_TRUE(book.taken(next, {.lane = lane_by_key(one.partition, one.key, next), .partition = one.partition}));
      all.emplace(next, one);
    }
    while (const auto start = book.start_next(steady_time{} + milliseconds{now})) {
      auto& one = all.at(start->number);
      ASSERT_EQ(one.now, handled_message::in_hand);
      ASSERT_FALSE(before_in_key(one)) << one.number << " overtook one of its key";
      one.now = handled_message::in_flight;
      waiting.erase(one.number);
    }
    if (book.in_flight() < in_flight_max)
      for (const auto& [number, one] : all)
        if (one.now == handled_message::in_hand && !waiting.contains(number)) {
          ASSERT_TRUE(before_in_key(one)) << number << " waits for a message of another key";
        }
    std::vector<uint64_t> flying;
    for (const auto& [number, one] : all)
      if (one.now == handled_message::in_flight) flying.push_back(number);
    if (!flying.empty() && draw(2) == 0) {
      auto& one = all.at(flying[draw(flying.size())]);
      if (draw(3) == 0) {
        ASSERT_TRUE(book.failed(one.number, steady_time{} + milliseconds{now + static_cast<int64_t>(draw(40))}));
        one.now = handled_message::in_hand;
        waiting.insert(one.number);
      } else {
        ASSERT_TRUE(book.succeeded(one.number));
        one.now = handled_message::over;
        auto& last = last_over[{one.partition, one.key}];
        if (!one.key.empty()) {
          ASSERT_LT(last, one.number);
        }
        last = one.number;
      }
    }
    now += static_cast<int64_t>(draw(10));
  }
}

TEST(message_lane, keeps_the_order_of_each_key_and_holds_up_no_other) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    live(seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

} // namespace
} // namespace wheelwork
