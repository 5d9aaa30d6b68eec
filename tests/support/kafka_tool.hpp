// A Kafka client of the tests' own, beside wheelwork: writes messages, reads a topic, looks at committed offsets.
#pragma once

#include "brokers/kafka_client.hpp"

#include <map>
#include <string>
#include <vector>

namespace wheelwork {

struct kafka_record {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key, bytes;
  std::map<std::string, std::string> headers;
};

/// All throw std::runtime_error with librdkafka's words.
class kafka_tool {
public:
  explicit kafka_tool(const std::string& brokers);

  /// Returns when the brokers have them.
  void produce(const std::string& topic, int32_t partition, const std::vector<std::string>& all,
               const std::string& key = {});
  /// `count` messages from the beginning of all partitions; fewer if they don't come within 20 s.
  std::vector<kafka_record> read(const std::string& topic, size_t count);
  /// -1: nothing.
  int64_t committed(const std::string& group, const std::string& topic, int32_t partition = 0);

  // What only real brokers do.
  void create_topic(const std::string& topic, int partitions, const std::map<std::string, std::string>& config = {});
  void set_partitions(const std::string& topic, int partitions);
  void delete_before(const std::string& topic, int32_t partition, int64_t offset);
  void delete_topic(const std::string& topic);

private:
  std::string brokers_;
  std::unique_ptr<kafka_client> producer_;
};

} // namespace wheelwork
