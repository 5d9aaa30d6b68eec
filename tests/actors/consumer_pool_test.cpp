// How many consumers a pool has: with the backlog, with its definition, and when one of them crashes.
#include "tests/actors/consumers_fixture.hpp"

namespace wheelwork::testing {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(consumers, are_as_many_as_the_minimum_at_once) {
  pool->min = 3;
  begin();
  EXPECT_EQ(backlog->open, 3u);
  EXPECT_EQ(statistics->consumers(), 3u);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].consumers_before, 0u);
  EXPECT_EQ(events[0].consumers, 3u);
}

TEST_F(consumers, follow_the_backlog_and_never_pass_the_maximum) {
  pool->policy = lag_step_policy{.lag_limit = 100, .messages_per_consumer = 50, .hold = 60s, .interval = 10s};
  pool->max = 4;
  for (int message = 0; message < 1000; ++message) backlog->add("m" + std::to_string(message));
  begin();
  advance(30s);
  EXPECT_EQ(statistics->consumers(), 4u);
  EXPECT_EQ(backlog->open, 4u);
  const auto& decision = events.back();
  EXPECT_EQ(decision.kind, pool_event::what::scaled);
  EXPECT_GT(decision.lag.value_or(0), 100u) << "the lag that caused it stands beside it";
  EXPECT_FALSE(decision.reason.empty());
}

TEST_F(consumers, are_not_more_than_partitions) {
  pool->policy = lag_step_policy{.lag_limit = 10, .messages_per_consumer = 1, .hold = 60s, .interval = 1s};
  backlog->partitions = 2;
  for (int message = 0; message < 100; ++message) backlog->add("m" + std::to_string(message));
  begin();
  advance(10s);
  EXPECT_EQ(statistics->consumers(), 2u);
}

TEST_F(consumers, stay_as_many_as_they_are_while_the_lag_cannot_be_read) {
  pool->policy = lag_step_policy{.lag_limit = 10, .messages_per_consumer = 10, .hold = 60s, .interval = 1s};
  for (int message = 0; message < 100; ++message) backlog->add("m" + std::to_string(message));
  begin();
  advance(3s);
  const uint32_t before = statistics->consumers();
  ASSERT_GT(before, 1u);
  backlog->failure = "away";
  advance(300s);
  EXPECT_EQ(statistics->consumers(), before);
}

/// What a user was told holds at once, whenever the consumers hear of it.
TEST_F(consumers, begin_nothing_once_their_pool_stands) {
  begin();
  bool told = false;
  backlog->on_empty_take = [&] { // the consumer waits in its source
    if (std::exchange(told, true)) return;
    statistics->stands = true;
    backlog->add("late");
  };
  advance(5s);
  EXPECT_THAT(at_target(), IsEmpty());
  change([](pool_definition& definition) { definition.paused = true; });
  advance(5s);
  EXPECT_THAT(backlog->given_back, ElementsAre("late"));
  EXPECT_EQ(backlog->open, 0u);
}

TEST(crash_pauses, grow_with_each_crash_and_are_forgotten_after_a_minute) {
  crash_pauses pauses;
  steady_time now{};
  EXPECT_EQ(pauses.pause_after(now), 200ms);
  EXPECT_EQ(pauses.pause_after(now += 1s), 400ms);
  for (int each = 0; each < 10; ++each) pauses.pause_after(now += 1s);
  EXPECT_EQ(pauses.pause_after(now += 1s), 10s);
  EXPECT_EQ(pauses.pause_after(now += 61s), 200ms);
}

TEST_F(consumers, count_for_the_policy_only_when_their_source_gives_them_messages) {
  backlog->at_work = false;
  pool->min = 2;
  begin();
  advance(1s);
  EXPECT_EQ(statistics->consumers(), 2u);
  EXPECT_EQ(statistics->ready, 0u);
  backlog->at_work = true;
  advance(2s);
  EXPECT_EQ(statistics->ready, 2u);
  change([](pool_definition& definition) { definition.paused = true; });
  advance(2s);
  EXPECT_EQ(statistics->ready, 0u);
}

