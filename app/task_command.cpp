// wheelwork task: definitions and their fires.
#include "actors/system_clock.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/definitions.hpp"
#include "app/input.hpp"
#include "app/json_view.hpp"
#include "schedule/time_text.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

constexpr definition_kind tasks{"task", "/tasks"};

std::string path_of(const std::string& name) { return path_of(tasks, name); }

struct task_options {
  std::string name, text, external_id, limit, cursor, from, to, count, after, key, payload;
  std::vector<std::string> labels;
  std::optional<bool> enabled;
};
using shared_options = std::shared_ptr<task_options>;

int run_list(const client_options& options, const task_options& asked) {
  std::vector<std::pair<std::string, std::string>> query{
      {"q", asked.text}, {"external_id", asked.external_id}, {"limit", asked.limit}, {"cursor", asked.cursor}};
  if (asked.enabled) query.emplace_back("enabled", *asked.enabled ? "true" : "false");
  for (const auto& label : asked.labels) query.emplace_back("label", label);
  return exchange(options, {.path = "/tasks" + query_of(query)}, [&](const http_reply& reply) {
    return print_list(options, reply,
                      {member_column("NAME", "name"),
                       {"SCHEDULE", schedule_summary},
                       {"TARGET", target_summary},
                       member_column("ENABLED", "enabled"),
                       member_column("ACTIVE", "active"),
                       member_column("NEXT FIRE", "next_fire")});
  });
}

int run_by_hand(const client_options& options, const task_options& asked) {
  outgoing_request request{.method = "POST", .path = path_of(asked.name) + "/run", .idempotency_key = asked.key};
  if (!asked.payload.empty()) {
    if (auto fault = fault_of_json(asked.payload); !fault.empty()) {
      complain("--payload is not JSON: " + fault);
      return wrong_use;
    }
    request.body = "{\"payload\":" + asked.payload + "}";
  }
  return exchange(options, request, [&](const http_reply& reply) {
    if (options.json)
      print_body(reply);
    else
      print_line(escaped(cell_of(json_of(reply), "id")));
    return int{done};
  });
}

int run_switch(const client_options& options, const std::string& name, bool on) {
  return change_definition(options, tasks, name, on ? R"({"enabled":true})" : R"({"enabled":false})",
                           on ? "enabled" : "disabled");
}

int run_fires(const client_options& options, const task_options& asked) {
  auto from_time = asked.from;
  if (from_time.empty() && asked.to.empty())
    from_time = format_time(system_clock{}.wall_now() - std::chrono::hours{24});
  auto query = query_of({{"from", from_time}, {"to", asked.to}, {"limit", asked.limit}, {"cursor", asked.cursor}});
  return exchange(options, {.path = path_of(asked.name) + "/fires" + query}, [&](const http_reply& reply) {
    // A fire is one line with its job; a run of equal skips has a first and a last time and a count.
    auto from = [](const nlohmann::json& item) {
      return cell_of(item, item.contains("fire_time") ? "fire_time" : "from");
    };
    auto count = [](const nlohmann::json& item) { return item.contains("count") ? cell_of(item, "count") : "1"; };
    return print_list(options, reply,
                      {{"FIRE TIME", from},
                       member_column("UNTIL", "to"),
                       {"COUNT", count},
                       member_column("VERDICT", "verdict"),
                       member_column("JOB", "job")});
  });
}

int run_next(const client_options& options, const task_options& asked) {
  auto query = query_of({{"count", asked.count}, {"after", asked.after}});
  return exchange(options, {.path = path_of(asked.name) + "/next" + query}, [&](const http_reply& reply) {
    if (options.json) {
      print_body(reply);
      return int{done};
    }
    auto answer = json_of(reply);
    for (const auto& time : answer.at("times")) print_line(escaped(time.get<std::string>()));
    return int{done};
  });
}

/// A subcommand that takes the name of a task.
CLI::App* add_named(command_line& line, CLI::App& parent, const char* name, const char* help,
                    const shared_options& options, int (*run)(const client_options&, const task_options&)) {
  auto* command = parent.add_subcommand(name, help);
  command->fallthrough();
  command->add_option("NAME", options->name, "name of the task")->required()->check(not_empty)->type_name("");
  command->callback(
      [&line, options, run] { line.chosen = [&line, options, run] { return run(line.client, *options); }; });
  return command;
}

void add_list(command_line& line, CLI::App& parent, const shared_options& options) {
  auto* list = parent.add_subcommand("list", "list tasks");
  list->fallthrough();
  list->add_option("--q", options->text, "only names that hold this text")->type_name("TEXT");
  list->add_option("--enabled", options->enabled, "only enabled (true) or disabled (false) ones")->type_name("BOOL");
  list->add_option("--label", options->labels, "only with this label; may be repeated")
      ->type_name("KEY:VALUE")
      ->allow_extra_args(false);
  list->add_option("--external-id", options->external_id, "only the one with this external id")->type_name("ID");
  list->add_option("--limit", options->limit, "how many at most (1 to 1000, else 100)")->type_name("N");
  list->add_option("--cursor", options->cursor, "go on where an earlier list ended")->type_name("CURSOR");
  list->callback([&line, options] { line.chosen = [&line, options] { return run_list(line.client, *options); }; });
}

void add_runs_and_fires(command_line& line, CLI::App& parent, const shared_options& options) {
  auto* run =
      add_named(line, parent, "run", "run a task now, also when disabled; prints the job's id", options, &run_by_hand);
  run->add_option("--payload", options->payload, "instead of the task's payload")->type_name("JSON");
  run->add_option("--idempotency-key", options->key, "the same key again makes no second job")->type_name("KEY");
  auto* fires = add_named(line, parent, "fires", "the ledger of fires up to now: what ran, what was skipped and why",
                          options, &run_fires);
  fires->add_option("--from", options->from, "from this time on (RFC 3339; without this and --to: from a day ago on)")
      ->type_name("TIME");
  fires->add_option("--to", options->to, "up to this time")->type_name("TIME");
  fires->add_option("--limit", options->limit, "how many at most (1 to 1000, else 100)")->type_name("N");
  fires->add_option("--cursor", options->cursor, "go on where an earlier list ended")->type_name("CURSOR");
  auto* next = add_named(line, parent, "next", "coming fire times, one a line", options, &run_next);
  next->add_option("--count", options->count, "how many (1 to 1000, else 5)")->type_name("N");
  next->add_option("--after", options->after, "after this time instead of now")->type_name("TIME");
}

} // namespace

void add_task_commands(command_line& line) {
  auto* task = line.root.add_subcommand("task", "tasks: schedule, target and rules under a name");
  task->fallthrough();
  task->require_subcommand(1);
  auto options = std::make_shared<task_options>();

  add_apply(line, *task, tasks);
  add_list(line, *task, options);
  add_named(line, *task, "get", "show a task", options, [](const client_options& client, const task_options& asked) {
    return exchange(client, {.path = path_of(asked.name)},
                    [&](const http_reply& reply) { return print_object(client, reply); });
  });
  add_named(line, *task, "delete", "delete a task and cancel its pending jobs", options,
            [](const client_options& client, const task_options& asked) {
              return delete_definition(client, tasks, asked.name);
            });
  add_named(
      line, *task, "enable", "let a task fire", options,
      [](const client_options& client, const task_options& asked) { return run_switch(client, asked.name, true); });
  add_named(
      line, *task, "disable", "keep a task from firing", options,
      [](const client_options& client, const task_options& asked) { return run_switch(client, asked.name, false); });
  add_runs_and_fires(line, *task, options);
}

} // namespace wheelwork
