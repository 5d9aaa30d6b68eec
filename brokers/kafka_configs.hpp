// The settings that a Kafka cluster has for a broker or a topic, as its administrators see them.
#pragma once

#include "brokers/kafka_client.hpp"

#include <map>

namespace wheelwork {

using kafka_configs = std::map<std::string, std::string>; ///< by Kafka's names; those without a value are left out

/// Blocks up to `at_most`. The error in words: no answer in time, no right to ask, or a cluster that can't tell.
result<kafka_configs, std::string> configs_of_broker(const kafka_client& client, int32_t broker, milliseconds at_most);
result<kafka_configs, std::string> configs_of_topic(const kafka_client& client, const std::string& topic,
                                                    milliseconds at_most);

} // namespace wheelwork
