// wheelwork serve: the command line of it; app/serve.cpp runs the node.
#include "app/commands.hpp"
#include "app/load_config.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {

void add_serve_command(command_line& line) {
  auto* serve = line.root.add_subcommand("serve", "run a node");
  serve->footer(
      "Runs in the foreground until SIGTERM or SIGINT: then it stops accepting, lets attempts in flight finish for\n"
      "node.shutdown_grace, and exits with 0 (a second SIGINT ends it at once). SIGHUP reloads what can change and "
      "reopens the log.\n"
      "docs/configuration.md lists all options.");
  auto options = std::make_shared<serve_options>();
  add_config_options(*serve, *options);
  serve->callback([&line, options] { line.chosen = [&line, options] { return run_serve(*options, line.handlers); }; });
}

} // namespace wheelwork
