// wheelwork pool: consumer pools, how they are doing and what they decided.
#include "app/commands.hpp"
#include "app/definitions.hpp"
#include "app/json_view.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

constexpr definition_kind pools{"pool", "/pools"};

struct pool_options {
  std::string name, limit, cursor, before;
};
using shared_options = std::shared_ptr<pool_options>;

/// `redis_list main orders`, `kafka main orders`.
std::string source_summary(const nlohmann::json& pool) {
  auto source = pool.find("source");
  if (source == pool.end() || !source->is_object() || source->empty()) return "-";
  const auto& how = source->begin().value();
  return source->begin().key() + " " + cell_of(how, "connection") + " " +
         cell_of(how, how.contains("topic") ? "topic" : "key");
}

/// `3 of 10`.
std::string consumers_summary(const nlohmann::json& pool) {
  return cell_of(pool, "consumers") + " of " + cell_of(pool, "max");
}

std::string state_summary(const nlohmann::json& pool) {
  if (pool.value("active", true) == false) return "elsewhere";
  if (pool.value("paused", false)) return "paused";
  auto failure = cell_of(pool, "failure");
  return failure == "-" ? "running" : "failing: " + failure;
}

int run_list(const client_options& options, const pool_options& asked) {
  auto query = query_of({{"limit", asked.limit}, {"cursor", asked.cursor}});
  return exchange(options, {.path = pools.path + query}, [&](const http_reply& reply) {
    return print_list(options, reply,
                      {member_column("NAME", "name"),
                       {"SOURCE", source_summary},
                       {"TARGET", target_summary},
                       member_column("LAG", "lag"),
                       {"CONSUMERS", consumers_summary},
                       member_column("RATE", "rate"),
                       {"STATE", state_summary}});
  });
}

int run_events(const client_options& options, const pool_options& asked) {
  auto query = query_of({{"before", asked.before}, {"limit", asked.limit}, {"cursor", asked.cursor}});
  return exchange(options, {.path = path_of(pools, asked.name) + "/events" + query}, [&](const http_reply& reply) {
    auto consumers = [](const nlohmann::json& event) {
      auto before = cell_of(event, "consumers_before"), after = cell_of(event, "consumers");
      return before == after ? after : before + " -> " + after;
    };
    return print_list(options, reply,
                      {member_column("AT", "at"),
                       member_column("KIND", "kind"),
                       {"CONSUMERS", consumers},
                       member_column("LAG", "lag"),
                       member_column("MESSAGES", "messages"),
                       member_column("REASON", "reason")});
  });
}

int run_get(const client_options& options, const pool_options& asked) {
  return exchange(options, {.path = path_of(pools, asked.name)},
                  [&](const http_reply& reply) { return print_object(options, reply); });
}

int run_pause(const client_options& options, const pool_options& asked) {
  return change_definition(options, pools, asked.name, R"({"paused":true})", "paused");
}

int run_resume(const client_options& options, const pool_options& asked) {
  return change_definition(options, pools, asked.name, R"({"paused":false})", "resumed");
}

int run_delete(const client_options& options, const pool_options& asked) {
  return delete_definition(options, pools, asked.name);
}

using pool_action = int (*)(const client_options&, const pool_options&);

CLI::App* add_command(command_line& line, CLI::App& parent, const char* name, const char* help,
                      const shared_options& options, pool_action run) {
  auto* command = parent.add_subcommand(name, help);
  command->fallthrough();
  command->callback(
      [&line, options, run] { line.chosen = [&line, options, run] { return run(line.client, *options); }; });
  return command;
}

/// A subcommand that takes the name of a pool.
CLI::App* add_named(command_line& line, CLI::App& parent, const char* name, const char* help,
                    const shared_options& options, pool_action run) {
  auto* command = add_command(line, parent, name, help, options, run);
  command->add_option("NAME", options->name, "name of the pool")->required()->check(not_empty)->type_name("");
  return command;
}

void add_paging(CLI::App& list, const shared_options& options) {
  list.add_option("--limit", options->limit, "how many at most (1 to 1000, else 100)")->type_name("N");
  list.add_option("--cursor", options->cursor, "go on where an earlier list ended")->type_name("CURSOR");
}

} // namespace

void add_pool_commands(command_line& line) {
  auto* pool = line.root.add_subcommand("pool", "pools of consumers that follow the backlog of a queue");
  pool->fallthrough();
  pool->require_subcommand(1);
  auto options = std::make_shared<pool_options>();
  add_apply(line, *pool, pools);
  add_paging(*add_command(line, *pool, "list", "list pools with their backlog and consumers", options, &run_list),
             options);
  add_named(line, *pool, "get", "show a pool and how it is doing", options, &run_get);
  add_named(line, *pool, "pause", "let the consumers finish what they have in hand and take nothing more", options,
            &run_pause);
  add_named(line, *pool, "resume", "take messages again", options, &run_resume);
  add_named(line, *pool, "delete", "delete a pool; what waits in its source stays there", options, &run_delete);
  auto* events =
      add_named(line, *pool, "events", "what the pool decided and what went wrong, newest first", options, &run_events);
  events->add_option("--before", options->before, "before this time (RFC 3339)")->type_name("TIME");
  add_paging(*events, options);
}

} // namespace wheelwork
