// wheelwork doctor with connections to Kafka: on librdkafka's imitation of a cluster, and on a real broker.
#include "tests/app/program.hpp"
#include "tests/support/kafka_mock.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/support/kafka_tool.hpp"

#include <chrono>
#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string reading_pool(const std::string& topic, const std::string& more = {}) {
  return "[[pool]]\nname = \"of " + topic + "\"\nsource.kafka = {connection = \"main\", topic = \"" + topic +
         "\", group = \"g\"}\ntarget.native = {handler = \"noop\"}\n" + more;
}

class doctor_of_topics : public program_test {
protected:
  program_result doctor(const std::string& brokers, const std::string& pools = {}) {
    const auto file = write("a.toml", "[database]\nurl = \"sqlite://" + (folder_ / "a.db").string() +
                                          "\"\n[kafka.main]\nbrokers = \"" + brokers + "\"\n" + pools);
    return run({"doctor", "--config", file});
  }
};

TEST_F(doctor_of_topics, tells_soon_that_no_broker_answers) {
  const auto begun = std::chrono::steady_clock::now();
  const auto found = doctor("127.0.0.1:1", reading_pool("orders"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{15});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, AllOf(HasSubstr("\nerror   kafka.main"), HasSubstr("no Kafka broker answers"),
                               HasSubstr("Connection refused")));
  EXPECT_THAT(found.error, HasSubstr("wheelwork: a broker is not in order: kafka.main: "));
}

TEST_F(doctor_of_topics, names_an_option_that_nobody_knows) {
  const auto found = doctor("127.0.0.1:1", "options = {\"sesion.timeout.ms\" = \"1\"}\n");
  EXPECT_THAT(found.out + found.error, HasSubstr("sesion.timeout.ms"));
  EXPECT_NE(found.code, 0);
}

TEST_F(doctor_of_topics, tells_of_replicas_and_of_partitions_without_a_leader) {
  kafka_mock cluster{3};
  cluster.create_topic("whole", 4);
  cluster.create_topic("orphan", 2);
  rd_kafka_mock_partition_set_leader(cluster.get(), "orphan", 1, -1);
  const auto found = doctor(cluster.brokers(), reading_pool("whole", "dead_letter = \"orphan\"\n"));
  EXPECT_EQ(found.code, 1) << found.out << found.error;
  EXPECT_THAT(found.out, AllOf(HasSubstr("\nok      kafka.main   Kafka with 3 brokers at "),
                               HasSubstr("pool of whole, topic whole which is read: 4 partitions, 3 replicas"),
                               HasSubstr("topic orphan for dead letters: 1 of 2 partitions have no leader"),
                               HasSubstr("the settings of brokers and topics can't be read")));
}

class kafka_doctor : public doctor_of_topics {
protected:
  void SetUp() override {
    if (!kafka_server::missing().empty()) GTEST_SKIP() << kafka_server::missing();
    doctor_of_topics::SetUp();
    brokers_ = kafka_server::of_process().brokers();
  }
  std::string brokers_;
};

TEST_F(kafka_doctor, tells_which_topics_of_pools_are_missing) {
  kafka_tool tool{brokers_};
  tool.create_topic("here", 3);
  const auto missing =
      doctor(brokers_, reading_pool("here") + reading_pool("gone") +
                           "[[pool]]\nname = \"on\"\nsource.kafka = {connection = \"main\", topic = \"here\", "
                           "group = \"h\"}\njournal = true\n"
                           "target.kafka = {connection = \"main\", topic = \"nowhere\"}\n");
  EXPECT_EQ(missing.code, 1) << missing.out << missing.error;
  EXPECT_THAT(missing.out, ::testing::ContainsRegex("\nok      kafka\\.main +Kafka 3\\.[0-9]+ with 1 broker at 127"));
  EXPECT_THAT(missing.out,
              AllOf(HasSubstr("note    kafka.main   pool of here, topic here which is read: it has one replica"),
                    HasSubstr("warning kafka.main   pool of here, topic here.dead for dead letters: "),
                    HasSubstr("error   kafka.main   pool of gone, topic gone which is read: "),
                    HasSubstr("-> create the topic gone"),
                    HasSubstr("error   kafka.main   pool on, topic nowhere which is written: ")));
  EXPECT_THAT(missing.out, Not(HasSubstr("pool on, topic here.dead"))) << "dead letters of a journal are dead jobs";
  tool.create_topic("here.dead", 1);
  const auto whole = doctor(brokers_, reading_pool("here"));
  EXPECT_EQ(whole.code, 0) << whole.out << whole.error;
}

} // namespace
} // namespace wheelwork
