// What a list's consumer does when its server fails, and what it says.
#include "tests/sources/source_fixture.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork::source_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string words_of(source& from) {
  const auto taken = from.take(10, 1000, milliseconds{0});
  return taken ? "it took messages" : taken.error().message;
}

std::string words_of(source_monitor& with) {
  const auto seen = with.look();
  return seen ? "it saw the backlog" : seen.error().message;
}

class redis_faults_test : public ::testing::Test {
protected:
  static void take_again(source& from) {
    until("a connection", [&] { return from.take(0, 1, milliseconds{0}).has_value(); });
  }
};

TEST_F(redis_faults_test, a_restart_with_its_log_loses_nothing_and_repeats_nothing) {
  redis_server server{{.settings = {"appendonly yes", "appendfsync always"}}};
  redis_pool pool{server, list_named("orders")};
  for (const auto* each : {"a", "b", "c"}) server.run({"LPUSH", "orders", each});
  auto consumer = pool.consumer();
  const auto held = take(*consumer, 2);
  acknowledge(*consumer, {held.taken[0].token});
  server.crash();
  EXPECT_THAT(words_of(*consumer), HasSubstr("Redis at"));
  server.start();
  take_again(*consumer);
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("c"));
  give_back(*consumer, {held.taken[1].token});
  EXPECT_THAT(server.list({"LRANGE", "orders", "0", "-1"}), ElementsAre("b"));
}

TEST_F(redis_faults_test, a_restart_without_persistence_is_told_and_work_goes_on) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  server.run({"LPUSH", "orders", "a"});
  auto consumer = pool.consumer();
  auto monitor = pool.monitor();
  const auto held = take(*consumer);
  EXPECT_THAT(look(*monitor).warning, HasSubstr("writes nothing to disk"));
  EXPECT_THAT(look(*monitor).warning, IsEmpty()) << "once is enough";
  server.crash();
  EXPECT_THAT(words_of(*monitor), HasSubstr("Redis at"));
  server.start();
  source_news news;
  until("a connection", [&] {
    auto got = consumer->keep_alive();
    if (got) news = std::move(*got);
    return got.has_value();
  });
  EXPECT_EQ(news.lost, tokens(held));
  backlog seen;
  until("a look", [&] {
    auto got = monitor->look();
    if (got) seen = std::move(*got);
    return got.has_value();
  });
  EXPECT_THAT(seen.warning, HasSubstr("started anew"));
  server.run({"LPUSH", "orders", "b"});
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("b"));
}

TEST_F(redis_faults_test, a_server_that_can_not_be_reached_fails_quickly_between_tries) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  auto consumer = pool.consumer();
  server.crash();
  const auto begin = redis_test_clock().steady_now();
  for (int calls = 0; calls < 1000; ++calls) EXPECT_THAT(words_of(*consumer), HasSubstr("can't be reached"));
  EXPECT_LT(redis_test_clock().steady_now() - begin, milliseconds{5'000});
}

TEST_F(redis_faults_test, a_server_that_stands_still_is_given_up_and_an_answer_that_was_lost_is_made_good) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  for (const auto* each : {"a", "b"}) server.run({"LPUSH", "orders", each});
  auto consumer = pool.consumer();
  const auto first = take(*consumer, 1);
  acknowledge(*consumer, tokens(first));
  server.signal(SIGSTOP);
  EXPECT_THAT(words_of(*consumer), HasSubstr("did not answer within the time limit"));
  server.signal(SIGCONT);
  take_again(*consumer);
  // The step was carried out when the server went on, or is now; either way once.
  const auto in_hand = look(*pool.monitor());
  EXPECT_EQ(in_hand.in_hand + in_hand.waiting, 1u);
}

TEST_F(redis_faults_test, a_script_cache_that_was_emptied_is_filled_again) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  auto consumer = pool.consumer();
  take(*consumer);
  server.run({"SCRIPT", "FLUSH"});
  server.run({"LPUSH", "orders", "a"});
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("a"));
}

TEST_F(redis_faults_test, everything_deleted_is_told_as_lost) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  server.run({"LPUSH", "orders", "a"});
  auto consumer = pool.consumer();
  const auto held = take(*consumer);
  server.run({"FLUSHALL"});
  server.run({"LPUSH", "orders", "b"});
  const auto news = take(*consumer);
  EXPECT_EQ(news.lost, tokens(held));
  EXPECT_THAT(texts(news), ElementsAre("b"));
}

TEST_F(redis_faults_test, a_key_of_another_type_is_named) {
  redis_server server;
  server.run({"SET", "orders", "text"});
  redis_pool lists{server, list_named("orders")}, streams{server, stream_named("orders")};
  for (auto* pool : {&lists, &streams}) {
    EXPECT_THAT(words_of(*pool->consumer()), HasSubstr("the key orders"));
    EXPECT_THAT(words_of(*pool->monitor()), HasSubstr("the key orders"));
  }
  server.run({"DEL", "orders"});
  auto consumer = lists.consumer();
  EXPECT_EQ(words_of(*consumer), "it took messages");
}

TEST_F(redis_faults_test, a_dead_letter_list_of_another_type_buries_nothing_and_loses_nothing) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  server.run({"SET", "orders:dead", "text"});
  server.run({"LPUSH", "orders", "a"});
  auto consumer = pool.consumer();
  const auto held = take(*consumer);
  const std::vector dead{dead_message{held.taken[0].token, "unreadable", "", 1}};
  EXPECT_FALSE(consumer->bury(dead));
  server.run({"DEL", "orders:dead"});
  EXPECT_TRUE(consumer->bury(dead));
  EXPECT_EQ(server.run({"LLEN", "orders:dead"}), "1");
}

