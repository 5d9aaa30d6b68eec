// What the configuration alone can't know to be wrong: settings that only the part which uses them can read.
#pragma once

#include "config/load.hpp"

namespace wheelwork {

/// For config_request::more_checks. Asks no server.
std::vector<setting_fault> faults_of_parts(const settings& all);

} // namespace wheelwork
