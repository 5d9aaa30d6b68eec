// The layers over the file: environment variables WHEELWORK_SECTION__KEY and --set section.key=value.
#pragma once

#include "config/load.hpp"
#include "config/value.hpp"

namespace wheelwork {

/// Each as a tree that can be laid over the file's. Faults (unknown key, no `=`) are added to `faults`.
config_table environment_layer(const config_request& request, std::vector<config_fault>& faults);
config_table command_line_layer(const config_request& request, std::vector<config_fault>& faults);

/// What a name that no option has should say: hints at the nearest one.
std::string unknown_key(const std::string& section, const std::string& key);
std::string unknown_section(const std::string& section);

} // namespace wheelwork
