// What definitions and jobs may name beside themselves must exist: connections ([redis.NAME], [kafka.NAME]) and tasks.
#pragma once

#include "messages/broker_connection.hpp"
#include "messages/json.hpp"

#include <functional>

namespace wheelwork {

class fault_list;

struct known_names {
  const broker_connections* connections = nullptr;           ///< null: any may be named
  std::function<bool(const std::string& name)> is_task = {}; ///< none: any may be named
};

/// Adds a fault for each name in the body of a job, a task or a pool that stands for nothing. Looks at members that are
/// as they should be, and passes over all others.
void find_unknown_names(const nlohmann::json& body, const std::string& base_pointer, const known_names& known,
                        fault_list& faults);
/// The same of a job that was read; pointers are those in the job itself. Costs next to nothing where nothing is wrong.
json_faults unknown_names_of(const new_job& job, const known_names& known);

} // namespace wheelwork
