#include "tests/sources/source_fixture.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork::source_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class redis_stream_source_test : public ::testing::Test {
protected:
  std::string add(const std::string& value) { return server_.run({"XADD", "orders", "*", "n", value}); }
  std::vector<std::string> dead() { return server_.list({"XRANGE", "orders:dead", "-", "+"}); }
  static std::string json(const std::string& value) { return R"({"n":")" + value + R"("})"; }

  redis_server server_;
  redis_pool pool_{server_, stream_named("orders")};
};

TEST_F(redis_stream_source_test, makes_the_group_and_takes_from_the_beginning) {
  const auto first = add("a");
  add("b");
  auto consumer = pool_.consumer();
  const auto news = take(*consumer);
  EXPECT_THAT(texts(news), ElementsAre(json("a"), json("b")));
  EXPECT_THAT(news.warning, IsEmpty());
  EXPECT_EQ(news.taken[0].offset, first);
  EXPECT_EQ(news.taken[0].identity, first);
  EXPECT_EQ(news.taken[0].deliveries, 1u);
  EXPECT_EQ(std::to_string(news.taken[0].produced_at->time_since_epoch().count()), first.substr(0, first.find('-')));
  acknowledge(*consumer, tokens(news));
  keep_alive(*consumer);
  EXPECT_EQ(server_.list({"XPENDING", "orders", "workers"})[0], "0");
}

TEST_F(redis_stream_source_test, fields_become_a_json_object) {
  server_.run({"XADD", "orders", "*", "z", "1", "a", "\xff\xfe", "z", "2", "\xfe", "x", "q", "\"\n"});
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer)), ElementsAre(R"({"z":["1","2"],"a_base64":"//4=","base64:/g==":"x","q":"\"\n"})"));
}

