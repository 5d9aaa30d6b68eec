#include "tests/support/kafka_cluster.hpp"

#include "brokers/kafka_client.hpp"
#include "tests/support/kafka_server.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>

namespace wheelwork {

namespace {

const std::filesystem::path cluster_script = std::filesystem::path{WHEELWORK_SOURCE_DIR} / "scripts/kafka";

/// Asks for metadata until `right` is content with it.
void wait_for_metadata(const std::string& brokers, const std::function<bool(const rd_kafka_metadata_t&)>& right) {
  const auto client = kafka_client::open(kafka_role::producer, {brokers, {{"reconnect.backoff.max.ms", "200"}}}, {});
  if (!client) throw std::runtime_error{client.error()};
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (std::chrono::steady_clock::now() < until) {
    const rd_kafka_metadata_t* seen = nullptr;
    if (rd_kafka_metadata((*client)->get(), 1, nullptr, &seen, 1000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const bool is_right = right(*seen);
      rd_kafka_metadata_destroy(seen);
      if (is_right) return;
    }
    rd_kafka_poll((*client)->get(), 100); // paces the questions
  }
  throw std::runtime_error{"the cluster did not come to order within a minute"};
}

} // namespace

kafka_cluster::kafka_cluster() {
  if (!kafka_server::missing().empty()) throw std::runtime_error{kafka_server::missing()};
  for (auto& each : members_) {
    std::string name = (std::filesystem::temp_directory_path() / "wheelwork-kafka-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the broker: " + name};
    each.folder = name;
    each.port = free_port();
    each.controller_port = free_port();
  }
  for (size_t which = 0; which < size; ++which) launch(which);
  wait_for_metadata(brokers(), [](const rd_kafka_metadata_t& seen) { return seen.broker_cnt == int{size}; });
}

kafka_cluster::~kafka_cluster() {
  for (auto& each : members_) {
    each.process = {};
    std::error_code ignored; // what is left in the temporary folder is no reason to fail
    std::filesystem::remove_all(each.folder, ignored);
  }
}

std::string kafka_cluster::brokers() const {
  std::string all;
  for (const auto& each : members_) all += (all.empty() ? "127.0.0.1:" : ",127.0.0.1:") + each.port;
  return all;
}

size_t kafka_cluster::leader_of(const std::string& topic, int partition) const {
  int32_t leader = -1;
  wait_for_metadata(brokers(), [&](const rd_kafka_metadata_t& seen) {
    for (int i = 0; i < seen.topic_cnt; ++i)
      if (seen.topics[i].topic == topic)
        for (int at = 0; at < seen.topics[i].partition_cnt; ++at)
          if (seen.topics[i].partitions[at].id == partition) leader = seen.topics[i].partitions[at].leader;
    return leader > 0;
  });
  return static_cast<size_t>(leader - 1);
}

void kafka_cluster::crash(size_t which) { members_.at(which).process.end(SIGKILL); }

void kafka_cluster::start(size_t which, const std::vector<std::string>& topics) {
  launch(which);
  wait_for_metadata(brokers(), [&](const rd_kafka_metadata_t& seen) {
    size_t whole = 0;
    for (int i = 0; i < seen.topic_cnt; ++i) {
      if (std::find(topics.begin(), topics.end(), seen.topics[i].topic) == topics.end()) continue;
      ++whole;
      for (int at = 0; at < seen.topics[i].partition_cnt; ++at)
        if (seen.topics[i].partitions[at].isr_cnt != int{size}) return false;
    }
    return whole == topics.size();
  });
}

void kafka_cluster::launch(size_t which) {
  std::string all;
  for (size_t each = 0; each < size; ++each)
    all += (each ? "," : "") + std::to_string(each + 1) + "@127.0.0.1:" + members_[each].controller_port;
  auto& one = members_.at(which);
  one.process =
      server_process{{cluster_script, "run", one.folder, one.port, one.controller_port, std::to_string(which + 1), all},
                     one.folder,
                     {SIGKILL, true}};
}

} // namespace wheelwork
