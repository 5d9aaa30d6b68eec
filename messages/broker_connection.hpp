// The connections of the configuration that sources and targets name: [redis.NAME] and [kafka.NAME].
#pragma once

#include <map>
#include <string>

namespace wheelwork {

struct redis_connection_settings {
  std::string url; ///< redis://USER:PASSWORD@HOST:PORT/DATABASE, or unix:///PATH?db=DATABASE
  friend bool operator==(const redis_connection_settings&, const redis_connection_settings&) = default;
};

struct kafka_connection_settings {
  std::string brokers; ///< HOST:PORT, separated by commas
  std::map<std::string, std::string>
      options; ///< further settings of librdkafka by their names there, such as security.protocol
  friend bool operator==(const kafka_connection_settings&, const kafka_connection_settings&) = default;
};

/// By NAME.
struct broker_connections {
  std::map<std::string, redis_connection_settings> redis;
  std::map<std::string, kafka_connection_settings> kafka;
};

} // namespace wheelwork
