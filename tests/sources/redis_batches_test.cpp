// A Redis list whose messages are recorded elsewhere: each has an identity that lasts, whoever takes it and how often.
#include "tests/sources/source_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <set>

namespace wheelwork::source_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class redis_batches_test : public ::testing::Test {
protected:
  redis_batches_test() { pool_.setup.recorded = true; }
  void push(const std::vector<std::string>& messages) {
    for (const auto& each : messages) server_.run({"LPUSH", "orders", each});
  }
  std::vector<std::string> waiting() { return server_.list({"LRANGE", "orders", "0", "-1"}); }
  std::vector<std::string> dead() { return server_.list({"LRANGE", "orders:dead", "0", "-1"}); }
  std::vector<std::string> keys_beside() { return server_.list({"KEYS", "*wheelwork*"}); }
  static std::vector<std::string> identities(const source_news& news) {
    std::vector<std::string> all;
    for (const auto& each : news.taken) all.push_back(each.identity);
    return all;
  }

  redis_server server_;
  redis_pool pool_{server_, list_named("orders")};
};

TEST_F(redis_batches_test, are_taken_in_order_one_after_the_other) {
  push({"a", "b", "c"});
  auto consumer = pool_.consumer();
  const auto first = take(*consumer, 2);
  EXPECT_THAT(texts(first), ElementsAre("a", "b"));
  EXPECT_THAT(texts(take(*consumer)), IsEmpty()); // there is something in hand
  acknowledge(*consumer, {first.taken[0].token});
  EXPECT_THAT(texts(take(*consumer)), IsEmpty());
  acknowledge(*consumer, {first.taken[1].token});
  const auto second = take(*consumer, 2);
  EXPECT_THAT(texts(second), ElementsAre("c"));
  std::set<std::string> names{first.taken[0].identity, first.taken[1].identity, second.taken[0].identity};
  EXPECT_THAT(names, SizeIs(3));
  EXPECT_FALSE(names.contains(""));
  acknowledge(*consumer, tokens(second));
  close(*consumer);
  EXPECT_THAT(keys_beside(), IsEmpty());
}

TEST_F(redis_batches_test, have_the_same_identities_for_whoever_takes_them_over) {
  push({"same", "same", "other"});
  const auto before = take(*pool_.consumer_of_run(1), 3); // it is not heard of again
  auto next = pool_.consumer_of_run(2);
  const auto after = take(*next, 2); // the batch is what it is
  EXPECT_THAT(texts(after), ElementsAre("same", "same", "other"));
  EXPECT_EQ(identities(after), identities(before));
  EXPECT_NE(after.taken[0].identity, after.taken[1].identity);
  acknowledge(*next, tokens(after));
  push({"same"});
  const auto later = take(*next);
  EXPECT_THAT(texts(later), ElementsAre("same"));
  for (const auto& each : identities(before)) EXPECT_NE(later.taken[0].identity, each);
}

TEST_F(redis_batches_test, are_taken_over_again_and_again) {
  push({"a", "b"});
  const auto first = take(*pool_.consumer_of_run(1));
  for (uint64_t run = 2; run < 6; ++run)
    EXPECT_EQ(identities(take(*pool_.consumer_of_run(run))), identities(first)) << run;
}

TEST_F(redis_batches_test, of_a_consumer_that_lives_are_left_alone_and_fenced_once_its_lease_is_over) {
  pool_.setup.consumer_lease = milliseconds{300};
  push({"a"});
  auto slow = pool_.consumer(0), other = pool_.consumer(1);
  const auto news = take(*slow);
  EXPECT_THAT(texts(take(*other)), IsEmpty());
  until("the lease is over", [&] {
    const auto taken = take(*other);
    return !taken.taken.empty() && taken.taken[0].identity == news.taken[0].identity;
  });
  EXPECT_THAT(keep_alive(*slow).lost, ElementsAre(news.taken[0].token));
  EXPECT_THAT(slow->bury(std::vector<dead_message>{{news.taken[0].token, "unreadable", "no", 1}}).has_value(), true)
      << "it was told that it has lost this one";
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_F(redis_batches_test, keep_their_lease_while_they_are_heard_of) {
  pool_.setup.consumer_lease = milliseconds{400};
  push({"a"});
  auto busy = pool_.consumer(0), other = pool_.consumer(1);
  const auto news = take(*busy);
  const auto until_when = std::chrono::steady_clock::now() + milliseconds{1200};
  while (std::chrono::steady_clock::now() < until_when) {
    EXPECT_THAT(keep_alive(*busy).lost, IsEmpty());
    EXPECT_THAT(texts(take(*other, 10, milliseconds{20})), IsEmpty());
  }
}

TEST_F(redis_batches_test, bury_single_messages_and_never_twice) {
  push({"good", "bad", "worse"});
  auto consumer = pool_.consumer_of_run(1);
  const auto news = take(*consumer);
  bury(*consumer, {{news.taken[1].token, "unreadable", "no JSON", 1}});
  ASSERT_THAT(dead(), SizeIs(1));
  const auto letter = nlohmann::json::parse(dead()[0]);
  EXPECT_EQ(letter["message"], "bad");
  EXPECT_EQ(letter["reason"], "unreadable");
  auto next = pool_.consumer_of_run(2);
  const auto again = take(*next);
  EXPECT_THAT(texts(again), ElementsAre("good", "worse"));
  EXPECT_EQ(again.taken[1].identity, news.taken[2].identity);
  acknowledge(*next, tokens(again));
  EXPECT_THAT(texts(take(*next)), IsEmpty());
  EXPECT_THAT(dead(), SizeIs(1));
  EXPECT_THAT(keys_beside(), IsEmpty());
}

TEST_F(redis_batches_test, bury_what_is_too_large_at_once) {
  pool_.setup.message_size_max = 100;
  push({std::string(101, 'x'), "a", std::string(200, 'y')});
  auto consumer = pool_.consumer();
  const auto news = take(*consumer);
  EXPECT_THAT(texts(news), ElementsAre("a"));
  EXPECT_THAT(dead(), SizeIs(2));
  EXPECT_THAT(dead()[0], HasSubstr("too_large"));
  acknowledge(*consumer, tokens(news));
  push({std::string(300, 'z')});
  EXPECT_THAT(texts(take(*consumer)), IsEmpty());
  EXPECT_THAT(dead(), SizeIs(3));
  push({"b"});
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("b"));
}

