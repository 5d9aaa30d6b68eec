#include "tests/sources/topic_cases.hpp"

namespace wheelwork::source_test {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<message_token> tokens_of(const std::vector<taken_message>& all) {
  std::vector<message_token> made;
  for (const auto& each : all) made.push_back(each.token);
  return made;
}

TEST_P(topic_cases, messages_come_in_the_order_of_their_partition_and_say_where_they_are_from) {
  here().create(2);
  here().tool.produce(here().topic, 0, numbered(20), "k");
  here().tool.produce(here().topic, 1, numbered(20, 100));
  auto one = here().make_consumer();
  const auto taken = one.take(40, 7);
  std::map<int32_t, std::vector<std::string>> by_lane;
  for (const auto& each : taken) by_lane[each.lane].push_back(each.bytes);
  EXPECT_THAT(by_lane[0], ElementsAreArray(numbered(20)));
  EXPECT_THAT(by_lane[1], ElementsAreArray(numbered(20, 100)));
  const auto& third = *std::find_if(taken.begin(), taken.end(), [](const auto& each) { return each.bytes == "m2"; });
  EXPECT_EQ(third.offset, "2");
  EXPECT_EQ(third.key, "k");
  EXPECT_EQ(third.identity, here().topic + "/0/2");
  EXPECT_TRUE(third.produced_at);
}

TEST_P(topic_cases, only_finished_work_without_a_gap_is_committed) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(5));
  auto one = here().make_consumer();
  const auto taken = one.take(5);
  one.keep_alive_for(milliseconds{300});
  EXPECT_EQ(here().committed(), -1);
  for (const size_t done : {0, 1, 3}) one.acknowledge(taken[done].token);
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 2);
  auto next = here().make_consumer(2);
  EXPECT_THAT(bytes_of(next.take(3)), ElementsAre("m2", "m3", "m4"));
}

TEST_P(topic_cases, finished_work_is_committed_while_nothing_else_happens) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(5));
  auto one = here().make_consumer();
  one.acknowledge(one.take(5));
  ASSERT_TRUE(one->take(1, 1, milliseconds{500}));
  EXPECT_EQ(here().committed(), 5);
}

TEST_P(topic_cases, whoever_comes_after_a_killed_one_takes_what_it_had_not_finished) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(10));
  auto one = here().make_consumer();
  const auto taken = one.take(10);
  for (size_t done = 0; done < 4; ++done) one.acknowledge(taken[done].token);
  one.keep_alive_for(milliseconds{500}); // writes them
  for (size_t done = 5; done < 8; ++done) one.acknowledge(taken[done].token);
  one.kill();
  auto next = here().make_consumer(2);
  EXPECT_THAT(bytes_of(next.take(6)), ElementsAreArray(numbered(6, 4)));
}

TEST_P(topic_cases, what_was_given_back_comes_next_and_in_order) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(6));
  auto one = here().make_consumer();
  const auto taken = one.take(4);
  one.acknowledge(taken[0].token);
  const auto back = tokens_of({taken[3], taken[2]});
  ASSERT_TRUE(one->give_back(back));
  EXPECT_EQ(here().committed(), 1);
  one.acknowledge(taken[3].token); // no longer in hand
  EXPECT_THAT(bytes_of(one.take(4)), ElementsAre("m2", "m3", "m4", "m5"));
  one.acknowledge(taken[1].token);
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 2);
}

TEST_P(topic_cases, bytes_bound_a_batch_but_its_first_message) {
  here().create(1);
  here().tool.produce(here().topic, 0, std::vector<std::string>(6, std::string(1000, 'x')));
  auto one = here().make_consumer();
  size_t largest = 0, all = 0;
  while (all < 6) {
    const auto news = one->take(100, 1500, milliseconds{500});
    ASSERT_TRUE(news) << news.error().message;
    largest = std::max(largest, news->taken.size());
    all += news->taken.size();
  }
  EXPECT_LE(largest, 2u);
}

TEST_P(topic_cases, no_more_is_taken_while_much_stands_behind_a_message_that_is_not_done) {
  here().ahead_max = 20;
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(20));
  auto one = here().make_consumer();
  const auto taken = one.take(20);
  for (size_t each = 1; each < 20; ++each) one.acknowledge(taken[each].token);
  here().tool.produce(here().topic, 0, numbered(5, 20));
  const auto news = one->take(100, 1 << 20, milliseconds{1000});
  ASSERT_TRUE(news) << news.error().message;
  EXPECT_THAT(news->taken, IsEmpty());
  EXPECT_THAT(news->warning, ::testing::HasSubstr("offset 0 of partition 0"));
  EXPECT_EQ(here().committed(), -1);
  one.acknowledge(taken[0].token);
  EXPECT_THAT(bytes_of(one.take(5)), ElementsAreArray(numbered(5, 20)));
  EXPECT_EQ(here().committed(), 20);
}

