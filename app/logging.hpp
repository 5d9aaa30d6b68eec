// Where the node's log goes, and in which form.
#pragma once

#include "config/settings.hpp"

namespace wheelwork {

/// Makes the log of this process as the settings say; called again it reopens the file (SIGHUP after a rotation by
/// others) and takes changed settings. Throws std::runtime_error when the file can't be written.
void open_log(const log_settings& settings);

} // namespace wheelwork
