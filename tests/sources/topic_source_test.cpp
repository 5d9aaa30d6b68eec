// Kafka sources on librdkafka's imitation of a cluster.
#include "tests/sources/topic_cases.hpp"
#include "tests/support/kafka_mock.hpp"

#include <future>
#include <mutex>

namespace wheelwork::source_test {
namespace {

class mock_place final : public kafka_place {
public:
  std::string brokers() override { return cluster.brokers(); }
  void create_topic(const std::string& topic, int partitions) override { cluster.create_topic(topic, partitions); }
  kafka_mock cluster;
};

const kafka_place_maker imitation{[] { return std::make_unique<mock_place>(); }, [] { return std::string{}; }};

INSTANTIATE_TEST_SUITE_P(imitated, topic_cases, ::testing::Values(imitation), [](const auto&) { return "cluster"; });

class topic_source_test : public ::testing::Test {
protected:
  mock_place place_;
  topic_fixture here_{place_};
};

TEST_F(topic_source_test, an_option_that_nobody_knows_is_refused_at_once) {
  here_.options["sesion.timeout.ms"] = "1";
  const auto made = open_kafka_source(here_.setup(), 1, here_.connection());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), ::testing::HasSubstr("sesion.timeout.ms"));
}

TEST_F(topic_source_test, an_option_that_would_lose_messages_is_refused) {
  here_.options["enable.auto.commit"] = "true";
  const auto made = open_kafka_source(here_.setup(), 1, here_.connection());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), ::testing::HasSubstr("enable.auto.commit is set by wheelwork itself"));
}