TEST_F(redis_faults_test, a_password_is_asked_for) {
  redis_server server{{.password = "secret"}};
  redis_pool pool{server, list_named("orders")};
  EXPECT_EQ(words_of(*pool.consumer()), "it took messages");
  pool.connections.redis["main"].url = server.url_of("", "wrong");
  EXPECT_THAT(words_of(*pool.consumer()), HasSubstr("refuses this user and password"));
  pool.connections.redis["main"].url = "unix://" + (server.folder() / "socket").string();
  EXPECT_THAT(words_of(*pool.consumer()), HasSubstr("asks for a password"));
}

TEST_F(redis_faults_test, a_user_without_rights_is_told_so) {
  redis_server server;
  server.run({"ACL", "SETUSER", "pool", "on", ">secret", "~other", "+@all"});
  redis_pool pool{server, list_named("orders")};
  pool.connections.redis["main"].url = server.url_of("pool", "secret");
  EXPECT_THAT(words_of(*pool.consumer()), HasSubstr("ACL SETUSER"));
  server.run({"ACL", "SETUSER", "pool", "~orders", "~orders:dead", "~{orders}:wheelwork:*"});
  EXPECT_EQ(words_of(*pool.consumer()), "it took messages");
  EXPECT_EQ(words_of(*pool.monitor()), "it saw the backlog");
}

TEST_F(redis_faults_test, a_server_that_loads_its_data_is_waited_for) {
  redis_server server{{.settings = {"appendonly yes"}}};
  redis_pool pool{server, list_named("orders")};
  server.run({"DEBUG", "POPULATE", "2000"});
  server.run({"BGREWRITEAOF"});
  until("a rewritten log", [&] {
    return server.run({"INFO", "persistence"}).find("aof_rewrite_in_progress:0\r") != std::string::npos &&
           server.run({"INFO", "persistence"}).find("aof_rewrite_scheduled:0\r") != std::string::npos;
  });
  server.crash();
  server.set("key-load-delay 1000"); // µs for each key
  server.set("loading-process-events-interval-bytes 1024");
  server.start("Reading RDB base file");
  auto consumer = pool.consumer();
  until("words about loading", [&] { return words_of(*consumer).find("loads its data") != std::string::npos; });
  until("the end of it", [&] { return words_of(*consumer) == "it took messages"; });
}

TEST_F(redis_faults_test, a_replica_is_refused) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  server.run({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_THAT(words_of(*pool.consumer()), HasSubstr("master"));
  EXPECT_THAT(words_of(*pool.monitor()), HasSubstr("master"));
  server.run({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(words_of(*pool.consumer()), "it took messages");
}

TEST_F(redis_faults_test, a_full_server_still_gives_what_it_has) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  for (const auto* each : {"a", "b"}) server.run({"LPUSH", "orders", each});
  server.run({"CONFIG", "SET", "maxmemory", "1"});
  auto consumer = pool.consumer();
  auto news = take(*consumer);
  EXPECT_THAT(texts(news), ElementsAre("a", "b"));
  acknowledge(*consumer, tokens(news));
  const auto waited = consumer->take(1, 1, milliseconds{5});
  ASSERT_FALSE(waited);
  EXPECT_THAT(waited.error().message, HasSubstr("out of memory"));
  EXPECT_EQ(look(*pool.monitor()).in_hand, 0u);
}

TEST_F(redis_faults_test, a_server_that_throws_keys_away_is_refused) {
  redis_server server{{.settings = {"maxmemory 100mb", "maxmemory-policy allkeys-lru"}}};
  redis_pool lists{server, list_named("orders")}, streams{server, stream_named("entries")};
  for (auto* pool : {&lists, &streams}) {
    EXPECT_THAT(words_of(*pool->consumer()), HasSubstr("maxmemory-policy noeviction"));
    EXPECT_THAT(words_of(*pool->monitor()), HasSubstr("maxmemory-policy noeviction"));
  }
}

TEST_F(redis_faults_test, a_batch_whose_answer_was_lost_is_taken_once_and_under_one_name) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  pool.setup.recorded = true;
  for (const auto* each : {"a", "b", "c"}) server.run({"LPUSH", "orders", each});
  auto consumer = pool.consumer();
  const auto first = take(*consumer, 1);
  acknowledge(*consumer, tokens(first));
  server.signal(SIGSTOP);
  EXPECT_THAT(words_of(*consumer), HasSubstr("did not answer within the time limit"));
  server.signal(SIGCONT);
  source_news next;
  until("the rest", [&] {
    auto news = consumer->take(10, 1u << 20, milliseconds{0});
    if (news) next = std::move(*news);
    return !next.taken.empty();
  });
  const auto seen = look(*pool.monitor());
  EXPECT_EQ(seen.in_hand, next.taken.size());
  EXPECT_EQ(seen.in_hand + seen.waiting, 2u) << "the first is done, and the others are there once";
  EXPECT_NE(next.taken[0].identity, first.taken[0].identity);
}

TEST_F(redis_faults_test, a_batch_that_was_deleted_is_told_as_lost) {
  redis_server server;
  redis_pool pool{server, list_named("orders")};
  pool.setup.recorded = true;
  server.run({"LPUSH", "orders", "a"});
  auto consumer = pool.consumer();
  const auto held = take(*consumer);
  server.run({"FLUSHALL"});
  EXPECT_EQ(keep_alive(*consumer).lost, tokens(held));
  server.run({"LPUSH", "orders", "b"});
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("b"));
}

} // namespace
} // namespace wheelwork::source_test
