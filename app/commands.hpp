// What the subcommands have in common with main: their options and exit codes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace wheelwork {

class native_registry;

/// How the program ends (API.md, section Command line).
enum exit_code : int {
  done = 0,
  refused = 1,     ///< refused or failed; the reason is on standard error
  wrong_use = 2,   ///< wrong use or bad input
  unreachable = 3, ///< the server can't be reached
};

struct serve_options {
  std::string config_file;                ///< --config; empty: ./wheelwork.toml if present, else the defaults
  std::optional<std::string> environment; ///< --env
  std::vector<std::string> overrides;     ///< --set section.key=value
};

/// Runs a node until it is told to stop. `handlers`: of native targets; none: the built-in ones. Answers the exit code.
int run_serve(const serve_options& options, std::shared_ptr<const native_registry> handlers);

/// A check of an argument: empty is fine, else the complaint. No name and no id is empty.
std::string not_empty(const std::string& text);

/// Where client commands send their requests.
struct client_options {
  std::string server = "http://127.0.0.1:7373";
  std::string token;
  bool json = false;
};

/// The command line while it is put together and read.
struct command_line {
  CLI::App& root;
  client_options client;
  std::shared_ptr<const native_registry> handlers; ///< of native targets, for serve; none: the built-in ones
  std::function<int()> chosen;                     ///< what to run; set by the subcommand that was named
};

void add_serve_command(command_line& line);
void add_config_commands(command_line& line);
void add_migrate_command(command_line& line);
void add_doctor_command(command_line& line);
void add_schedule_commands(command_line& line);
void add_task_commands(command_line& line);
void add_job_commands(command_line& line);
void add_pool_commands(command_line& line);
void add_import_commands(command_line& line);
void add_node_commands(command_line& line);

} // namespace wheelwork
