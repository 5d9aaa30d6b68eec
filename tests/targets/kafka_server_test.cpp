// Kafka targets on a real broker.
#include "targets/kafka_runner.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/support/kafka_tool.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::target_test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class kafka_server_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!kafka_server::missing().empty()) GTEST_SKIP() << kafka_server::missing();
    brokers_ = kafka_server::of_process().brokers();
    topic_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::unique_ptr<runner> make_runner() {
    return make_kafka_runner({{"a", {brokers_, {}}}}, test_identity(), machine_clock(), collector_.sink());
  }
  attempt_order order(uint64_t id, std::string_view body = "1") const {
    return make_order(kafka_target{"a", topic_, "k", completion::on_accept}, payload::json(body), milliseconds{30'000},
                      id);
  }

  std::string brokers_, topic_;
  result_collector collector_; ///< outlives the runners
};

TEST_F(kafka_server_test, attempts_succeed_when_the_broker_has_them) {
  kafka_tool tool{brokers_};
  tool.create_topic(topic_, 2);
  const auto runs = make_runner();
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 500; ++id) orders.push_back(order(id));
  runs->run(std::move(orders));
  EXPECT_THAT(collector_.wait(500),
              ::testing::Each(::testing::Field(&attempt_result::outcome, attempt_outcome::succeeded)));
  const auto records = tool.read(topic_, 500);
  ASSERT_THAT(records, SizeIs(500));
  EXPECT_EQ(records[0].headers.at("content-type"), "application/json");
}

TEST_F(kafka_server_test, a_topic_that_is_missing_fails_attempts_until_it_is_made) {
  const auto runs = make_runner();
  runs->run({order(1)});
  EXPECT_THAT(collector_.wait(1)[0].error, HasSubstr("the Kafka topic " + topic_ + " does not exist"));
  kafka_tool{brokers_}.create_topic(topic_, 1);
  runs->run({order(2)});
  EXPECT_EQ(collector_.wait(2)[1].outcome, attempt_outcome::succeeded) << collector_.wait(2)[1].error;
}

TEST_F(kafka_server_test, a_record_larger_than_the_topic_takes_fails_and_the_next_one_does_not) {
  kafka_tool{brokers_}.create_topic(topic_, 1, {{"max.message.bytes", "2000"}});
  const auto runs = make_runner();
  runs->run({order(1, '"' + std::string(5000, 'x') + '"')});
  EXPECT_THAT(collector_.wait(1)[0].error, HasSubstr("max.message.bytes"));
  runs->run({order(2)});
  EXPECT_EQ(collector_.wait(2)[1].outcome, attempt_outcome::succeeded) << collector_.wait(2)[1].error;
}

} // namespace
} // namespace wheelwork::target_test
