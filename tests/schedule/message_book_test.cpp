#include "schedule/message_book.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using numbers = std::vector<uint64_t>;
using prefixes = std::vector<partition_prefix>;

steady_time at(int64_t ms) { return steady_time{} + milliseconds{ms}; }

numbers start_all(message_book& book, int64_t ms) {
  numbers started;
  while (auto start = book.start_next(at(ms))) started.push_back(start->number);
  return started;
}

void take(message_book& book, const numbers& all, int64_t lane = 0) {
  for (auto number : all)
    ASSERT_TRUE(book.taken(number, {.lane = lane, .position = static_cast<int64_t>(number)})) << number;
}

TEST(message_book, handles_one_message_at_a_time_in_order_by_default) {
  message_book book{lane_order::none, acknowledging::each};
  take(book, {1, 2, 3});
  EXPECT_EQ(start_all(book, 0), numbers{1});
  EXPECT_TRUE(book.succeeded(1));
  EXPECT_EQ(start_all(book, 0), numbers{2});
  EXPECT_TRUE(book.given_up(2));
  EXPECT_EQ(start_all(book, 0), numbers{3});
  EXPECT_EQ(book.take_finished(), (numbers{1, 2}));
  EXPECT_EQ(book.take_finished(), numbers{}) << "each is told once";
  EXPECT_EQ(book.unfinished(), 1u);
}

TEST(message_book, counts_attempts) {
  message_book book{lane_order::none, acknowledging::each};
  take(book, {1});
  EXPECT_EQ(book.start_next(at(0)), (message_start{1, 1}));
  EXPECT_TRUE(book.not_started(1, at(5)));
  EXPECT_EQ(book.start_next(at(5)), (message_start{1, 1})) << "it did not begin before";
  EXPECT_TRUE(book.failed(1, at(10)));
  EXPECT_EQ(book.start_next(at(10)), (message_start{1, 2}));
}

TEST(message_book, refuses_what_can_not_be) {
  message_book book{lane_order::none, acknowledging::each};
  take(book, {7});
  EXPECT_FALSE(book.taken(7, {}));
  EXPECT_FALSE(book.taken(6, {}));
  EXPECT_FALSE(book.succeeded(7)) << "not started";
  ASSERT_TRUE(book.start_next(at(0)));
  EXPECT_FALSE(book.failed(6, at(1))) << "unknown";
  EXPECT_TRUE(book.failed(7, at(1)));
  EXPECT_FALSE(book.given_up(7)) << "its attempt has ended";
  EXPECT_EQ(book.take_finished(), numbers{});
  EXPECT_EQ(book.in_hand(), 1u);
}

TEST(message_book, a_waiting_retry_holds_up_nobody_without_order) {
  message_book book{lane_order::none, acknowledging::each};
  take(book, {1, 2, 3});
  ASSERT_TRUE(book.start_next(at(0)));
  EXPECT_TRUE(book.failed(1, at(100)));
  EXPECT_EQ(book.next_retry(), at(100));
  EXPECT_EQ(book.start_next(at(50)), (message_start{2, 1}));
  EXPECT_EQ(book.next_retry(), std::nullopt) << "nothing could start";
  EXPECT_TRUE(book.succeeded(2));
  EXPECT_EQ(book.start_next(at(100)), (message_start{1, 2})) << "due before the new one";
}

TEST(message_book, a_waiting_retry_holds_up_its_lane_only) {
  message_book book{lane_order::kept, acknowledging::prefix, {.in_flight = 10}};
  take(book, {1, 2, 3}, 1);
  take(book, {4, 5}, 2);
  EXPECT_EQ(start_all(book, 0), (numbers{1, 4})) << "one of each lane";
  EXPECT_TRUE(book.failed(1, at(100)));
  EXPECT_TRUE(book.succeeded(4));
  EXPECT_EQ(start_all(book, 99), numbers{5});
  EXPECT_EQ(start_all(book, 100), numbers{1});
  EXPECT_TRUE(book.given_up(1));
  EXPECT_EQ(start_all(book, 100), numbers{2}) << "a message that failed for good lets its lane go on";
}

TEST(message_book, tells_what_is_over_without_a_gap) {
  message_book book{lane_order::none, acknowledging::prefix, {.in_flight = 10}};
  for (auto number : {10, 11, 12, 13})
    ASSERT_TRUE(book.taken(static_cast<uint64_t>(number), {.partition = number % 2, .position = number * 100}));
  ASSERT_EQ(start_all(book, 0).size(), 4u);
  book.succeeded(13);
  EXPECT_EQ(book.take_prefixes(), prefixes{}) << "11 is before it";
  EXPECT_EQ(book.in_hand(), 4u);
  EXPECT_EQ(book.unfinished(), 3u);
  book.succeeded(10);
  book.succeeded(11);
  EXPECT_EQ(book.take_prefixes(), (prefixes{{0, 1000}, {1, 1300}}));
  EXPECT_EQ(book.take_prefixes(), prefixes{}) << "each is told once";
  EXPECT_EQ(book.take_finished(), (numbers{13, 10, 11}));
  EXPECT_EQ(book.in_hand(), 1u);
}

TEST(message_book, bounds_what_is_taken) {
  message_book book{lane_order::none, acknowledging::prefix, {.in_hand = 3, .bytes_in_hand = 100}};
  EXPECT_EQ(book.room(), 3u);
  take(book, {1, 2, 3});
  EXPECT_EQ(book.room(), 0u);
  ASSERT_TRUE(book.start_next(at(0)));
  book.failed(1, at(1000));
  ASSERT_TRUE(book.start_next(at(0)));
  book.succeeded(2);
  EXPECT_EQ(book.room(), 0u) << "2 would come again after a crash, so it counts until 1 is over";
  ASSERT_TRUE(book.start_next(at(1000)));
  book.succeeded(1);
  EXPECT_EQ(book.room(), 2u);
}