TEST_F(redis_stream_source_test, a_stream_that_is_not_there_yet_is_waited_for) {
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer, 10, milliseconds{10})), IsEmpty());
  auto waits = std::async(std::launch::async, [&] { return texts(take(*consumer, 10, milliseconds{20'000})); });
  until("a blocked client", [&] {
    return server_.run({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  });
  add("late");
  EXPECT_THAT(waits.get(), ElementsAre(json("late")));
}

TEST_F(redis_stream_source_test, tells_the_backlog_with_its_age) {
  auto monitor = pool_.monitor();
  EXPECT_EQ(look(*monitor).waiting, 0u);
  add("a");
  const auto second = add("b");
  add("c");
  EXPECT_EQ(look(*monitor).waiting, 3u) << "no consumer has made the group yet";
  auto consumer = pool_.consumer();
  auto news = take(*consumer, 1);
  auto seen = look(*monitor);
  EXPECT_EQ(seen.waiting, 2u);
  EXPECT_EQ(seen.in_hand, 1u);
  EXPECT_EQ(std::to_string(seen.oldest->time_since_epoch().count()), second.substr(0, second.find('-')));
  give_back(*consumer, tokens(news));
  seen = look(*monitor);
  EXPECT_EQ(seen.waiting, 3u);
  EXPECT_EQ(seen.in_hand, 0u);
  server_.run({"XDEL", "orders", second});
  EXPECT_EQ(look(*monitor).waiting, 2u) << "Redis knows no lag after a deletion in the middle";
}

TEST_F(redis_stream_source_test, what_is_given_back_is_taken_next_as_if_never_delivered) {
  for (const auto* each : {"a", "b", "c", "d"}) add(each);
  auto one = pool_.consumer(0), two = pool_.consumer(1);
  const auto all = tokens(take(*one, 3));
  take(*two, 0);
  give_back(*one, {all[2], all[0]});
  auto news = take(*two, 1);
  EXPECT_THAT(texts(news), ElementsAre(json("a")));
  EXPECT_EQ(news.taken[0].deliveries, 1u);
  EXPECT_THAT(texts(take(*two, 1)), ElementsAre(json("c")));
  EXPECT_THAT(texts(take(*two, 1)), ElementsAre(json("d")));
  close(*one);
  EXPECT_THAT(texts(take(*two, 1)), ElementsAre(json("b")));
}

TEST_F(redis_stream_source_test, buries_the_original_fields_with_the_reason) {
  server_.run({"XADD", "orders", "*", "reason", "mine", "bytes", "\xff"});
  auto consumer = pool_.consumer();
  const auto news = take(*consumer);
  bury(*consumer, {{news.taken[0].token, "retries_exhausted", "status 500", 3}});
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_THAT(dead()[0], HasSubstr("reason\nmine\nbytes\n\xff\nwheelwork_reason\nretries_exhausted\n"));
  EXPECT_THAT(dead()[0], HasSubstr("wheelwork_error\nstatus 500\nwheelwork_attempts\n3\n"));
  EXPECT_THAT(dead()[0], HasSubstr("wheelwork_entry\n" + news.taken[0].offset));
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 0u);
}

TEST_F(redis_stream_source_test, buries_what_is_too_large) {
  pool_.setup.message_size_max = 100;
  add(std::string(101, 'x'));
  add("small");
  auto consumer = pool_.consumer();
  EXPECT_THAT(texts(take(*consumer)), ElementsAre(json("small")));
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_THAT(dead()[0], HasSubstr("n\n" + std::string(101, 'x') + "\nwheelwork_reason\ntoo_large\n"));
}

TEST_F(redis_stream_source_test, a_consumer_without_a_sign_of_life_loses_its_messages_and_hears_of_it) {
  add("a");
  pool_.setup.consumer_lease = milliseconds{40};
  auto stopped = pool_.consumer(0), other = pool_.consumer(1);
  const auto held = take(*stopped, 1);
  source_news claimed;
  until("a claim", [&] { return !(claimed = take(*other)).taken.empty(); });
  EXPECT_THAT(texts(claimed), ElementsAre(json("a")));
  EXPECT_EQ(claimed.taken[0].deliveries, 2u);
  EXPECT_EQ(keep_alive(*stopped).lost, tokens(held));
  bury(*stopped, {{held.taken[0].token, "retries_exhausted", "", 1}});
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_F(redis_stream_source_test, a_living_consumer_keeps_its_messages) {
  add("a");
  pool_.setup.consumer_lease = milliseconds{2'000};
  auto consumer = pool_.consumer(0), other = pool_.consumer(1);
  take(*consumer);
  const auto end = redis_test_clock().steady_now() + milliseconds{2'500};
  while (redis_test_clock().steady_now() < end) {
    EXPECT_THAT(keep_alive(*consumer).lost, IsEmpty());
    EXPECT_THAT(take(*other).taken, IsEmpty());
  }
}

TEST_F(redis_stream_source_test, what_an_earlier_run_of_the_node_left_is_taken_at_once) {
  add("a");
  add("b");
  auto killed = pool_.consumer_of_run(1, 9);
  take(*killed);
  pool_.setup.incarnation = 2;
  auto mine = pool_.consumer();
  EXPECT_THAT(texts(take(*mine)), ElementsAre(json("a"), json("b")));
  EXPECT_THAT(server_.list({"XINFO", "CONSUMERS", "orders", "workers"}), SizeIs(1));
}

/// So a pool that has no consumers wakes for it.
TEST_F(redis_stream_source_test, what_dead_consumers_had_in_hand_counts_as_waiting) {
  for (const auto* value : {"a", "b", "c"}) add(value);
  pool_.setup.consumer_lease = milliseconds{2'000};
  auto lives = pool_.consumer(1), dies = pool_.consumer(2);
  ASSERT_THAT(texts(take(*lives, 1)), SizeIs(1));
  ASSERT_THAT(texts(take(*dies, 2)), SizeIs(2));
  auto monitor = pool_.monitor();
  auto seen = look(*monitor);
  EXPECT_EQ(seen.waiting, 0u);
  EXPECT_EQ(seen.in_hand, 3u);
  pool_.setup.incarnation += 1; // all of them are of an earlier run now
  auto next_run = pool_.monitor();
  seen = look(*next_run);
  EXPECT_EQ(seen.waiting, 3u);
  EXPECT_EQ(seen.in_hand, 0u);
  dies.reset();
  until("the lease is over", [&] {
    keep_alive(*lives);
    return look(*monitor).waiting == 2;
  });
  EXPECT_EQ(look(*monitor).in_hand, 1u);
}

TEST_F(redis_stream_source_test, a_message_that_ends_its_consumers_is_buried) {
  add("poison");
  for (uint64_t run = 1; run <= 5; ++run) {
    auto consumer = pool_.consumer_of_run(run);
    const auto news = take(*consumer);
    ASSERT_THAT(texts(news), SizeIs(1)) << "run " << run;
    EXPECT_EQ(news.taken[0].deliveries, run);
    if (run > 1) {
      ASSERT_TRUE(consumer->attempt_begins(news.taken[0].token));
    }
  }
  EXPECT_THAT(texts(take(*pool_.consumer_of_run(6))), IsEmpty());
  ASSERT_THAT(dead(), SizeIs(1));
  EXPECT_THAT(dead()[0], HasSubstr("wheelwork_reason\ncrashed_consumer\n"));
}

TEST_F(redis_stream_source_test, what_only_lay_beside_it_is_not_counted_out) {
  add("beside");
  for (uint64_t run = 1; run <= 8; ++run) {
    auto consumer = pool_.consumer_of_run(run);
    const auto news = take(*consumer);
    ASSERT_THAT(texts(news), SizeIs(1)) << "run " << run;
    EXPECT_EQ(news.taken[0].deliveries, std::min<uint64_t>(run, 2));
    if (run == 1) continue;
    ASSERT_TRUE(consumer->attempt_begins(news.taken[0].token));
    ASSERT_TRUE(consumer->attempt_ended(news.taken[0].token));
  }
}

TEST_F(redis_stream_source_test, an_entry_with_more_fields_than_a_script_can_write_at_once_is_buried_in_parts) {
  std::vector<std::string> fields;
  for (int field = 0; field < 8000; ++field) {
    fields.push_back("f" + std::to_string(field));
    fields.push_back(std::to_string(field));
  }
  redis_command entry{"XADD", "orders", "*"};
  entry.insert(entry.end(), fields.begin(), fields.end());
  server_.run(entry);
  auto consumer = pool_.consumer();
  const auto held = take(*consumer);
  bury(*consumer, {{held.taken[0].token, "retries_exhausted", "no", 3}});
  const auto letters = dead();
  ASSERT_THAT(letters, SizeIs(3));
  EXPECT_THAT(letters[0], AllOf(HasSubstr("f0\n0\n"), HasSubstr("f3499\n3499\n"), Not(HasSubstr("f3500\n")),
                                HasSubstr("wheelwork_part\n1 of 3")));
  EXPECT_THAT(letters[2], AllOf(HasSubstr("f7000\n"), HasSubstr("f7999\n7999\n"), HasSubstr("wheelwork_part\n3 of 3")));
  for (const auto& each : letters) EXPECT_THAT(each, HasSubstr("wheelwork_reason\nretries_exhausted\n"));
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 0u);
}

TEST_F(redis_stream_source_test, a_deleted_group_is_made_again_and_said) {
  add("a");
  auto consumer = pool_.consumer();
  const auto held = take(*consumer);
  server_.run({"XGROUP", "DESTROY", "orders", "workers"});
  const auto news = take(*consumer);
  EXPECT_EQ(news.lost, tokens(held));
  EXPECT_THAT(news.warning, HasSubstr("workers"));
  EXPECT_THAT(texts(news), ElementsAre(json("a")));
}

TEST_F(redis_stream_source_test, goes_on_after_everything_was_deleted) {
  add("a");
  auto consumer = pool_.consumer();
  const auto held = take(*consumer);
  server_.run({"FLUSHALL"});
  add("b");
  const auto news = take(*consumer);
  EXPECT_EQ(news.lost, tokens(held));
  EXPECT_THAT(texts(news), ElementsAre(json("b")));
}

TEST_F(redis_stream_source_test, an_entry_that_was_trimmed_while_pending_is_forgotten) {
  const auto id = add("a");
  auto killed = pool_.consumer_of_run(1);
  take(*killed);
  server_.run({"XDEL", "orders", id});
  pool_.setup.incarnation = 2;
  EXPECT_THAT(texts(take(*pool_.consumer())), IsEmpty());
  EXPECT_EQ(look(*pool_.monitor()).in_hand, 0u);
}

TEST_F(redis_stream_source_test, with_the_number_of_a_dead_consumer_is_another_one) {
  pool_.setup.consumer_lease = milliseconds{300};
  add("a");
  EXPECT_EQ(take(*pool_.consumer(1)).taken.size(), 1u); // a pool that crashed begins to count anew
  auto next = pool_.consumer(1);
  until("it gets the first one's entry", [&] { return take(*next).taken.size() == 1; });
}

} // namespace
} // namespace wheelwork::source_test
