// Kafka targets on librdkafka's imitation of a cluster.
#include "targets/kafka_runner.hpp"
#include "tests/support/kafka_mock.hpp"
#include "tests/support/kafka_tool.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::target_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class topic_runner_test : public ::testing::Test {
protected:
  std::unique_ptr<runner> make_runner(ack_awaiter acks = {}) {
    return make_kafka_runner({{"a", {cluster_.brokers(), {}}}}, test_identity(), machine_clock(), collector_.sink(),
                             std::move(acks));
  }
  static kafka_target target(completion complete = completion::on_accept) { return {"a", "orders", "key-1", complete}; }
  attempt_result only_result() { return collector_.wait(1).at(0); }

  kafka_mock cluster_;
  kafka_tool tool_{cluster_.brokers()};
  result_collector collector_; ///< outlives the runners
};

TEST_F(topic_runner_test, a_record_has_the_bytes_the_key_and_what_the_attempt_is) {
  cluster_.create_topic("orders", 1);
  const auto runs = make_runner();
  auto order = make_order(target(), payload::json(R"({"n":1})"), milliseconds{10'000}, 77);
  runs->run({order});
  const auto ended = only_result();
  EXPECT_EQ(ended.outcome, attempt_outcome::succeeded) << ended.error;
  EXPECT_EQ(ended.response, R"({"partition":0,"offset":0})");
  const auto records = tool_.read("orders", 1);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].bytes, R"({"n":1})");
  EXPECT_EQ(records[0].key, "key-1");
  auto headers = records[0].headers;
  EXPECT_EQ(headers["wheelwork-job-id"], "77");
  EXPECT_EQ(headers["wheelwork-attempt"], "1");
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_EQ(headers["idempotency-key"], idempotency_key_of(job_id{77}, test_identity().database_secret));
  EXPECT_EQ(headers["traceparent"], traceparent_of(job_id{77}, 1, test_identity().database_secret));
  EXPECT_THAT(headers["wheelwork-fire-time"], HasSubstr("T"));
}

TEST_F(topic_runner_test, a_message_of_a_pool_keeps_its_key_and_says_where_it_is_from) {
  cluster_.create_topic("orders", 1);
  const auto runs = make_runner();
  auto how = target();
  how.key.clear();
  auto order = make_order(how, payload::bytes("\xff", "application/octet-stream"));
  order.from = std::make_shared<const message_origin>(
      message_origin{"p", "kafka", "incoming", 3, "17", "customer-9", "same-for-ever"});
  runs->run({order});
  EXPECT_EQ(only_result().outcome, attempt_outcome::succeeded);
  const auto records = tool_.read("orders", 1);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].key, "customer-9");
  auto headers = records[0].headers;
  EXPECT_EQ(headers["idempotency-key"], "same-for-ever");
  EXPECT_EQ(headers["wheelwork-pool"], "p");
  EXPECT_EQ(headers["wheelwork-topic"], "incoming");
  EXPECT_EQ(headers["wheelwork-partition"], "3");
  EXPECT_EQ(headers["wheelwork-offset"], "17");
}

