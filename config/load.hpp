// Reads a configuration file with everything that may lie over it.
#pragma once

#include "config/settings.hpp"

#include <functional>

namespace wheelwork {

struct config_fault {
  std::string file;    ///< or `--set`, or the environment variable
  size_t line = 0;     ///< from 1; 0: no line
  std::string key;     ///< section.key
  std::string message; ///< what is wrong, what would be right
};
/// FILE:LINE: key: message
std::string to_string(const config_fault& fault);

/// Of a check that the configuration leaves to others.
struct setting_fault {
  std::string key;     ///< section.key, or section.NAME
  std::string message; ///< what is wrong, what would be right
};

struct config_request {
  std::string file;                       ///< empty: ./wheelwork.toml if present, else the defaults
  std::optional<std::string> environment; ///< --env; none: WHEELWORK_ENV, else `dev`
  std::vector<std::string> overrides;     ///< --set section.key=value
  std::function<std::optional<std::string>(const std::string&)> variable; ///< reads an environment variable
  std::vector<std::string> variable_names; ///< names of all environment variables, for WHEELWORK_SECTION__KEY
  wall_time now{};
  std::function<std::vector<setting_fault>(const settings&)>
      more_checks; ///< of settings in which nothing else is wrong
};

/// All faults at once, in the order of the file; or the settings.
result<settings, std::vector<config_fault>> load_settings(const config_request& request);

/// Names of settings that differ between the two and take effect only with a restart. Those that a SIGHUP can change
/// (log, api.tokens, api.hosts, http_target networks, process_target.allow, tasks, pools) are not among them.
std::vector<std::string> needs_restart(const settings& running, const settings& loaded);

} // namespace wheelwork
