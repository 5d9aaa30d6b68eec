// wheelwork doctor: looks at the database and the brokers that a node would use, beside a running one if there is one.
#include "actors/system_clock.hpp"
#include "app/broker_findings.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/load_config.hpp"
#include "persistence/diagnosis.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace wheelwork {
namespace {

void print_findings(const std::vector<finding>& findings) {
  size_t width = 0;
  for (const auto& each : findings) width = std::max(width, columns_of(escaped(each.check)));
  for (const auto& each : findings) {
    std::string level{name_of(each.level)}, check = escaped(each.check);
    level.resize(8, ' ');
    check += std::string(width + 2 - columns_of(check), ' ');
    print_line(level + check + escaped(each.found));
    if (!each.advice.empty()) print_line("        -> " + escaped(each.advice));
  }
}

void print_as_json(const std::vector<finding>& findings) {
  auto items = nlohmann::json::array();
  for (const auto& each : findings)
    items.push_back(
        {{"check", each.check}, {"severity", name_of(each.level)}, {"found", each.found}, {"advice", each.advice}});
  nlohmann::json whole{{"findings", std::move(items)}, {"worst", name_of(worst_of(findings))}};
  print_line(whole.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// The reason for the exit code, also for who only keeps standard error.
void complain_of(const std::string& subject, const std::vector<finding>& findings) {
  if (worst_of(findings) != severity::error) return;
  std::string serious;
  for (const auto& each : findings)
    if (each.level == severity::error) serious += (serious.empty() ? "" : "; ") + each.check + ": " + each.found;
  complain(subject + " is not in order: " + serious);
}

int run_doctor(const serve_options& options, bool json) {
  auto loaded = load_or_complain(options);
  if (!loaded) return wrong_use;
  system_clock clock;
  journal_options where;
  where.url = loaded->database.url;
  where.table_prefix = loaded->database.table_prefix;
  where.node_name = loaded->node.name;
  where.shards = loaded->cluster.shards;
  where.clock = &clock;
  auto found = diagnose(where);
  auto of_database = found ? std::move(*found)
                           : std::vector{finding{"connection", severity::error, found.error(),
                                                 "no node can use the database; the sentence before says what to do"}};
  auto of_brokers = look_at_brokers(loaded->brokers, loaded->pools, clock);
  auto all = of_database;
  all.insert(all.end(), of_brokers.begin(), of_brokers.end());
  if (json)
    print_as_json(all);
  else
    print_findings(all);
  complain_of("the database", of_database);
  complain_of("a broker", of_brokers);
  return worst_of(all) == severity::error ? refused : done;
}

} // namespace

void add_doctor_command(command_line& line) {
  auto* command =
      line.root.add_subcommand("doctor", "look at the database and brokers, and say what to do about each finding");
  command->footer("It changes nothing and may run beside a node. Findings are ok, note, warning or error.\n"
                  "Exit code 0: no finding is an error. 1: at least one is, or the database or a broker can't be\n"
                  "reached. 2: the configuration has a fault.");
  auto options = std::make_shared<serve_options>();
  auto json = std::make_shared<bool>(false);
  add_config_options(*command, *options);
  command->add_flag("--json", *json, "print JSON");
  command->callback([&line, options, json] {
    line.chosen = [&line, options, json] { return run_doctor(*options, *json || line.client.json); };
  });
}

} // namespace wheelwork
