// Consumers over a backlog in memory: what is acknowledged, tried again, buried and given back.
#include "tests/actors/consumers_fixture.hpp"

namespace wheelwork::testing {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(consumers, acknowledge_a_message_when_its_work_is_done_and_not_before) {
  backlog->add("one");
  begin();
  advance(10s);
  EXPECT_THAT(at_target(), ElementsAre("one"));
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
  finish("one");
  advance(1s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
  EXPECT_THAT(backlog->in_hand, IsEmpty());
}

TEST_F(consumers, have_one_message_at_the_target_unless_the_pool_allows_more) {
  for (const auto* body : {"one", "two", "three"}) backlog->add(body);
  begin();
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("one"));
  change([](pool_definition& changed) { changed.in_flight = 2; });
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("one", "two"));
}

TEST_F(consumers, try_a_failed_message_again_after_its_delays_while_others_go_on) {
  backlog->add("bad");
  backlog->add("good");
  begin();
  finish("bad", attempt_outcome::failed);
  advance(500ms);
  EXPECT_THAT(at_target(), ElementsAre("good")) << "it waits for no retry of another";
  finish("good");
  advance(600ms);
  ASSERT_THAT(at_target(), ElementsAre("bad"));
  EXPECT_EQ(runner->open.front().number, 2u);
  EXPECT_EQ(statistics->waiting_for_retry, 0u);
  finish("bad", attempt_outcome::timed_out);
  EXPECT_EQ(statistics->waiting_for_retry, 1u);
  EXPECT_EQ(statistics->in_hand, 1u);
  advance(4900ms);
  EXPECT_THAT(at_target(), IsEmpty());
  advance(200ms);
  finish("bad");
  advance(1s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("good", "bad"));
  EXPECT_EQ(statistics->in_hand, 0u);
  EXPECT_EQ(statistics->waiting_for_retry, 0u);
  EXPECT_EQ(statistics->failed_attempts, 2u);
}

TEST_F(consumers, bury_a_message_after_its_last_retry_with_the_reason) {
  backlog->add("bad");
  begin();
  for (int attempt = 0; attempt < 3; ++attempt) {
    finish("bad", attempt_outcome::failed);
    advance(6s);
  }
  ASSERT_EQ(backlog->buried.size(), 1u);
  const auto& [bytes, why] = backlog->buried.front();
  EXPECT_EQ(bytes, "bad");
  EXPECT_EQ(why.reason, "retries_exhausted");
  EXPECT_EQ(why.error, "the test says so");
  EXPECT_EQ(why.attempts, 3u);
  EXPECT_THAT(backlog->acknowledged, IsEmpty()) << "burying is its own acknowledgement";
  EXPECT_EQ(statistics->dead_letters, 1u);
  EXPECT_THAT(kinds(), ::testing::Contains("dead_letters"));
}

TEST_F(consumers, keep_the_order_within_a_partition_and_only_there) {
  pool->order = message_order::partition;
  pool->in_flight = 10;
  backlog->add("first of 1", 1);
  backlog->add("second of 1", 1);
  backlog->add("first of 2", 2);
  begin();
  advance(100ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("first of 1", "first of 2"));
  finish("first of 1", attempt_outcome::failed);
  advance(500ms);
  EXPECT_THAT(at_target(), ElementsAre("first of 2")) << "the second of 1 waits behind the retry";
  advance(600ms);
  finish("first of 1");
  advance(100ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("first of 2", "second of 1"));
}

TEST_F(consumers, keep_the_order_within_a_key_and_start_other_keys_beside_it) {
  pool->source = kafka_source{"k", "payments", "billing"};
  pool->order = message_order::key;
  pool->in_flight = 4;
  backlog->add("first of anna", 1, "anna");
  backlog->add("second of anna", 1, "anna");
  backlog->add("first of berta", 1, "berta");
  backlog->add("nobody's", 1);
  backlog->add("nobody's, too", 1);
  begin();
  advance(100ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("first of anna", "first of berta", "nobody's", "nobody's, too"));
  finish("first of anna", attempt_outcome::failed);
  backlog->add("second of berta", 1, "berta");
  finish("first of berta");
  advance(500ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("second of berta", "nobody's", "nobody's, too"))
      << "the second of anna waits behind the retry, and holds up nobody";
  advance(600ms);
  finish("first of anna");
  advance(100ms);
  EXPECT_THAT(at_target(), ::testing::Contains("second of anna"));
}

