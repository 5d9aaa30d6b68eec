#include "tests/support/kafka_mock.hpp"

#include <stdexcept>

namespace wheelwork {

kafka_mock::kafka_mock(int brokers) {
  auto made = kafka_client::open(kafka_role::producer, {}, {});
  if (!made) throw std::runtime_error{made.error()};
  owner_ = std::move(*made);
  cluster_ = rd_kafka_mock_cluster_new(owner_->get(), brokers);
  if (!cluster_) throw std::runtime_error{"no mock cluster"};
}

kafka_mock::~kafka_mock() { rd_kafka_mock_cluster_destroy(cluster_); }

std::string kafka_mock::brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

void kafka_mock::create_topic(const std::string& topic, int partitions) {
  if (const auto code = rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1))
    throw std::runtime_error{rd_kafka_err2str(code)};
}

void kafka_mock::set_down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
void kafka_mock::set_up() { rd_kafka_mock_broker_set_up(cluster_, -1); }

} // namespace wheelwork
