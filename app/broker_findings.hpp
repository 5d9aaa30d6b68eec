// What doctor says of the connections [redis.NAME] and [kafka.NAME].
#pragma once

#include "messages/broker_connection.hpp"
#include "messages/pool.hpp"
#include "persistence/diagnosis.hpp"
#include "schedule/time.hpp"

namespace wheelwork {

/// Connects to each and looks, on Kafka also at the topics that these pools use; changes nothing. Blocks up to a few
/// seconds for each connection that does not answer, at most about 15.
std::vector<finding> look_at_brokers(const broker_connections& connections, const std::vector<pool_definition>& pools,
                                     const clock_source& clock);

} // namespace wheelwork
