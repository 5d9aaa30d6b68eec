#include "tests/support/kafka_stranger.hpp"

#include <stdexcept>

namespace wheelwork {

kafka_stranger::kafka_stranger(const std::string& brokers, const std::string& topic) {
  auto made = kafka_client::open(kafka_role::consumer, {brokers, {}},
                                 {{{"group.id", topic},
                                   {"enable.auto.commit", "false"},
                                   {"partition.assignment.strategy", "cooperative-sticky"},
                                   {"session.timeout.ms", "6000"}, // its leave is not always heard
                                   {"heartbeat.interval.ms", "500"}},
                                  {}});
  if (!made) throw std::runtime_error{made.error()};
  client_ = std::move(*made);
  const auto topics = make_kafka_partitions();
  add_partition(topics, topic, RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(client_->get(), topics.get()))
    throw std::runtime_error{rd_kafka_err2str(code)};
  thread_ = std::thread{[this] { take_part(); }};
}

kafka_stranger::~kafka_stranger() {
  ends_ = true;
  thread_.join();
}

void kafka_stranger::take_part() {
  while (!ends_) {
    const kafka_message_ptr dropped{rd_kafka_consumer_poll(client_->get(), 100)};
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    if (rd_kafka_assignment(client_->get(), &assigned)) continue;
    const kafka_partitions_ptr mine{assigned};
    has_partitions_ = mine->cnt > 0;
  }
  if (client_->group().settled()) rd_kafka_consumer_close(client_->get()); // else it leaves by itself
}

} // namespace wheelwork
