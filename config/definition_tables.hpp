// [[task]] and [[pool]] tables → definitions, by way of the JSON that the API takes.
#pragma once

#include "config/load.hpp"
#include "config/value.hpp"
#include "messages/pool.hpp"

namespace wheelwork {

/// Reads the section `task`. Names and external ids must differ. Faults carry the line of the member that they speak
/// of; a connection that is not among `brokers` is one.
std::vector<task_definition> read_tasks(const config_value& section, wall_time now, const broker_connections& brokers,
                                        std::vector<config_fault>& faults);

/// Reads the section `pool` in the same way.
std::vector<pool_definition> read_pools(const config_value& section, wall_time now, const broker_connections& brokers,
                                        std::vector<config_fault>& faults);

} // namespace wheelwork