TEST(message_book, bounds_bytes_but_takes_one_message_of_any_size) {
  message_book book{lane_order::none, acknowledging::each, {.in_hand = 3, .bytes_in_hand = 100}};
  ASSERT_TRUE(book.taken(1, {.bytes = 60}));
  EXPECT_EQ(book.room(), 2u);
  ASSERT_TRUE(book.taken(2, {.bytes = 60}));
  EXPECT_EQ(book.room(), 0u);
  book.start_next(at(0));
  book.succeeded(1);
  EXPECT_EQ(book.room(), 2u);
  message_book small{lane_order::none, acknowledging::each, {.in_hand = 0, .bytes_in_hand = 0}};
  EXPECT_EQ(small.room(), 1u);
}

TEST(message_book, gives_back_what_was_never_started) {
  message_book book{lane_order::none, acknowledging::prefix, {.in_flight = 2}};
  take(book, {1, 2, 3, 4});
  ASSERT_EQ(start_all(book, 0), (numbers{1, 2}));
  book.failed(1, at(10));
  EXPECT_EQ(book.give_back_untouched(), (numbers{3, 4}));
  EXPECT_EQ(book.give_back_untouched(), numbers{});
  EXPECT_EQ(start_all(book, 10), numbers{1}) << "it goes on with what it began";
  book.succeeded(1);
  book.succeeded(2);
  EXPECT_EQ(book.unfinished(), 0u) << "now the consumer may leave";
  EXPECT_EQ(book.take_prefixes(), (prefixes{{0, 2}})) << "not past what others will do";
}

TEST(message_book, gives_back_waiting_ones_together_with_what_is_behind_them) {
  message_book book{lane_order::kept, acknowledging::each, {.in_flight = 2}};
  take(book, {1, 2}, 1);
  take(book, {3, 4}, 2);
  ASSERT_EQ(start_all(book, 0), (numbers{1, 3}));
  book.failed(1, at(10));
  EXPECT_EQ(book.give_back_all(), (numbers{1, 2, 4}));
  EXPECT_EQ(book.waiting_for_retry(), 0u);
  EXPECT_EQ(start_all(book, 1000), numbers{});
  book.succeeded(3);
  EXPECT_EQ(book.take_finished(), numbers{3});
  EXPECT_EQ(book.unfinished(), 0u);
}

TEST(message_book, gives_back_those_that_are_asked_for_unless_they_are_in_flight) {
  message_book book{lane_order::kept, acknowledging::each, {.in_flight = 3}};
  take(book, {1, 2}, 1);
  take(book, {3, 4}, 2);
  take(book, {5}, 3);
  ASSERT_EQ(start_all(book, 0), (numbers{1, 3, 5}));
  book.failed(3, at(10));
  const numbers wanted{1, 2, 3, 99};
  EXPECT_EQ(book.give_back(wanted), (numbers{2, 3}));
  EXPECT_EQ(start_all(book, 1000), numbers{4}) << "what was in front of it is gone";
  book.succeeded(1);
  EXPECT_EQ(book.unfinished(), 2u);
}

TEST(message_book, forgets_a_revoked_partition_but_lets_attempts_end) {
  message_book book{lane_order::kept, acknowledging::prefix, {.in_flight = 4}};
  take(book, {1, 2}, 0);
  ASSERT_TRUE(book.taken(3, {.lane = 1, .partition = 1, .position = 7}));
  ASSERT_EQ(start_all(book, 0), (numbers{1, 3}));
  EXPECT_EQ(book.revoke(0), (numbers{1, 2}));
  EXPECT_EQ(book.in_flight(), 2u) << "the attempt still uses its place";
  take(book, {4}, 0);
  EXPECT_EQ(start_all(book, 0), numbers{}) << "given to us again, and the lane is still in use";
  EXPECT_TRUE(book.failed(1, at(5)));
  EXPECT_EQ(start_all(book, 5), numbers{4}) << "1 is not repeated here";
  book.succeeded(4);
  book.succeeded(3);
  EXPECT_EQ(book.take_finished(), (numbers{4, 3}));
  EXPECT_EQ(book.take_prefixes(), (prefixes{{0, 4}, {1, 7}}));
  EXPECT_EQ(book.in_hand(), 0u);
}

TEST(message_book, forgets_single_messages_that_are_lost) {
  message_book book{lane_order::kept, acknowledging::each, {.in_flight = 4}};
  take(book, {1, 2, 3}, 0);
  ASSERT_EQ(start_all(book, 0), (numbers{1}));
  EXPECT_EQ(book.lose(numbers{1, 2, 99}), (numbers{1, 2}));
  EXPECT_EQ(book.lose(numbers{1}), numbers{}) << "known already";
  EXPECT_EQ(book.unfinished(), 2u);
  EXPECT_TRUE(book.succeeded(1));
  EXPECT_EQ(book.take_finished(), numbers{}) << "nothing to acknowledge";
  EXPECT_EQ(start_all(book, 0), (numbers{3}));
}

TEST(message_book, limits_may_change_while_it_works) {
  message_book book{lane_order::none, acknowledging::each, {.in_flight = 3, .in_hand = 5}};
  take(book, {1, 2, 3, 4, 5});
  ASSERT_EQ(start_all(book, 0).size(), 3u);
  book.change({.in_flight = 1, .in_hand = 2});
  EXPECT_EQ(book.room(), 0u);
  book.succeeded(1);
  book.succeeded(2);
  EXPECT_EQ(start_all(book, 0), numbers{});
  book.succeeded(3);
  EXPECT_EQ(start_all(book, 0), numbers{4});
}

} // namespace
} // namespace wheelwork