TEST_F(topic_runner_test, many_attempts_are_each_answered_once) {
  cluster_.create_topic("orders", 4);
  const auto runs = make_runner();
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 2000; ++id)
    orders.push_back(make_order(target(), payload::json("1"), milliseconds{30'000}, id));
  runs->run(std::move(orders));
  const auto ended = collector_.wait(2000);
  EXPECT_THAT(ended, ::testing::Each(::testing::Field(&attempt_result::outcome, attempt_outcome::succeeded)));
  EXPECT_THAT(ended, SizeIs(2000));
  EXPECT_THAT(tool_.read("orders", 2000), SizeIs(2000));
}

TEST_F(topic_runner_test, a_connection_that_is_not_configured_fails_the_attempt) {
  const auto runs = make_runner();
  auto how = target();
  how.connection = "nowhere";
  runs->run({make_order(how)});
  const auto ended = only_result();
  EXPECT_EQ(ended.outcome, attempt_outcome::failed);
  EXPECT_THAT(ended.error, HasSubstr("[kafka.nowhere]"));
}

TEST_F(topic_runner_test, brokers_that_are_away_time_the_attempt_out) {
  cluster_.create_topic("orders", 1);
  cluster_.set_down();
  const auto runs = make_runner();
  runs->run({make_order(target(), {}, milliseconds{300})});
  const auto ended = only_result();
  EXPECT_EQ(ended.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(ended.error, HasSubstr("may still be written"));
  runs->stop();
  EXPECT_EQ(collector_.count(), 1u);
}

TEST_F(topic_runner_test, a_cancelled_attempt_is_answered_while_brokers_are_away) {
  cluster_.create_topic("orders", 1);
  cluster_.set_down();
  const auto runs = make_runner();
  runs->run({make_order(target())});
  runs->cancel(job_id{1}, 1);
  EXPECT_EQ(only_result().outcome, attempt_outcome::cancelled);
}

TEST_F(topic_runner_test, a_record_that_the_topic_refuses_fails_the_attempt) {
  cluster_.create_topic("orders", 1);
  constexpr int16_t produce = 0;
  rd_kafka_mock_push_request_errors(cluster_.get(), produce, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  const auto runs = make_runner();
  runs->run({make_order(target(), payload::json("1"))});
  const auto ended = only_result();
  EXPECT_EQ(ended.outcome, attempt_outcome::failed);
  EXPECT_THAT(ended.error, HasSubstr("max.message.bytes"));
}

TEST_F(topic_runner_test, an_attempt_on_ack_ends_with_its_acknowledgement) {
  cluster_.create_topic("orders", 1);
  const auto acks = std::make_shared<awaited_acks>(machine_clock());
  const auto runs = make_runner({acks, collector_.sink()});
  runs->run({make_order(target(completion::on_ack), payload::json("1"), milliseconds{20'000}, 5)});
  EXPECT_THAT(tool_.read("orders", 1), SizeIs(1));
  runs->run({make_order(target(), payload::json("2"), milliseconds{20'000}, 6)});
  EXPECT_EQ(only_result().id, job_id{6}); // and nothing of the one before, though its report came
  attempt_ack ack;
  ack.id = job_id{5};
  ack.number = 1;
  std::optional<ack_verdict> answered;
  acks->acknowledge(ack, [&](ack_verdict verdict) { answered = verdict; });
  EXPECT_EQ(collector_.wait(2).at(1).id, job_id{5});
  EXPECT_EQ(collector_.wait(2).at(1).outcome, attempt_outcome::succeeded);
  EXPECT_EQ(answered, std::nullopt) << "not before its end is committed";
  runs->not_counted(job_id{5}, 1);
  EXPECT_EQ(answered, ack_verdict::refused) << "it came too late";
}

TEST_F(topic_runner_test, an_attempt_on_ack_that_can_not_be_written_fails) {
  cluster_.create_topic("orders", 1);
  constexpr int16_t produce = 0;
  rd_kafka_mock_push_request_errors(cluster_.get(), produce, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  const auto acks = std::make_shared<awaited_acks>(machine_clock());
  const auto runs = make_runner({acks, collector_.sink()});
  runs->run({make_order(target(completion::on_ack), payload::json("1"), milliseconds{20'000}, 5)});
  EXPECT_EQ(only_result().outcome, attempt_outcome::failed);
  EXPECT_FALSE(acks->forget(job_id{5}, 1)); // nobody waits for it any more
}

TEST_F(topic_runner_test, without_somebody_to_take_acknowledgements_on_ack_fails) {
  const auto runs = make_runner();
  runs->run({make_order(target(completion::on_ack))});
  EXPECT_THAT(only_result().error, HasSubstr("on_accept"));
}

} // namespace
} // namespace wheelwork::target_test
