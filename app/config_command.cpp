// wheelwork config: check a file; write the reference page.
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/load_config.hpp"
#include "config/reference.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {

void add_config_commands(command_line& line) {
  auto* config = line.root.add_subcommand("config", "check a configuration file");
  config->require_subcommand(1);

  auto* check = config->add_subcommand("check", "read a file as serve would, and name every fault");
  check->footer("Exit code 0: nothing is wrong. 2: each fault is a line \"FILE:LINE: key: what is wrong, what would be "
                "right\" on\n"
                "standard error.");
  auto options = std::make_shared<serve_options>();
  check->add_option("FILE", options->config_file, "the file")->required()->type_name("");
  check->add_option("--env", options->environment, "with the table [env.NAME]; without it WHEELWORK_ENV, else dev")
      ->type_name("NAME");
  check->callback([&line, options] {
    line.chosen = [options]() -> int {
      if (!load_or_complain(*options)) return wrong_use;
      print_line(options->config_file + ": ok");
      return done;
    };
  });

  auto* reference = config->add_subcommand("reference", "print the reference of all options");
  auto example = std::make_shared<bool>(false);
  reference->add_flag("--example", *example, "an example file with every option instead");
  reference->callback([&line, example] {
    line.chosen = [example]() -> int {
      print(*example ? example_file() : configuration_page());
      return done;
    };
  });
}

} // namespace wheelwork
