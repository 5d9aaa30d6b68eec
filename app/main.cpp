// The program wheelwork.
#include "app/commands.hpp"
#include "targets/process_helper.hpp"

#include <string_view>

int main(int argc, char** argv) {
  // The helper of process targets is this same program; it must start without anything else in its way.
  if (argc > 1 && std::string_view{argv[1]} == "process-helper") return wheelwork::process_helper_main(argc, argv);
  return wheelwork::run_command_line(argc, argv);
}
