// Connections that sources and targets name must be configured: [redis.NAME], [kafka.NAME].
#pragma once

#include "messages/broker_connection.hpp"
#include "messages/json.hpp"
#include "messages/pool.hpp"

namespace wheelwork {

/// What is wrong with the connections that a target names; the pointer begins with /target. Empty: nothing.
json_faults missing_connections(const target& how, const broker_connections& known);
/// The same for a pool: its source and its target.
json_faults missing_connections(const pool_definition& pool, const broker_connections& known);

} // namespace wheelwork
