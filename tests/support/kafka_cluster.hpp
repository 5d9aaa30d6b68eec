// Three Apache Kafka brokers of the tests' own, each on free ports of 127.0.0.1: what happens when one of them, which
// leads partitions or a group, is gone.
#pragma once

#include "tests/support/server_process.hpp"

#include <array>

namespace wheelwork {

/// Needs what kafka_server needs.
class kafka_cluster {
public:
  static constexpr size_t size = 3;

  /// Returns when they answer. Throws std::runtime_error.
  kafka_cluster();
  ~kafka_cluster();
  kafka_cluster(const kafka_cluster&) = delete;
  kafka_cluster& operator=(const kafka_cluster&) = delete;

  /// Of all of them.
  std::string brokers() const;
  /// Which of them leads this partition, from 0 on. Throws std::runtime_error when none does for a minute.
  size_t leader_of(const std::string& topic, int partition) const;
  /// Ends one as a loss of power does. What it has written stays.
  void crash(size_t which);
  /// On the same ports, with the same data. Returns when all partitions of these topics have all their copies again.
  void start(size_t which, const std::vector<std::string>& topics);

private:
  struct member {
    std::filesystem::path folder;
    std::string port, controller_port;
    server_process process;
  };
  void launch(size_t which);

  std::array<member, size> members_;
};

} // namespace wheelwork