TEST_F(topic_source_test, a_topic_without_a_right_to_it_is_told_of_until_there_is_one) {
  here_.create(1);
  here_.tool.produce(here_.topic, 0, numbered(1));
  rd_kafka_mock_topic_set_error(place_.cluster.get(), here_.topic.c_str(),
                                RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  auto one = here_.make_consumer();
  one.wait_for_failure("no right to the topic " + here_.topic);
  const auto seen = here_.make_monitor()->look();
  ASSERT_FALSE(seen);
  EXPECT_THAT(seen.error().message, ::testing::HasSubstr("no right to the topic"));
  rd_kafka_mock_topic_set_error(place_.cluster.get(), here_.topic.c_str(), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_THAT(bytes_of(one.take(1)), ::testing::ElementsAre("m0"));
}

TEST_F(topic_source_test, a_commit_that_is_refused_is_repeated) {
  here_.create(1);
  here_.tool.produce(here_.topic, 0, numbered(2));
  auto one = here_.make_consumer();
  constexpr int16_t offset_commit = 8;
  rd_kafka_mock_push_request_errors(place_.cluster.get(), offset_commit, 1,
                                    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  one.acknowledge(one.take(2));
  one.wait_for_failure("no right to the group");
  ASSERT_TRUE(one->take(1, 1, milliseconds{500}));
  EXPECT_EQ(here_.committed(), 2);
}

TEST_F(topic_source_test, what_could_not_be_committed_before_the_group_threw_its_member_out_is_not_handed_out_again) {
  here_.uncommitted = std::make_shared<uncommitted_records>();
  here_.create(1);
  here_.tool.produce(here_.topic, 0, numbered(6));
  auto one = here_.make_consumer();
  const auto taken = one.take(5);
  one.acknowledge(taken[0].token);
  one.keep_alive_for(milliseconds{500});
  ASSERT_EQ(here_.committed(), 1);
  constexpr int16_t offset_commit = 8, heartbeat = 12;
  for (int refused = 0; refused < 20; ++refused)
    rd_kafka_mock_push_request_errors(place_.cluster.get(), offset_commit, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
  rd_kafka_mock_push_request_errors(place_.cluster.get(), heartbeat, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
  for (const size_t done : {1, 3}) one.acknowledge(taken[done].token);
  EXPECT_THAT(one.wait_for_lost(2), ::testing::ElementsAre(taken[2].token, taken[4].token));
  EXPECT_EQ(here_.committed(), 1);
  rd_kafka_mock_clear_request_errors(place_.cluster.get(), offset_commit);
  const auto again = one.take(3);
  EXPECT_THAT(bytes_of(again), ::testing::ElementsAre("m2", "m4", "m5"));
  one.acknowledge(again);
  ASSERT_TRUE(one->close());
  EXPECT_EQ(here_.committed(), 6);
}

TEST_F(topic_source_test, a_client_that_ends_before_its_first_share_of_the_group_leaves_by_itself) {
  here_.create(1);
  here_.tool.produce(here_.topic, 0, numbered(3));
  constexpr int16_t sync_group = 14;
  constexpr int slow_ms = 1000; // from the answer that names the protocol to the one with the share
  rd_kafka_mock_broker_push_request_error_rtts(place_.cluster.get(), 1, sync_group, 1, RD_KAFKA_RESP_ERR_NO_ERROR,
                                               slow_ms);
  auto held = std::make_shared<std::promise<void>>();
  auto ended = held->get_future();
  kafka_callbacks callbacks;
  callbacks.log = [held = std::move(held)](int, const std::string&) {}; // freed when nobody can call it any more
  callbacks.rebalance = [](auto&&...) { ADD_FAILURE() << "its owner is gone"; };
  auto client = kafka_client::open(kafka_role::consumer, here_.connection(),
                                   {{{"group.id", here_.topic + "-group"},
                                     {"partition.assignment.strategy", "cooperative-sticky"},
                                     {"session.timeout.ms", "3000"}}, // the imitation takes as long for each rebalance
                                    {}},
                                   std::move(callbacks));
  ASSERT_TRUE(client) << client.error();
  const auto topics = make_kafka_partitions();
  add_partition(topics, here_.topic, RD_KAFKA_PARTITION_UA);
  ASSERT_EQ(rd_kafka_subscribe((*client)->get(), topics.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  while (rd_kafka_rebalance_protocol((*client)->get()) != std::string_view{"COOPERATIVE"})
    ASSERT_FALSE(kafka_message_ptr{rd_kafka_consumer_poll((*client)->get(), 10)});
  client->reset(); // here librdkafka 2.0 would end the program
  auto next = here_.make_consumer();
  EXPECT_THAT(bytes_of(next.take(3)), ::testing::ElementsAre("m0", "m1", "m2"));
  EXPECT_THROW(ended.get(), std::future_error); // a promise that is freed without being kept
}

TEST_F(topic_source_test, a_client_that_does_not_end_is_left_behind_until_it_does) {
  here_.create(1);
  here_.tool.produce(here_.topic, 0, numbered(1));
  struct log {
    std::mutex mutex;
    std::string text;
    std::promise<std::string> at_end;
    ~log() { at_end.set_value(text); }
  };
  auto said = std::make_shared<log>();
  auto at_end = said->at_end.get_future();
  kafka_callbacks callbacks;
  callbacks.log = [said = std::move(said)](int, const std::string& text) {
    const std::lock_guard guard{said->mutex};
    said->text += text;
  };
  auto client =
      kafka_client::open(kafka_role::consumer, here_.connection(), {{{"group.id", "g"}}, {}}, std::move(callbacks));
  ASSERT_TRUE(client) << client.error();
  const auto all = make_kafka_partitions();
  add_partition(all, here_.topic, 0, RD_KAFKA_OFFSET_BEGINNING);
  ASSERT_EQ(rd_kafka_assign((*client)->get(), all.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  kafka_message_ptr held;
  while (!held || held->err) held.reset(rd_kafka_consumer_poll((*client)->get(), 100));
  client->reset(); // waits for the message, which is in use
  held.reset();
  EXPECT_THAT(at_end.get(), ::testing::HasSubstr("left behind"));
}

} // namespace
} // namespace wheelwork::source_test