TEST_F(redis_batches_test, are_free_at_once_when_their_consumer_leaves) {
  push({"a", "b"});
  auto consumer = pool_.consumer(0);
  const auto news = take(*consumer);
  acknowledge(*consumer, {news.taken[0].token});
  give_back(*consumer, {news.taken[1].token});
  close(*consumer);
  EXPECT_EQ(identities(take(*pool_.consumer(1))), identities(news)); // the identity tells that the first is known
}

TEST_F(redis_batches_test, wait_for_the_first_message) {
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer, 10, milliseconds{20})), IsEmpty());
  push({"a"});
  EXPECT_THAT(texts(take(*consumer, 10, milliseconds{5000})), ElementsAre("a"));
}

TEST_F(redis_batches_test, are_counted_and_go_back_when_the_pool_records_no_longer) {
  push({"a", "b", "c"});
  {
    auto consumer = pool_.consumer_of_run(1);
    const auto news = take(*consumer, 2);
    bury(*consumer, {{news.taken[0].token, "unreadable", "no", 1}});
    pool_.setup.incarnation = 2;
    EXPECT_EQ(look(*pool_.monitor()).waiting, 1u + 2u) << "an earlier run's batch waits to be taken over";
    pool_.setup.incarnation = 1;
    EXPECT_EQ(look(*pool_.monitor()).in_hand, 2u);
  }
  pool_.setup.recorded = false;
  pool_.setup.incarnation = 9;
  auto monitor = pool_.monitor();
  EXPECT_EQ(look(*monitor).recovered, 1u);
  EXPECT_THAT(texts(take(*pool_.consumer_of_run(9))), ElementsAre("b", "c"));
}

TEST_F(redis_batches_test, take_up_what_a_pool_had_in_hand_that_did_not_record) {
  pool_.setup.recorded = false;
  push({"a", "b"});
  EXPECT_THAT(texts(take(*pool_.consumer_of_run(1))), ElementsAre("a", "b"));
  pool_.setup.recorded = true;
  pool_.setup.incarnation = 2;
  EXPECT_EQ(look(*pool_.monitor()).recovered, 2u);
  EXPECT_THAT(texts(take(*pool_.consumer_of_run(2))), ElementsAre("a", "b"));
}

TEST_F(redis_batches_test, say_when_the_key_holds_no_list_and_go_on_when_it_does) {
  server_.run({"SET", "orders", "x"});
  auto consumer = pool_.consumer();
  const auto refused = consumer->take(10, 1000, milliseconds{0});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("holds no list"));
  server_.run({"DEL", "orders"});
  push({"a"});
  EXPECT_THAT(texts(take(*consumer)), ElementsAre("a"));
}

TEST_F(redis_batches_test, of_a_consumer_with_the_number_of_one_that_left_are_others) {
  push({"a"});
  auto first = pool_.consumer(1);
  const auto of_first = take(*first);
  acknowledge(*first, tokens(of_first));
  close(*first);
  push({"b"});
  EXPECT_NE(identities(take(*pool_.consumer(1))), identities(of_first)); // a pool that begins anew counts anew
}

TEST_F(redis_batches_test, have_another_name_for_each_request_so_that_a_late_one_repeats_none) {
  auto consumer = pool_.consumer();
  push({"a"});
  const auto first = take(*consumer);
  acknowledge(*consumer, tokens(first));
  EXPECT_THAT(texts(take(*consumer)), IsEmpty()); // a request of its own, which may be delivered twice or late
  EXPECT_THAT(texts(take(*consumer)), IsEmpty());
  push({"b"});
  const auto name = [](const std::string& identity) { return identity.substr(0, identity.rfind('/')); };
  const auto number = [&](const std::string& identity) {
    const auto batch = name(identity);
    return std::stoul(batch.substr(batch.find_last_of("/.") + 1));
  };
  EXPECT_EQ(number(take(*consumer).taken.at(0).identity), number(first.taken.at(0).identity) + 3);
}

} // namespace
} // namespace wheelwork::source_test
