// Kafka sources on a real broker: the cases of the imitated one, and what only a real one does.
#include "tests/sources/topic_cases.hpp"
#include "tests/support/kafka_server.hpp"

namespace wheelwork::source_test {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class server_place final : public kafka_place {
public:
  std::string brokers() override { return kafka_server::of_process().brokers(); }
  void create_topic(const std::string& topic, int partitions) override {
    kafka_tool{brokers()}.create_topic(topic, partitions);
  }
};

const kafka_place_maker real{[] { return std::make_unique<server_place>(); }, [] { return kafka_server::missing(); }};

INSTANTIATE_TEST_SUITE_P(kafka, topic_cases, ::testing::Values(real), [](const auto&) { return "server"; });

class kafka_server_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!kafka_server::missing().empty()) GTEST_SKIP() << kafka_server::missing();
    here_ = std::make_unique<topic_fixture>(place_);
  }
  topic_fixture& here() { return *here_; }

  server_place place_;

private:
  std::unique_ptr<topic_fixture> here_;
};

TEST_F(kafka_server_test, a_broker_that_crashes_is_told_of_and_nothing_is_lost) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(4));
  auto one = here().make_consumer();
  const auto taken = one.take(4);
  one.acknowledge(taken[0].token);
  one.keep_alive_for(milliseconds{500});
  kafka_server::of_process().crash();
  one.acknowledge(taken[1].token);
  one.wait_for_failure("no Kafka broker answers");
  kafka_server::of_process().start();
  here().tool.produce(here().topic, 0, numbered(2, 4));
  std::vector<taken_message> later = one.take(2);
  if (!one.lost.empty()) later = one.take(2); // its partition was taken away meanwhile: all again
  one.kill();
  auto next = here().make_consumer(2);
  auto again = bytes_of(next.take(4)); // from the first that was not committed: m2, or m1 if the crash was quicker
  if (again[0] == "m1") again.push_back(next.take(1)[0].bytes);
  EXPECT_THAT(again, ::testing::IsSupersetOf(numbered(4, 2)));
}

TEST_F(kafka_server_test, a_killed_consumer_that_comes_back_goes_on_without_waiting_for_its_session_to_end) {
  here().lease = milliseconds{30'000};
  here().create(2);
  for (const int32_t partition : {0, 1}) here().tool.produce(here().topic, partition, numbered(2));
  auto one = here().make_consumer(1);
  auto two = here().make_consumer(2);
  one.take(1);
  one.kill();
  two.kill();
  const auto begun = std::chrono::steady_clock::now();
  auto one_again = here().make_consumer(1);
  EXPECT_THAT(one_again.take(2), SizeIs(2));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{15});
}

TEST_F(kafka_server_test, a_consumer_that_closes_leaves_its_partitions_to_others_at_once) {
  here().lease = milliseconds{30'000};
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(3));
  auto one = here().make_consumer(1);
  one.acknowledge(one.take(1));
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(one->close());
  auto two = here().make_consumer(2);
  EXPECT_THAT(bytes_of(two.take(2)), ElementsAre("m1", "m2"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{15});
}

TEST_F(kafka_server_test, two_nodes_of_one_name_both_go_on) {
  here().create(2);
  for (const int32_t partition : {0, 1}) here().tool.produce(here().topic, partition, {"a"});
  auto one = here().make_consumer(1);
  one.take(2);
  auto double_of_one = here().make_consumer(1);
  double_of_one.take(1);
  std::vector<std::string> all;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  here().tool.produce(here().topic, 0, {"b"});
  here().tool.produce(here().topic, 1, {"c"});
  auto has = [&](const char* bytes) { return std::find(all.begin(), all.end(), bytes) != all.end(); };
  while ((!has("b") || !has("c")) && std::chrono::steady_clock::now() < until)
    for (auto* each : {&one, &double_of_one}) {
      auto news = (*each)->take(10, 1000, milliseconds{100});
      if (news)
        for (const auto& message : news->taken) {
          all.push_back(message.bytes);
          each->acknowledge(message.token);
        }
    }
  EXPECT_TRUE(has("b") && has("c"));
}

TEST_F(kafka_server_test, a_topic_that_is_missing_is_a_failure_until_it_is_made) {
  auto one = here().make_consumer();
  one.wait_for_failure("the Kafka topic " + here().topic + " does not exist");
  const auto monitor = here().make_monitor();
  const auto seen = monitor->look();
  ASSERT_FALSE(seen);
  EXPECT_THAT(seen.error().message, HasSubstr("does not exist"));
  here().create(1);
  here().tool.produce(here().topic, 0, {"late"});
  EXPECT_THAT(bytes_of(one.take(1)), ElementsAre("late"));
  const auto later = monitor->look();
  ASSERT_TRUE(later) << later.error().message;
  EXPECT_EQ(later->waiting, 1u);
}

TEST_F(kafka_server_test, new_partitions_are_noticed) {
  here().create(1);
  auto one = here().make_consumer();
  here().tool.produce(here().topic, 0, {"old"});
  one.take(1);
  const auto monitor = here().make_monitor();
  EXPECT_EQ(monitor->look()->partitions, 1u);
  here().tool.set_partitions(here().topic, 3);
  kafka_tool{place_.brokers()}.produce(here().topic, 2, {"new"});
  EXPECT_THAT(bytes_of(one.take(1)), ElementsAre("new"));
  EXPECT_EQ(monitor->look()->partitions, 3u);
}

TEST_F(kafka_server_test, an_offset_that_is_no_longer_there_goes_on_at_the_earliest_message) {
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(10));
  auto one = here().make_consumer();
  one.acknowledge(one.take(3));
  ASSERT_TRUE(one->close());
  here().tool.delete_before(here().topic, 0, 6);
  EXPECT_EQ(here().make_monitor()->look()->waiting, 4u);
  auto next = here().make_consumer();
  EXPECT_THAT(bytes_of(next.take(4)), ElementsAreArray(numbered(4, 6)));
}

