#include "tests/sources/source_fixture.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wheelwork::source_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using list_end = redis_target::list_end;

class redis_list_source_test : public ::testing::Test {
protected:
  void push(const std::vector<std::string>& messages) {
    for (const auto& each : messages) server_.run({"LPUSH", "orders", each});
  }
  std::vector<std::string> waiting() { return server_.list({"LRANGE", "orders", "0", "-1"}); }
  std::vector<std::string> dead() { return server_.list({"LRANGE", "orders:dead", "0", "-1"}); }
  /// All keys but the source and the dead letters.
  std::vector<std::string> keys_beside() { return server_.list({"KEYS", "*wheelwork*"}); }

  redis_server server_;
  redis_pool pool_{server_, list_named("orders")};
};

TEST_F(redis_list_source_test, takes_in_order_and_acknowledges) {
  push({"a", "b", "c"});
  auto consumer = pool_.consumer();
  const auto news = take(*consumer, 2);
  EXPECT_THAT(texts(news), ElementsAre("a", "b"));
  EXPECT_LT(news.taken[0].token, news.taken[1].token);
  acknowledge(*consumer, tokens(news));
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("c"));
  auto monitor = pool_.monitor();
  const auto seen = look(*monitor);
  EXPECT_EQ(seen.waiting, 0u);
  EXPECT_EQ(seen.in_hand, 1u);
}

