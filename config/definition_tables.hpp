// [[task]] tables → task definitions, by way of the JSON that the API takes.
#pragma once

#include "config/load.hpp"
#include "config/value.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// The same value as JSON. Times become their text. The error is for numbers that JSON has not (inf, nan).
result<nlohmann::json, std::string> to_json(const config_value& value);

/// Reads the section `task`. Names and external ids must differ. Faults carry the line of the member that they speak
/// of.
std::vector<task_definition> read_tasks(const config_value& section, wall_time now, std::vector<config_fault>& faults);

} // namespace wheelwork
