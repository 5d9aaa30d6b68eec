#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/program.hpp"
#include "targets/process_helper.hpp"

#include <CLI/CLI.hpp>
#include <csignal>

namespace wheelwork {
namespace {

constexpr auto description = "wheelwork runs jobs on time, exactly as often as scheduled, and never loses one.";

constexpr auto footer =
    R"(Client commands (task, job, pool, import, node) speak HTTP to --server. They print a table, with --json JSON.
Exit code: 0 done, 1 refused or failed (the reason is on standard error), 2 wrong use or bad input, 3 server not reachable.)";

void add_client_options(command_line& line) {
  line.root.add_option("--server", line.client.server, "URL of the node that client commands speak to")
      ->envname("WHEELWORK_SERVER")
      ->capture_default_str()
      ->type_name("URL");
  line.root.add_option("--token", line.client.token, "token for it, or file:PATH")
      ->envname("WHEELWORK_TOKEN")
      ->type_name("TOKEN");
  line.root.add_flag("--json", line.client.json, "client commands and doctor print JSON");
}

int parse_and_run(command_line& line, int argc, char** argv) {
  try {
    line.root.parse(argc, argv);
  } catch (const CLI::Success& asked) { // --help, --version
    return line.root.exit(asked);
  } catch (const CLI::ParseError& problem) {
    // A word that is no command counts for CLI11 as left over, and what it complains of is that the command is missing.
    auto left = line.root.remaining(true);
    bool no_such_command = dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr && !left.empty();
    auto what = no_such_command ? "there is no command " + left.front() : std::string{problem.what()};
    complain(what + "; `wheelwork --help` and `wheelwork COMMAND --help` say what there is");
    return wrong_use;
  }
  return line.chosen();
}

} // namespace

int run_program(int argc, char** argv, std::shared_ptr<const native_registry> handlers) {
  // The helper of process targets is this same program; it must start without anything else in its way.
  if (argc > 1 && std::string_view{argv[1]} == "process-helper") return process_helper_main(argc, argv);
  // A reader that goes away must show as a failed write, which finish_output() reports, not as a sudden death.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    CLI::App root{description, "wheelwork"};
    root.footer(footer);
    root.set_version_flag("--version", "wheelwork " WHEELWORK_VERSION);
    root.require_subcommand(1);
    command_line line{root, {}, std::move(handlers), {}};
    add_client_options(line);
    add_serve_command(line);
    add_config_commands(line);
    add_migrate_command(line);
    add_doctor_command(line);
    add_schedule_commands(line);
    add_task_commands(line);
    add_job_commands(line);
    add_pool_commands(line);
    add_import_commands(line);
    add_node_commands(line);
    int code = parse_and_run(line, argc, argv);
    return finish_output() ? code : std::max<int>(code, refused);
  } catch (const std::exception& problem) {
    complain(problem.what());
    return refused;
  }
}

std::string not_empty(const std::string& text) { return text.empty() ? "must not be empty" : ""; }

} // namespace wheelwork