TEST_F(redis_list_source_test, takes_from_the_left_where_the_pool_says_so) {
  redis_pool left{server_, list_named("orders", list_end::left)};
  push({"c", "b", "a"});
  auto consumer = left.consumer();
  auto news = take(*consumer, 2);
  EXPECT_THAT(texts(news), ElementsAre("a", "b"));
  give_back(*consumer, tokens(news));
  EXPECT_THAT(waiting(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("a", "b", "c"));
}

TEST_F(redis_list_source_test, takes_no_more_bytes_than_it_is_asked_for) {
  for (int each = 0; each < 20; ++each) push({std::string(1000, 'x')});
  auto consumer = pool_.consumer();
  EXPECT_THAT(consumer->take(100, 1, milliseconds{0})->taken, SizeIs(1));
  EXPECT_THAT(consumer->take(100, 3500, milliseconds{0})->taken, SizeIs(4));
  EXPECT_THAT(consumer->take(100, 1'000'000, milliseconds{0})->taken, SizeIs(15));
}

TEST_F(redis_list_source_test, takes_thousands_at_once_in_order) {
  std::vector<std::string> pushed;
  for (int each = 0; each < 3000; ++each) pushed.push_back(std::to_string(each));
  push(pushed);
  auto consumer = pool_.consumer();
  const auto news = take(*consumer, 2999);
  EXPECT_EQ(texts(news), std::vector<std::string>(pushed.begin(), pushed.end() - 1));
  EXPECT_THAT(waiting(), ElementsAre("2999"));
}

TEST_F(redis_list_source_test, an_empty_one_answers_at_once_or_waits_for_the_first) {
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer)), IsEmpty());
  EXPECT_THAT(texts(take(*consumer, 10, milliseconds{20})), IsEmpty());
  auto waits = std::async(std::launch::async, [&] { return texts(take(*consumer, 10, milliseconds{20'000})); });
  until("a blocked client", [&] {
    return server_.run({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  });
  push({"late"});
  EXPECT_THAT(waits.get(), ElementsAre("late"));
}

TEST_F(redis_list_source_test, a_message_that_came_while_its_consumer_died_is_taken_by_the_next) {
  push({"b"});
  server_.run({"LPUSH", "{orders}:wheelwork:orders:landing", "a"}); // as BLMOVE leaves it
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("a", "b"));
  server_.run({"LPUSH", "{orders}:wheelwork:orders:landing", "c"});
  close(*consumer);
  EXPECT_EQ(look(*pool_.monitor()).waiting, 3u);
  EXPECT_THAT(keys_beside(), IsEmpty());
}

TEST_F(redis_list_source_test, acknowledges_by_place_even_between_equal_messages) {
  push({"same", "b", "same", "c", "same"});
  auto consumer = pool_.consumer();
  const auto all = tokens(take(*consumer));
  acknowledge(*consumer, {all[2], all[4]});
  keep_alive(*consumer);
  acknowledge(*consumer, {all[0]});
  keep_alive(*consumer);
  give_back(*consumer, {all[1], all[3]});
  EXPECT_THAT(waiting(), ElementsAre("c", "b"));
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 0u);
}

TEST_F(redis_list_source_test, gives_back_what_was_not_begun_in_its_order) {
  push({"a", "b", "c", "d", "e"});
  auto consumer = pool_.consumer();
  const auto all = tokens(take(*consumer, 4));
  give_back(*consumer, {all[3], all[1]});
  EXPECT_THAT(waiting(), ElementsAre("e", "d", "b"));
  close(*consumer);
  EXPECT_THAT(waiting(), ElementsAre("e", "d", "b", "c", "a")) << "what is still in hand at the end goes back, too";
  EXPECT_THAT(keys_beside(), IsEmpty());
}

TEST_F(redis_list_source_test, buries_with_the_original_bytes_and_the_reason) {
  push({"good", "bad \xff\x01", "{\"n\":1}"});
  auto consumer = pool_.consumer();
  const auto all = tokens(take(*consumer));
  bury(*consumer, {{all[1], "retries_exhausted", "status 500", 4}, {all[2], "unreadable", "no member id", 1}});
  const auto letters = dead();
  ASSERT_THAT(letters, SizeIs(2));
  const auto first = nlohmann::json::parse(letters[0]);
  EXPECT_EQ(first["message_base64"], "YmFkIP8B");
  EXPECT_FALSE(first.contains("message"));
  EXPECT_EQ(first["reason"], "retries_exhausted");
  EXPECT_EQ(first["error"], "status 500");
  EXPECT_EQ(first["attempts"], 4);
  EXPECT_EQ(first["pool"], "orders");
  EXPECT_EQ(first["source"], "redis_list");
  EXPECT_EQ(first["key"], "orders");
  EXPECT_THAT(first["time"].get<std::string>(), HasSubstr("T"));
  EXPECT_EQ(nlohmann::json::parse(letters[1])["message"], "{\"n\":1}");
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 1u);
  bury(*consumer, {{all[1], "retries_exhausted", "again", 4}});
  EXPECT_THAT(dead(), SizeIs(2)) << "it was done";
}

TEST_F(redis_list_source_test, buries_what_is_too_large_and_takes_the_rest) {
  pool_.setup.message_size_max = 1u << 20;
  const std::string large(50u << 20, 'x');
  push({"a"});
  server_.run({"LPUSH", "orders", large});
  push({"b"});
  auto consumer = pool_.consumer();
  std::vector<std::string> taken;
  for (int calls = 0; calls < 3; ++calls)
    for (auto& each : texts(take(*consumer))) taken.push_back(each);
  EXPECT_THAT(taken, ElementsAre("a", "b"));
  const auto letters = dead();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_TRUE(letters[0].starts_with("{\"message\":\"" + large + "\",")) << letters[0].size();
  const auto rest = letters[0].substr(large.size());
  EXPECT_THAT(rest, HasSubstr("\"reason\":\"too_large\""));
  EXPECT_THAT(rest, HasSubstr("52428800"));
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 2u);
}

TEST_F(redis_list_source_test, messages_are_bytes) {
  const std::string bytes{"\0\r\n$5\xff\xfe", 7};
  push({bytes, ""});
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer)), ElementsAre(bytes, ""));
}