/// Creates it as soon as the brokers have forgotten the old one: quicker than clients hear of it.
void make_topic_anew(kafka_tool& tool, const std::string& topic) {
  tool.delete_topic(topic);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  for (;;) try {
      return tool.create_topic(topic, 1);
    } catch (const std::runtime_error&) {
      if (std::chrono::steady_clock::now() > until) throw;
    }
}

TEST_F(kafka_server_test, a_topic_that_is_made_anew_is_read_from_its_beginning) {
  here().options["topic.metadata.refresh.interval.ms"] = "30000";
  here().create(1);
  here().tool.produce(here().topic, 0, numbered(10));
  auto one = here().make_consumer();
  const auto taken = one.take(10);
  one.acknowledge({taken.begin(), taken.begin() + 9});
  one.keep_alive_for(milliseconds{500});
  make_topic_anew(here().tool, here().topic);
  kafka_tool{place_.brokers()}.produce(here().topic, 0, {"new 0", "new 1"});
  const auto later = one.take(2);
  EXPECT_THAT(bytes_of(later), ElementsAre("new 0", "new 1"));
  EXPECT_THAT(one.lost, IsEmpty()) << "the old one is still at work";
  one.acknowledge(later);
  one.acknowledge(taken[9].token);
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 2);
}

TEST_F(kafka_server_test, a_dead_letter_that_its_topic_does_not_take_is_written_without_its_bytes) {
  kafka_tool admin{place_.brokers()};
  admin.create_topic(here().topic, 1, {{"max.message.bytes", "5000000"}});
  admin.create_topic(here().topic + ".dead", 1, {{"max.message.bytes", "1000"}, {"compression.type", "uncompressed"}});
  std::string noise(2'000'000, '\0');
  uint32_t state = 1;
  for (char& each : noise) each = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  here().tool.produce(here().topic, 0, {noise, "next"});
  auto one = here().make_consumer();
  const auto taken = one.take(1);
  EXPECT_EQ(taken[0].bytes, "next");
  const auto letters = here().tool.read(here().topic + ".dead", 1);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_THAT(letters[0].bytes, IsEmpty());
  EXPECT_EQ(letters[0].headers.at("wheelwork-left-out-bytes"), "2000000");
  EXPECT_EQ(letters[0].headers.at("wheelwork-reason"), "too_large");
}

TEST_F(kafka_server_test, without_a_topic_for_dead_letters_nothing_is_lost) {
  here().create(1);
  here().tool.produce(here().topic, 0, {"poison"});
  auto one = here().make_consumer();
  const dead_message dead{one.take(1)[0].token, "unreadable", "no JSON", 1};
  const auto buried = one->bury({&dead, 1});
  ASSERT_FALSE(buried);
  EXPECT_THAT(buried.error().message, HasSubstr(here().topic + ".dead does not exist"));
  EXPECT_EQ(here().committed(), -1);
  place_.create_topic(here().topic + ".dead", 1);
  const auto later = one->bury({&dead, 1});
  EXPECT_TRUE(later) << later.error().message;
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here().committed(), 1);
}

} // namespace
} // namespace wheelwork::source_test
