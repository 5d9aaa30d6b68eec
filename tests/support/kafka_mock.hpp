// librdkafka's own imitation of a Kafka cluster, in the process of the tests.
#pragma once

#include "brokers/kafka_client.hpp"

#include <librdkafka/rdkafka_mock.h>

namespace wheelwork {

class kafka_mock {
public:
  explicit kafka_mock(int brokers = 1);
  ~kafka_mock();
  kafka_mock(const kafka_mock&) = delete;
  kafka_mock& operator=(const kafka_mock&) = delete;

  std::string brokers() const;
  void create_topic(const std::string& topic, int partitions);
  /// All connections are cut, and new ones refused, until set_up().
  void set_down();
  void set_up();
  rd_kafka_mock_cluster_t* get() const { return cluster_; }

private:
  std::unique_ptr<kafka_client> owner_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

} // namespace wheelwork
