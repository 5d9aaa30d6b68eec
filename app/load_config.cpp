#include "app/load_config.hpp"

#include "actors/system_clock.hpp"
#include "app/console.hpp"
#include "app/setting_checks.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace wheelwork {

result<settings, std::vector<config_fault>> load_config(const serve_options& options) {
  config_request request;
  request.file = options.config_file;
  request.environment = options.environment;
  request.overrides = options.overrides;
  request.now = system_clock{}.wall_now();
  request.more_checks = faults_of_parts;
  request.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    std::string_view text{*variable};
    request.variable_names.emplace_back(text.substr(0, text.find('=')));
  }
  return load_settings(request);
}

std::optional<settings> load_or_complain(const serve_options& options) {
  auto loaded = load_config(options);
  if (loaded) return std::move(*loaded);
  // FILE:LINE comes first on the line, so that editors can jump there.
  for (const auto& fault : loaded.error()) std::fprintf(stderr, "%s\n", escaped(to_string(fault)).c_str());
  return std::nullopt;
}

void add_config_options(CLI::App& command, serve_options& into) {
  command
      .add_option("--config", into.config_file,
                  "configuration file; without it ./wheelwork.toml if present, else the defaults")
      ->type_name("FILE");
  command
      .add_option("--env", into.environment,
                  "lays the table [env.NAME] over the rest; without it WHEELWORK_ENV, else dev")
      ->type_name("NAME");
  command.add_option("--set", into.overrides, "sets one option, over the file and the environment; may be repeated")
      ->type_name("SECTION.KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
}

} // namespace wheelwork
