// wheelwork node: who is there.
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/json_view.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {

void add_node_commands(command_line& line) {
  auto* node = line.root.add_subcommand("node", "the nodes that run");
  node->fallthrough();
  node->require_subcommand(1);
  auto* list = node->add_subcommand("list", "list nodes");
  list->fallthrough();
  list->callback([&line] {
    line.chosen = [&line] {
      return exchange(line.client, {.path = "/nodes"}, [&](const http_reply& reply) {
        return print_list(line.client, reply,
                          {member_column("NAME", "name"), member_column("READY", "ready"),
                           member_column("ROLES", "roles"), member_column("SHARDS", "shards"),
                           member_column("STARTED", "started_at"), member_column("LOAD", "load"),
                           member_column("VERSION", "version")});
      });
    };
  });
  auto* drain = node->add_subcommand("drain", "")->group("")->allow_extras()->fallthrough(false);
  drain->callback([&line] {
    line.chosen = []() -> int {
      complain("`wheelwork node drain` is not built yet; SIGTERM stops a node gracefully");
      return refused;
    };
  });
}

} // namespace wheelwork