TEST_F(consumers, begin_what_was_lost_with_other_consumers_apart_and_have_it_counted_before) {
  pool->in_flight = 10;
  for (const auto* body : {"a", "b", "c", "d"}) backlog->waiting.push_back({body, 0, "", 5});
  backlog->add("new");
  begin();
  advance(0ms);
  EXPECT_THAT(at_target(), ElementsAre("new"));
  size_t largest_step = 0;
  for (int step = 0; step < 81; ++step) {
    const auto before = at_target().size();
    advance(100ms);
    largest_step = std::max(largest_step, at_target().size() - before);
  }
  EXPECT_LT(largest_step, 4u) << "each waits for a moment of its own";
  EXPECT_THAT(at_target(), UnorderedElementsAre("a", "b", "c", "d", "new"));
  EXPECT_EQ(backlog->begun, (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}));
  finish("a", attempt_outcome::failed);
  EXPECT_EQ(backlog->begun["a"], 0) << "this attempt ended, and no consumer with it";
  advance(1100ms);
  EXPECT_EQ(backlog->begun["a"], 1);
}

TEST_F(consumers, begin_no_suspect_that_could_not_be_counted) {
  backlog->waiting.push_back({"suspect", 0, "", 2});
  begin();
  backlog->failure = "away";
  advance(5s);
  EXPECT_THAT(at_target(), IsEmpty());
  backlog->failure.clear();
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("suspect"));
}

TEST_F(consumers, drop_what_comes_of_messages_that_somebody_else_has_now) {
  backlog->add("stolen");
  begin();
  ASSERT_THAT(at_target(), ElementsAre("stolen"));
  backlog->to_lose = {message_token{1}};
  backlog->in_hand.clear();
  backlog->add("next");
  advance(2s);
  EXPECT_EQ(runner->cancelled.size(), 1u);
  finish("stolen");
  advance(1s);
  finish("next");
  advance(2s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("next"));
  EXPECT_EQ(statistics->in_flight, 0u);
}

TEST_F(consumers, go_on_when_a_source_that_failed_works_again) {
  backlog->add("one");
  begin();
  backlog->failure = "connection refused";
  advance(2s);
  finish("one");
  advance(5s);
  EXPECT_EQ(statistics->status(steady_now()).failure, "connection refused");
  EXPECT_FALSE(statistics->status(steady_now()).lag) << "unknown is not zero";
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
  backlog->failure.clear();
  backlog->add("two");
  advance(2s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
  EXPECT_THAT(at_target(), ElementsAre("two"));
  EXPECT_EQ(statistics->status(steady_now()).failure, "");
  EXPECT_THAT(kinds(), ElementsAre("scaled", "failing", "working"));
}

TEST_F(consumers, of_a_failing_source_do_not_call_it_without_a_pause) {
  backlog->failure = "connection refused";
  begin();
  const auto before = backlog->calls;
  advance(10s);
  EXPECT_LT(backlog->calls - before, 100u);
  EXPECT_GT(backlog->calls - before, 10u);
}

TEST_F(consumers, count_no_waiting_for_messages_as_work) {
  backlog->add("one");
  begin();
  advance(20ms);
  backlog->on_empty_take = [this] { scheduler.advance_time(std::chrono::seconds{1}); };
  finish("one");
  backlog->on_empty_take = nullptr;
  EXPECT_GE(statistics->busy_microseconds, 20'000u);
  EXPECT_LT(statistics->busy_microseconds, 100'000u);
}

TEST_F(consumers, tell_targets_where_a_message_came_from) {
  pool->source = kafka_source{"k", "payments", "billing"};
  backlog->add(R"({"a":1})", 7);
  backlog->add("\xff\xfe");
  pool->in_flight = 2;
  std::vector<attempt_order> orders;
  begin();
  runner->on_order = [&](const attempt_order& order) { orders.push_back(order); };
  backlog->add(R"({"b":2})", 3);
  change([](pool_definition& changed) { changed.in_flight = 3; });
  advance(1s);
  ASSERT_EQ(orders.size(), 1u);
  ASSERT_TRUE(orders[0].from);
  EXPECT_EQ(orders[0].from->pool, "orders");
  EXPECT_EQ(orders[0].from->source, "kafka");
  EXPECT_EQ(orders[0].from->key, "payments");
  EXPECT_EQ(orders[0].from->partition, 3);
  EXPECT_TRUE(runner->open[0].what.body.is_json());
  EXPECT_EQ(runner->open[1].what.body.content_type(), "application/octet-stream");
}

TEST_F(consumers, name_a_message_to_its_target_the_same_way_each_time_and_another_one_in_another) {
  auto how = std::make_shared<resolved_target>(*how_);
  how->how = http_target{};
  pool->how = how;
  pool->in_flight = 2;
  begin();
  std::map<std::string, std::vector<std::string>> keys;
  runner->on_order = [&](const attempt_order& order) {
    keys[std::string{order.what.body.data()}].push_back(order.from->idempotency_key);
  };
  backlog->add("one");
  backlog->add("two");
  advance(1s);
  finish("one", attempt_outcome::failed);
  advance(2s);
  ASSERT_EQ(keys["one"].size(), 2u);
  EXPECT_EQ(keys["one"][0], keys["one"][1]);
  EXPECT_EQ(keys["one"][0].size(), 32u);
  EXPECT_NE(keys["one"][0], keys["two"].at(0));
}

} // namespace

} // namespace wheelwork::testing
