// What doctor says of the connections [redis.NAME] and [kafka.NAME].
#pragma once

#include "messages/broker_connection.hpp"
#include "persistence/diagnosis.hpp"
#include "schedule/time.hpp"

namespace wheelwork {

/// Connects to each and looks; changes nothing. Blocks up to a few seconds for each that does not answer.
std::vector<finding> look_at_brokers(const broker_connections& connections, const clock_source& clock);

} // namespace wheelwork
