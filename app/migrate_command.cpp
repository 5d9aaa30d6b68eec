// wheelwork migrate: create or upgrade the tables without starting a node.
#include "actors/system_clock.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/load_config.hpp"
#include "persistence/journal.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

void print_status(const migration_status& status) {
  if (status.pending.empty()) {
    print_line("version " + std::to_string(status.version) + ", up to date");
    return;
  }
  print_line("version " + std::to_string(status.version) + " of " + std::to_string(status.newest) + ", pending:");
  for (const auto& each : status.pending) print_line("  " + escaped(each));
}

int run_migrate(const serve_options& options, bool only_status) {
  auto loaded = load_or_complain(options);
  if (!loaded) return wrong_use;
  system_clock clock;
  journal_options where;
  where.url = loaded->database.url;
  where.table_prefix = loaded->database.table_prefix;
  where.node_name = loaded->node.name;
  where.shards = loaded->cluster.shards;
  where.clock = &clock;
  auto status = only_status ? migration_status_of(where) : migrate(where);
  if (!status) {
    complain(status.error());
    return refused;
  }
  print_status(*status);
  return done;
}

} // namespace

void add_migrate_command(command_line& line) {
  auto* command = line.root.add_subcommand(
      "migrate", "create or upgrade the tables (serve does it too unless database.migrate=false)");
  auto options = std::make_shared<serve_options>();
  auto only_status = std::make_shared<bool>(false);
  add_config_options(*command, *options);
  command->add_flag("--status", *only_status, "only say which version the database has and what is pending");
  command->callback(
      [&line, options, only_status] { line.chosen = [=] { return run_migrate(*options, *only_status); }; });
}

} // namespace wheelwork
