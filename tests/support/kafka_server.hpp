// An Apache Kafka broker of the tests' own: made by scripts/kafka in a temporary folder, on free ports of 127.0.0.1,
// gone with the process. Tests never use a broker that they didn't start.
#pragma once

#include "tests/support/server_process.hpp"

#include <functional>

namespace wheelwork {

/// Waits until a broker of these answers, as long as `runs`; false: it does not.
bool wait_for_kafka(const std::string& brokers, const std::function<bool()>& runs);

class kafka_server {
public:
  /// Why no broker can be started here; empty: one can. The first call may fetch its archives, which takes a while.
  static const std::string& missing();
  /// The one of this process, started at the first call. Throws std::runtime_error with what the broker said.
  static kafka_server& of_process();

  kafka_server();
  ~kafka_server();
  kafka_server(const kafka_server&) = delete;
  kafka_server& operator=(const kafka_server&) = delete;

  std::string brokers() const { return "127.0.0.1:" + port_; }
  /// Ends it as a loss of power does. What it has written stays.
  void crash();
  /// On the same port, with the same data. Returns when it answers.
  void start();

private:
  std::filesystem::path folder_;
  std::string port_, controller_port_;
  server_process process_;
};

} // namespace wheelwork
