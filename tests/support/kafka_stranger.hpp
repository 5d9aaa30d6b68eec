// A member of a Kafka group that is not wheelwork's: it takes its share of the partitions, reads and commits nothing.
#pragma once

#include "brokers/kafka_client.hpp"

#include <atomic>
#include <thread>

namespace wheelwork {

class kafka_stranger {
public:
  /// Joins the group of the topic's name. Throws std::runtime_error.
  kafka_stranger(const std::string& brokers, const std::string& topic);
  /// Leaves it.
  ~kafka_stranger();
  kafka_stranger(const kafka_stranger&) = delete;
  kafka_stranger& operator=(const kafka_stranger&) = delete;

  bool has_partitions() const { return has_partitions_; }

private:
  void take_part();

  std::unique_ptr<kafka_client> client_;
  std::atomic<bool> ends_{false}, has_partitions_{false};
  std::thread thread_;
};

} // namespace wheelwork
