// wheelwork schedule next: coming fire times of an expression, worked out here without a node.
#include "actors/system_clock.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/local_time.hpp"
#include "schedule/task_schedule.hpp"
#include "schedule/time_text.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

struct next_options {
  std::string expression;
  std::string zone = "UTC";
  std::string dialect = "unix";
  std::string after;
  std::string gap = "after";
  std::string overlap = "first";
  uint32_t count = 5;
};

dst_rule rule_of(const next_options& options) {
  dst_rule rule;
  rule.gap = options.gap == "skip" ? dst_gap::skip : dst_gap::after;
  rule.overlap = options.overlap == "both"   ? dst_overlap::both
                 : options.overlap == "last" ? dst_overlap::last
                                             : dst_overlap::first;
  return rule;
}

int complain_expression(const std::string& expression, const cron_error& error) {
  auto line = escaped(expression);
  auto before = escaped(std::string_view{expression}.substr(0, std::min(error.position, expression.size())));
  complain("position " + std::to_string(error.position + 1) + ": " + error.message + "\n  " + line + "\n  " +
           std::string(columns_of(before), ' ') + "^");
  return wrong_use;
}

int run_next(const next_options& options) {
  auto zone = find_time_zone(options.zone);
  if (!zone) {
    complain("--tz: " + zone.error());
    return wrong_use;
  }
  auto after =
      options.after.empty() ? result<wall_time, std::string>{system_clock{}.wall_now()} : parse_time(options.after);
  if (!after) {
    complain("--after: " + after.error());
    return wrong_use;
  }
  auto schedule =
      make_cron_schedule(options.expression, *parse_cron_dialect(options.dialect), options.zone, rule_of(options));
  if (!schedule) return complain_expression(options.expression, schedule.error());
  auto shown_in = schedule->zone ? schedule->zone : *zone; // a prefix in the expression wins
  task_schedule when = std::move(*schedule);
  firing_frame frame{*after, std::nullopt, std::nullopt};
  for (uint32_t printed = 0; printed < options.count; ++printed) {
    auto next = next_fire(when, frame, *after);
    if (!next) break; // the calendar ends with the year 9999
    print_line(format_local_time(*next, *shown_in));
    *after = *next;
  }
  return done;
}

} // namespace

void add_schedule_commands(command_line& line) {
  auto* schedule = line.root.add_subcommand("schedule", "try cron expressions");
  schedule->require_subcommand(1);
  auto* next =
      schedule->add_subcommand("next", "print the coming fire times of an expression, one RFC 3339 time a line");
  next->footer("Quote the expression: wheelwork schedule next '30 2 * * *' --tz Europe/Berlin");
  auto options = std::make_shared<next_options>();
  next->add_option("EXPR", options->expression, "cron expression, @daily, @every 90s, …")->required()->type_name("");
  next->add_option("--tz", options->zone, "time zone, such as Europe/Berlin")->capture_default_str()->type_name("ZONE");
  next->add_option("--dialect", options->dialect, "how the expression is read")
      ->check(CLI::IsMember({"unix", "robfig_v1", "robfig_v2", "robfig_v3", "apscheduler"}))
      ->capture_default_str()
      ->type_name("DIALECT");
  next->add_option("--after", options->after, "print times after this one (RFC 3339) instead of now")
      ->type_name("TIME");
  next->add_option("--count", options->count, "how many")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str()
      ->type_name("N");
  next->add_option("--dst-gap", options->gap, "for local times that a clock change skips")
      ->check(CLI::IsMember({"after", "skip"}))
      ->capture_default_str()
      ->type_name("RULE");
  next->add_option("--dst-overlap", options->overlap, "for local times that a clock change repeats")
      ->check(CLI::IsMember({"first", "last", "both"}))
      ->capture_default_str()
      ->type_name("RULE");
  next->callback([&line, options] { line.chosen = [options] { return run_next(*options); }; });
}

} // namespace wheelwork