/// Two consumers of two partitions; the first one has "a" and "b" of both in hand when the second one joins.
class second_consumer {
public:
  explicit second_consumer(topic_fixture& here) : one{with_memory(here).make_consumer(1)}, two{here.make_consumer(2)} {
    here.create(2);
    for (const int32_t partition : {0, 1}) here.tool.produce(here.topic, partition, {"a", "b"});
    taken = one.take(4);
    for (const auto& each : taken)
      if (each.bytes == "a") one.acknowledge(each.token);
    if (!two->take(1, 1, milliseconds{0})) throw std::runtime_error{"the second one does not begin"};
  }
  /// The second one takes while the first one is at work, until it has a message or this is true.
  std::vector<taken_message> take_until(const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!enough()) {
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error{"the group does not share out"};
      one.keep_alive_for(milliseconds{100});
      auto news = two->take(10, 1000, milliseconds{100});
      if (news && !news->taken.empty()) return std::move(news->taken);
    }
    return {};
  }
  /// Soon: the imitated cluster may refuse the commit of the one that parts, and then the other one repeats it.
  bool commits(topic_fixture& here, int32_t lane, int64_t offset) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (here.committed(lane) != offset) {
      if (std::chrono::steady_clock::now() > until) return false;
      one.keep_alive_for(milliseconds{50});
      two.keep_alive_for(milliseconds{50});
    }
    return true;
  }
  /// The partition of the message that is to go to the second one.
  int32_t wanted_lane() const {
    return std::find_if(taken.begin(), taken.end(), [&](const auto& each) { return each.token == one.wanted.at(0); })
        ->lane;
  }

  consumer one, two;
  std::vector<taken_message> taken;

private:
  /// As consumers of one pool have it.
  static topic_fixture& with_memory(topic_fixture& here) {
    here.uncommitted = std::make_shared<uncommitted_records>();
    return here;
  }
};

TEST_P(topic_cases, work_that_is_under_way_comes_to_its_end_before_another_consumer_gets_the_partition) {
  second_consumer both{here()};
  ASSERT_THAT(both.take_until([&] { return !both.one.wanted.empty(); }), IsEmpty());
  ASSERT_THAT(both.one.wanted, SizeIs(1));
  const auto lane = both.wanted_lane();
  here().tool.produce(here().topic, lane, {"c"});
  both.one.acknowledge(both.one.wanted.front());
  const auto of_two = both.take_until([] { return false; });
  EXPECT_THAT(bytes_of(of_two), ElementsAre("c"));
  EXPECT_EQ(of_two.at(0).lane, lane);
  EXPECT_TRUE(both.commits(here(), lane, 2));
  EXPECT_THAT(both.one.lost, IsEmpty());
}

TEST_P(topic_cases, work_that_is_given_back_is_taken_by_the_consumer_that_gets_the_partition) {
  second_consumer both{here()};
  ASSERT_THAT(both.take_until([&] { return !both.one.wanted.empty(); }), IsEmpty());
  ASSERT_TRUE(both.one->give_back(both.one.wanted));
  EXPECT_THAT(bytes_of(both.take_until([] { return false; })), ElementsAre("b"));
  EXPECT_THAT(both.one.lost, IsEmpty());
}

TEST_P(topic_cases, work_that_takes_too_long_is_lost_to_the_consumer_that_gets_the_partition) {
  here().options["max.poll.interval.ms"] = "6000"; // a third of it is left to work under way
  second_consumer both{here()};
  const auto of_two = both.take_until([] { return false; });
  ASSERT_THAT(bytes_of(of_two), ElementsAre("b"));
  const auto lane = of_two[0].lane;
  ASSERT_EQ(both.wanted_lane(), lane);
  EXPECT_EQ(both.one.lost, both.one.wanted);
  both.one.acknowledge(both.taken); // of the lost one nothing comes
  EXPECT_TRUE(both.commits(here(), 1 - lane, 2));
  EXPECT_TRUE(both.commits(here(), lane, 1));
  // It leaves; the first one goes on there.
  ASSERT_TRUE(both.two->close());
  EXPECT_THAT(bytes_of(both.one.take(1)), ElementsAre("b"));
}

TEST_P(topic_cases, what_is_known_as_finished_is_not_handed_out_again_unless_it_is_another_record) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(5));
  auto one = here().make_consumer();
  const auto taken = one.take(5);
  one.kill();
  const auto time_of = [&](size_t which) { return taken[which].produced_at->time_since_epoch().count(); };
  here().uncommitted = std::make_shared<uncommitted_records>();
  here().uncommitted->keep(0, {{0, time_of(0)}, {1, time_of(1) + 1}, {3, time_of(3)}}, real_clock{}.steady_now());
  auto next = here().make_consumer();
  const auto again = next.take(3);
  EXPECT_THAT(bytes_of(again), ElementsAre("m1", "m2", "m4"));
  next.acknowledge(again);
  ASSERT_TRUE(next->close());
  EXPECT_EQ(here().committed(), 5);
}

