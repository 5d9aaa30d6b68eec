#include "tests/support/kafka_server.hpp"

#include "brokers/kafka_client.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace wheelwork {

namespace {

const std::filesystem::path script = std::filesystem::path{WHEELWORK_SOURCE_DIR} / "scripts/kafka";
const server_process_options as_java{SIGKILL, true};

std::string why_no_kafka() {
  try {
    server_process{{script, "fetch"}, std::filesystem::temp_directory_path(), as_java}.wait();
    return {};
  } catch (const std::runtime_error& error) {
    return std::string{"no Apache Kafka here: "} + error.what();
  }
}

/// Of a broker that did not start.
std::string log_in(const std::filesystem::path& folder) {
  std::ostringstream all;
  for (const char* name : {"format.log", "kafka.log"}) all << std::ifstream{folder / name}.rdbuf();
  return all.str();
}

} // namespace

const std::string& kafka_server::missing() {
  static const std::string reason = why_no_kafka();
  return reason;
}

kafka_server& kafka_server::of_process() {
  static kafka_server server;
  return server;
}

kafka_server::kafka_server() : port_{free_port()}, controller_port_{free_port()} {
  if (!missing().empty()) throw std::runtime_error{missing()};
  std::string name = (std::filesystem::temp_directory_path() / "wheelwork-kafka-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the broker: " + name};
  folder_ = name;
  start();
}

kafka_server::~kafka_server() {
  process_ = {};
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void kafka_server::crash() { process_.end(SIGKILL); }

void kafka_server::start() {
  process_ = server_process{{script, "run", folder_, port_, controller_port_}, folder_, as_java};
  if (!wait_for_kafka(brokers(), [this] { return process_.runs(); }))
    throw std::runtime_error{"Kafka did not start: " + log_in(folder_)};
}

bool wait_for_kafka(const std::string& brokers, const std::function<bool()>& runs) {
  auto client = kafka_client::open(kafka_role::producer, {brokers, {{"reconnect.backoff.max.ms", "200"}}}, {});
  if (!client) throw std::runtime_error{client.error()};
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{120};
  const rd_kafka_metadata_t* seen = nullptr;
  while (rd_kafka_metadata((*client)->get(), 0, nullptr, &seen, 500)) {
    rd_kafka_poll((*client)->get(), 0);
    if (!runs() || std::chrono::steady_clock::now() > until) return false;
  }
  rd_kafka_metadata_destroy(seen);
  return true;
}

} // namespace wheelwork
