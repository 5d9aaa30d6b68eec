// The configuration for commands of this process (serve, migrate, config check).
#pragma once

#include "app/commands.hpp"
#include "config/load.hpp"
#include "config/settings.hpp"

namespace CLI {
class App;
}

namespace wheelwork {

/// Reads it with the variables of this process's environment; or every fault.
result<settings, std::vector<config_fault>> load_config(const serve_options& options);

/// The same. None: every fault was written to standard error, one a
/// line; exit with `wrong_use`.
std::optional<settings> load_or_complain(const serve_options& options);

/// --config, --env and --set on a command.
void add_config_options(CLI::App& command, serve_options& into);

} // namespace wheelwork