TEST_F(redis_list_source_test, a_consumer_without_a_sign_of_life_loses_its_messages_and_hears_of_it) {
  pool_.setup.consumer_lease = milliseconds{30};
  push({"a", "b", "c"});
  auto stopped = pool_.consumer(0);
  const auto held = take(*stopped, 2);
  acknowledge(*stopped, {held.taken[0].token});
  auto monitor = pool_.monitor();
  uint64_t recovered = 0;
  until("recovery", [&] { return (recovered += look(*monitor).recovered) > 0; });
  EXPECT_EQ(recovered, 2u);
  EXPECT_THAT(waiting(), ElementsAre("c", "b", "a"));
  pool_.setup.consumer_lease = milliseconds{15'000};
  auto other = pool_.consumer(1);
  const auto again = take(*other, 2);
  EXPECT_THAT(texts(again), ElementsAre("a", "b"));
  const auto news = take(*stopped);
  EXPECT_THAT(news.lost, ElementsAre(held.taken[1].token)) << "the acknowledged one is of no interest any more";
  EXPECT_THAT(news.warning, HasSubstr("no sign of life"));
  EXPECT_THAT(texts(news), ElementsAre("c"));
  acknowledge(*other, tokens(again));
  keep_alive(*other);
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(redis_list_source_test, a_lost_message_can_not_be_buried_any_more) {
  pool_.setup.consumer_lease = milliseconds{30};
  push({"a"});
  auto stopped = pool_.consumer();
  const auto held = tokens(take(*stopped));
  auto monitor = pool_.monitor();
  until("recovery", [&] { return look(*monitor).recovered == 1; });
  EXPECT_FALSE(stopped->bury(std::vector{dead_message{held[0], "retries_exhausted", "", 1}}));
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_EQ(keep_alive(*stopped).lost, held);
}

TEST_F(redis_list_source_test, a_living_consumer_keeps_its_messages) {
  pool_.setup.consumer_lease = milliseconds{2'000};
  push({"a"});
  auto consumer = pool_.consumer();
  const auto held = take(*consumer);
  auto monitor = pool_.monitor();
  const auto end = redis_test_clock().steady_now() + milliseconds{2'500};
  while (redis_test_clock().steady_now() < end) {
    EXPECT_THAT(keep_alive(*consumer).lost, IsEmpty());
    EXPECT_EQ(look(*monitor).recovered, 0u);
  }
  EXPECT_EQ(look(*monitor).in_hand, 1u);
}

TEST_F(redis_list_source_test, what_an_earlier_run_of_the_node_left_is_recovered_at_once) {
  push({"a", "b"});
  auto killed = pool_.consumer_of_run(1);
  take(*killed, 1);
  pool_.setup.incarnation = 2;
  auto mine = pool_.consumer(7);
  take(*mine, 1);
  const auto seen = look(*pool_.monitor());
  EXPECT_EQ(seen.recovered, 1u);
  EXPECT_EQ(seen.waiting, 1u);
  EXPECT_EQ(seen.in_hand, 1u) << "of this run";
  EXPECT_THAT(waiting(), ElementsAre("a"));
  pool_.setup.node = "node-b";
  EXPECT_EQ(look(*pool_.monitor()).recovered, 0u) << "another node's lease still holds";
}

TEST_F(redis_list_source_test, a_message_that_ends_its_consumers_is_buried) {
  push({"poison"});
  for (uint64_t run = 1; run <= 5; ++run) {
    pool_.setup.incarnation = run;
    look(*pool_.monitor());
    auto consumer = pool_.consumer();
    const auto news = take(*consumer);
    ASSERT_THAT(texts(news), ElementsAre("poison")) << "run " << run;
    EXPECT_EQ(news.taken[0].deliveries, run);
    if (run > 1) {
      ASSERT_TRUE(consumer->attempt_begins(news.taken[0].token));
    }
  }
  pool_.setup.incarnation = 6;
  EXPECT_EQ(look(*pool_.monitor()).recovered, 1u);
  push({"good"});
  EXPECT_THAT(texts(take(*pool_.consumer())), ElementsAre("good"));
  const auto letters = server_.list({"LRANGE", "orders:dead", "0", "-1"});
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_THAT(letters[0], AllOf(HasSubstr("\"message\":\"poison\""), HasSubstr("\"reason\":\"crashed_consumer\""),
                                HasSubstr("\"attempts\":5")));
  EXPECT_EQ(server_.run({"EXISTS", "{orders}:wheelwork:orders:losses"}), "0") << "nothing is left to be counted";
}

TEST_F(redis_list_source_test, what_only_lay_beside_it_is_not_counted_out) {
  push({"poison", "beside"});
  for (uint64_t run = 1; run <= 8; ++run) {
    pool_.setup.incarnation = run;
    look(*pool_.monitor());
    auto consumer = pool_.consumer();
    const auto news = take(*consumer);
    if (run > 5) {
      ASSERT_THAT(texts(news), ElementsAre("beside")) << "run " << run;
      continue;
    }
    ASSERT_THAT(texts(news), UnorderedElementsAre("poison", "beside")) << "run " << run;
    for (const auto& each : news.taken) {
      if (run > 1) {
        ASSERT_TRUE(consumer->attempt_begins(each.token));
      }
      if (run > 1 && each.bytes == "beside") {
        ASSERT_TRUE(consumer->attempt_ended(each.token));
      }
    }
  }
  pool_.setup.incarnation = 9;
  look(*pool_.monitor());
  auto consumer = pool_.consumer();
  const auto news = take(*consumer);
  ASSERT_THAT(texts(news), ElementsAre("beside"));
  EXPECT_EQ(news.taken[0].deliveries, 2u);
  give_back(*consumer, tokens(news));
  const auto again = take(*consumer);
  EXPECT_EQ(again.taken[0].deliveries, 2u) << "a consumer that gives it back does not clear it";
  consumer->acknowledge(tokens(again));
  keep_alive(*consumer);
  push({"beside"});
  EXPECT_EQ(take(*consumer).taken[0].deliveries, 1u) << "its work was done: another with these bytes begins anew";
}

TEST_F(redis_list_source_test, pools_on_one_list_share_it) {
  redis_pool other{server_, list_named("orders")};
  other.setup.pool = "audit";
  push({"a", "b"});
  auto one = pool_.consumer(), two = other.consumer();
  EXPECT_THAT(texts(take(*one, 1)), ElementsAre("a"));
  EXPECT_THAT(texts(take(*two, 1)), ElementsAre("b"));
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 1u);
}

TEST_F(redis_list_source_test, keys_beside_the_list_are_in_its_hash_slot) {
  redis_pool tagged{server_, list_named("shop:{7}:orders")};
  server_.run({"LPUSH", "shop:{7}:orders", "a"});
  auto consumer = tagged.consumer();
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("a"));
  for (const auto& key : keys_beside()) EXPECT_THAT(key, HasSubstr("shop:{7}:orders:wheelwork:orders:"));
}

TEST_F(redis_list_source_test, a_missing_connection_is_named) {
  pool_.connections.redis.clear();
  const auto opened = open_source(pool_.setup, 0, pool_.connections);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), HasSubstr("[redis.main]"));
  EXPECT_FALSE(open_source_monitor(pool_.setup, pool_.connections));
}

TEST_F(redis_list_source_test, with_the_number_of_a_dead_consumer_is_another_one) {
  pool_.setup.consumer_lease = milliseconds{300};
  push({"a", "b"});
  EXPECT_THAT(texts(take(*pool_.consumer(1), 1)), ElementsAre("a")); // a pool that crashed begins to count anew
  auto next = pool_.consumer(1);
  const auto news = take(*next, 1);
  EXPECT_THAT(texts(news), ElementsAre("b"));
  acknowledge(*next, tokens(news));
  auto monitor = pool_.monitor();
  until("the first one's message is given back", [&] {
    keep_alive(*next);
    return look(*monitor).recovered == 1;
  });
  EXPECT_THAT(texts(take(*next)), ElementsAre("a"));
}

} // namespace
} // namespace wheelwork::source_test