TEST_P(topic_cases, a_consumer_that_works_for_long_stays_in_its_group) {
  here().options["max.poll.interval.ms"] = "3000";
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(3));
  auto one = here().make_consumer();
  const auto taken = one.take(1);
  one.keep_alive_for(milliseconds{5000});
  EXPECT_THAT(one.lost, IsEmpty());
  one.acknowledge(taken);
  EXPECT_THAT(bytes_of(one.take(2)), ElementsAre("m1", "m2"));
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 1);
}

TEST_P(topic_cases, dead_letters_hold_the_message_and_the_reason) {
  here().create(1);
  place_->create_topic(here().topic + ".dead", 1);
  const std::string no_text{"\xff\xfe\0raw", 6};
  here().tool.produce(here().topic, 0, {no_text, "fine"}, "key-7");
  auto one = here().make_consumer();
  const auto taken = one.take(2);
  EXPECT_EQ(taken[0].bytes, no_text);
  one.acknowledge(taken[1].token);
  const dead_message dead{taken[0].token, "retries_exhausted", "status 500", 4};
  const auto buried = one->bury({&dead, 1});
  ASSERT_TRUE(buried) << buried.error().message;
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 2);
  const auto letters = here().tool.read(here().topic + ".dead", 1);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].bytes, no_text);
  EXPECT_EQ(letters[0].key, "key-7");
  auto headers = letters[0].headers;
  EXPECT_EQ(headers["wheelwork-pool"], "orders");
  EXPECT_EQ(headers["wheelwork-reason"], "retries_exhausted");
  EXPECT_EQ(headers["wheelwork-error"], "status 500");
  EXPECT_EQ(headers["wheelwork-attempts"], "4");
  EXPECT_EQ(headers["wheelwork-origin-topic"], here().topic);
  EXPECT_EQ(headers["wheelwork-partition"], "0");
  EXPECT_EQ(headers["wheelwork-offset"], "0");
  EXPECT_THAT(headers["wheelwork-time"], ::testing::MatchesRegex("20.*Z"));
}

TEST_P(topic_cases, a_message_above_the_limit_is_buried_and_the_next_one_is_taken) {
  here().message_size_max = 1000;
  here().create(1);
  place_->create_topic(here().topic + ".dead", 1);
  here().tool.produce(here().topic, 0, {"before", std::string(1001, 'x'), "after"});
  auto one = here().make_consumer();
  const auto taken = one.take(2);
  EXPECT_THAT(bytes_of(taken), ElementsAre("before", "after"));
  auto letters = here().tool.read(here().topic + ".dead", 1);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].headers["wheelwork-reason"], "too_large");
  EXPECT_EQ(letters[0].bytes, std::string(1001, 'x'));
  one.acknowledge(taken);
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 3);
}

TEST_P(topic_cases, the_lag_is_what_is_not_committed) {
  here().create(3);
  const auto monitor = here().make_monitor();
  auto lag = [&] {
    const auto seen = monitor->look();
    if (!seen) throw std::runtime_error{seen.error().message};
    return seen->waiting;
  };
  EXPECT_EQ(lag(), 0u);
  here().tool.produce(here().topic, 0, numbered(10));
  here().tool.produce(here().topic, 2, numbered(5));
  EXPECT_EQ(lag(), 15u);
  auto one = here().make_consumer();
  const auto taken = one.take(15);
  EXPECT_EQ(lag(), 15u);
  for (const auto& each : taken)
    if (each.lane == 0) one.acknowledge(each.token);
  ASSERT_TRUE(one->close());
  EXPECT_EQ(lag(), 5u);
  EXPECT_EQ(monitor->look()->partitions, 3u);
}

TEST_P(topic_cases, how_long_the_oldest_message_waits_is_told) {
  here().create(2);
  EXPECT_FALSE(here().make_patient_monitor()->look()->oldest) << "none waits";
  const auto at_first = real_clock{}.wall_now();
  here().tool.produce(here().topic, 0, {"first"});
  const auto after_first = real_clock{}.wall_now();
  auto one = here().make_consumer();
  const auto taken = one.take(1);
  here().tool.produce(here().topic, 1, {"second"});
  const auto monitor = here().make_patient_monitor();
  const auto seen = monitor->look();
  ASSERT_TRUE(seen) << seen.error().message;
  ASSERT_TRUE(seen->oldest);
  EXPECT_GE(*seen->oldest, at_first);
  EXPECT_LE(*seen->oldest, after_first);
  EXPECT_EQ(monitor->look()->oldest, seen->oldest);
  one.acknowledge(taken);
  ASSERT_TRUE(one->close());
  const auto later = monitor->look(); // it has nothing more to read there
  ASSERT_TRUE(later && later->oldest);
  EXPECT_GE(*later->oldest, after_first);
}

} // namespace
} // namespace wheelwork::source_test