TEST_F(consumers, that_leave_finish_what_is_at_the_target_and_give_back_the_rest) {
  pool->in_flight = 2;
  for (const auto* body : {"one", "two", "three", "four"}) backlog->add(body);
  begin();
  advance(500ms);
  ASSERT_THAT(at_target(), ElementsAre("one", "two"));
  change([](pool_definition& changed) { changed.paused = true; });
  finish("two");
  EXPECT_EQ(backlog->open, 1u) << "one is not done";
  ASSERT_EQ(backlog->waiting.size(), 2u);
  EXPECT_EQ(backlog->waiting.front().bytes, "three") << "to be taken next";
  finish("one");
  advance(1s);
  EXPECT_EQ(backlog->open, 0u);
  EXPECT_THAT(backlog->acknowledged, UnorderedElementsAre("one", "two"));
  EXPECT_THAT(backlog->in_hand, IsEmpty());
  change([](pool_definition& changed) { changed.paused = false; });
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("three", "four"));
}

TEST_F(consumers, that_leave_give_back_what_the_target_has_not_begun) {
  pool->in_flight = 2;
  for (const auto* body : {"one", "two", "three"}) backlog->add(body);
  begin();
  advance(500ms);
  ASSERT_THAT(at_target(), ElementsAre("one", "two"));
  runner->may_take_back = [](const job& what) { return what.body.data() == "one"; };
  change([](pool_definition& changed) { changed.paused = true; });
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("two"));
  EXPECT_EQ(backlog->open, 1u) << "a worker has two";
  EXPECT_EQ(backlog->waiting.size(), 2u);
  EXPECT_EQ(backlog->waiting.front().bytes, "one") << "in its order";
  EXPECT_EQ(statistics->in_flight, 1u);
  finish("two");
  advance(1s);
  EXPECT_EQ(backlog->open, 0u);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("two"));
}

TEST_F(consumers, whose_messages_are_wanted_finish_what_is_begun_and_give_back_the_rest) {
  pool->source = kafka_source{"a", "orders", "orders"};
  pool->order = message_order::partition;
  pool->in_flight = 3;
  for (const auto* body : {"one", "two", "three"}) backlog->add(body, 1);
  backlog->add("elsewhere", 2);
  backlog->add("for a worker", 3);
  backlog->keeps_given_back = true;
  begin();
  advance(500ms);
  ASSERT_THAT(at_target(), ElementsAre("one", "elsewhere", "for a worker"));
  runner->may_take_back = [](const job& what) { return what.body.data() == "for a worker"; };
  backlog->to_want = {message_token{1}, message_token{2}, message_token{3}, message_token{5}};
  advance(600ms);
  EXPECT_THAT(at_target(), ElementsAre("one", "elsewhere"));
  EXPECT_THAT(backlog->given_back, ElementsAre("two", "three", "for a worker"));
  finish("one");
  finish("elsewhere");
  advance(600ms);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one", "elsewhere"));
  EXPECT_THAT(backlog->in_hand, IsEmpty());
}

TEST_F(consumers, whose_messages_are_wanted_try_none_of_them_again) {
  backlog->keeps_given_back = true;
  backlog->add("one");
  begin();
  advance(500ms);
  backlog->to_want = {message_token{1}};
  advance(600ms);
  ASSERT_THAT(at_target(), ElementsAre("one")) << "it is under way";
  finish("one", attempt_outcome::failed);
  advance(10s);
  EXPECT_THAT(at_target(), IsEmpty());
  EXPECT_THAT(backlog->given_back, ElementsAre("one"));
  EXPECT_THAT(backlog->buried, IsEmpty());
}

TEST_F(consumers, that_crash_are_replaced) {
  begin();
  backlog->crash = true;
  backlog->add("one");
  advance(2s);
  EXPECT_EQ(backlog->opened.size(), 2u);
  EXPECT_EQ(backlog->open, 1u);
  EXPECT_EQ(statistics->consumers(), 1u);
  EXPECT_THAT(at_target(), ElementsAre("one"));
  EXPECT_THAT(kinds(), ::testing::Contains("failing"));
}

TEST_F(consumers, change_their_number_and_target_without_losing_their_place) {
  backlog->add("one");
  begin();
  ASSERT_THAT(at_target(), ElementsAre("one"));
  change([](pool_definition& changed) { changed.min = changed.max = 3; });
  EXPECT_EQ(backlog->open, 3u);
  change([](pool_definition& changed) { changed.min = changed.max = 1; });
  finish("one");
  advance(1s);
  EXPECT_EQ(backlog->open, 1u);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
}

TEST_F(consumers, of_a_pool_that_ends_all_leave) {
  pool->min = 2;
  backlog->add("one");
  begin();
  advance(100ms);
  caf::anon_send(actor, end_pool{});
  advance(1s);
  EXPECT_FALSE(ended) << "a message is still at the target";
  finish("one");
  advance(1s);
  EXPECT_TRUE(ended);
  EXPECT_EQ(backlog->open, 0u);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
}

} // namespace

} // namespace wheelwork::testing
