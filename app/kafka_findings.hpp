// What doctor says of a connection [kafka.NAME] and of the topics that pools of the configuration file use there.
#pragma once

#include "messages/broker_connection.hpp"
#include "messages/pool.hpp"
#include "persistence/diagnosis.hpp"
#include "schedule/time.hpp"

namespace wheelwork {

/// Connects and asks; makes no topic and joins no group. Blocks up to about 15 s, whatever the cluster does.
std::vector<finding> look_at_kafka(const std::string& name, const kafka_connection_settings& connection,
                                   const std::vector<pool_definition>& pools, const clock_source& clock);

} // namespace wheelwork
