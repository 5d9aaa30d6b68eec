// wheelwork job: push, look up, list, cancel, retry. app/job_wait.cpp waits for one.
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/input.hpp"
#include "app/job_wait.hpp"
#include "app/json_view.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

/// One job put together from options; texts as typed, checked by the server.
struct push_options {
  std::string file, task, url, method, native, payload, delay, due_at, timeout, unique_key, unique_for, external_id,
      key, command;
  std::optional<int> priority;
  std::vector<std::string> arguments, labels;

  bool any() const {
    return !(task.empty() && url.empty() && native.empty() && payload.empty() && delay.empty() && due_at.empty() &&
             timeout.empty() && unique_key.empty() && unique_for.empty() && external_id.empty() && method.empty() &&
             command.empty() && arguments.empty() && labels.empty()) ||
           priority.has_value();
  }
};

/// The body without its payload, which goes in as it was typed.
result<nlohmann::json, std::string> members_of(const push_options& options) {
  nlohmann::json body = nlohmann::json::object();
  auto put = [&](const char* name, const std::string& text) {
    if (!text.empty()) body[name] = text;
  };
  put("task", options.task), put("delay", options.delay), put("due_at", options.due_at),
      put("timeout", options.timeout);
  put("unique_key", options.unique_key), put("unique_for", options.unique_for), put("external_id", options.external_id);
  if (options.priority) body["priority"] = *options.priority;
  if (!options.url.empty()) body["target"]["http"]["url"] = options.url;
  if (!options.url.empty() && !options.method.empty()) body["target"]["http"]["method"] = options.method;
  if (!options.native.empty()) body["target"]["native"]["handler"] = options.native;
  if (!options.command.empty()) {
    std::vector<std::string> words{options.command};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    body["target"]["process"]["command"] = words;
  } else if (!options.arguments.empty()) {
    return failure("\"" + options.arguments.front() +
                   "\" belongs to nothing; arguments of a process go with --command");
  }
  for (const auto& label : options.labels) {
    auto colon = label.find(':');
    if (colon == std::string::npos) return failure("--label " + label + " must be KEY:VALUE");
    body["labels"][label.substr(0, colon)] = label.substr(colon + 1);
  }
  if (!body.contains("target") && options.task.empty())
    return failure(std::string{"a job needs --task, --url, --command or --native; or give it with --file"});
  return body;
}

result<outgoing_request, std::string> push_from_options(const push_options& options) {
  auto members = members_of(options);
  if (!members) return failure(members.error());
  outgoing_request request{.method = "POST", .path = "/jobs"};
  try {
    request.body = members->dump();
  } catch (const nlohmann::json::exception&) {
    return failure(std::string{"the options must be UTF-8"});
  }
  if (options.payload.empty()) return request;
  if (auto fault = fault_of_json(options.payload); !fault.empty()) return failure("--payload is not JSON: " + fault);
  request.body.pop_back();
  request.body += ",\"payload\":" + options.payload + "}";
  return request;
}

result<outgoing_request, std::string> push_from_file(const std::string& file) {
  auto text = read_input(file);
  if (!text) return failure(text.error());
  return read_push(*text, file);
}

int run_push(const client_options& client, const push_options& options) {
  if (options.any() && !options.file.empty()) {
    complain("--file holds whole jobs; leave out the options that describe one");
    return wrong_use;
  }
  auto request = options.any() ? push_from_options(options) : push_from_file(options.file.empty() ? "-" : options.file);
  if (!request) {
    complain(request.error());
    return wrong_use;
  }
  request->idempotency_key = options.key;
  return exchange(client, *request, [&](const http_reply& reply) {
    if (client.json) {
      print_body(reply);
      return int{done};
    }
    auto answer = json_of(reply);
    if (answer.contains("ids"))
      for (const auto& id : answer["ids"]) print_line(escaped(id.get<std::string>()));
    else
      print_line(escaped(cell_of(answer, "id")));
    return int{done};
  });
}

void add_push(command_line& line, CLI::App& parent) {
  auto* push = parent.add_subcommand("push", "push jobs; prints their ids");
  push->fallthrough();
  push->footer("Without options one job, an array of jobs, or one job on each line is read from standard input.\n"
               "  wheelwork job push --url https://example.org/hook --delay 90s --payload '{\"a\":1}'\n"
               "  wheelwork job push --command /bin/ls -- -l /tmp");
  auto options = std::make_shared<push_options>();
  push->add_option("--file", options->file, "file with jobs as JSON, or - for standard input")->type_name("FILE");
  push->add_option("--task", options->task, "take everything from this task")->type_name("NAME");
  push->add_option("--url", options->url, "call this URL")->type_name("URL");
  push->add_option("--method", options->method, "with this method (else POST)")->type_name("METHOD")->needs("--url");
  push->add_option("--command", options->command, "start this process, with the ARGUMENTs")->type_name("PROGRAM");
  push->add_option("ARGUMENT", options->arguments,
                   "arguments of --command; -- before all of them where one begins with -")
      ->type_name("");
  push->add_option("--native", options->native, "run this built-in handler")->type_name("HANDLER");
  push->add_option("--payload", options->payload, "any JSON")->type_name("JSON");
  push->add_option("--delay", options->delay, "due after this long, such as 90s")->type_name("DURATION");
  push->add_option("--due-at", options->due_at, "due at this time (RFC 3339)")->type_name("TIME");
  push->add_option("--timeout", options->timeout, "for each attempt")->type_name("DURATION");
  push->add_option("--priority", options->priority, "0 to 9, 9 first")->type_name("N");
  push->add_option("--unique-key", options->unique_key, "the same key again makes no second job")->type_name("KEY");
  push->add_option("--unique-for", options->unique_for, "how long the key holds, such as 24h or forever")
      ->type_name("DURATION");
  push->add_option("--external-id", options->external_id, "another system's id")->type_name("ID");
  push->add_option("--label", options->labels, "may be repeated")->type_name("KEY:VALUE")->allow_extra_args(false);
  push->add_option("--idempotency-key", options->key, "header of the request")->type_name("KEY");
  push->callback([&line, options] { line.chosen = [&line, options] { return run_push(line.client, *options); }; });
}

struct list_options {
  std::string state, task, unique_key, external_id, from, to, limit, cursor;
  std::vector<std::string> labels;
};

int run_list(const client_options& client, const list_options& asked) {
  std::vector<std::pair<std::string, std::string>> query{{"state", asked.state},
                                                         {"task", asked.task},
                                                         {"unique_key", asked.unique_key},
                                                         {"external_id", asked.external_id},
                                                         {"from", asked.from},
                                                         {"to", asked.to},
                                                         {"limit", asked.limit},
                                                         {"cursor", asked.cursor}};
  for (const auto& label : asked.labels) query.emplace_back("label", label);
  return exchange(client, {.path = "/jobs" + query_of(query)}, [&](const http_reply& reply) {
    return print_list(client, reply,
                      {member_column("ID", "id"),
                       member_column("STATE", "state"),
                       member_column("TASK", "task"),
                       member_column("ATTEMPT", "attempt"),
                       member_column("DUE", "due_at"),
                       member_column("FINISHED", "finished_at"),
                       {"TARGET", target_summary}});
  });
}

void add_list(command_line& line, CLI::App& parent) {
  auto* list = parent.add_subcommand("list", "list jobs, newest first");
  list->fallthrough();
  auto options = std::make_shared<list_options>();
  list->add_option("--state", options->state, "only pending, running, succeeded, dead or cancelled ones")
      ->type_name("STATE");
  list->add_option("--task", options->task, "only those of this task")->type_name("NAME");
  list->add_option("--label", options->labels, "only with this label; may be repeated")
      ->type_name("KEY:VALUE")
      ->allow_extra_args(false);
  list->add_option("--unique-key", options->unique_key, "only with this unique key")->type_name("KEY");
  list->add_option("--external-id", options->external_id, "only with this external id")->type_name("ID");
  list->add_option("--from", options->from, "created from this time on (RFC 3339)")->type_name("TIME");
  list->add_option("--to", options->to, "created before this time")->type_name("TIME");
  list->add_option("--limit", options->limit, "how many at most (1 to 1000, else 100)")->type_name("N");
  list->add_option("--cursor", options->cursor, "go on where an earlier list ended")->type_name("CURSOR");
  list->callback([&line, options] { line.chosen = [&line, options] { return run_list(line.client, *options); }; });
}

int run_action(const client_options& client, const std::string& id, const std::string& action) {
  return exchange(client, {.method = "POST", .path = "/jobs/" + url_part(id) + "/" + action},
                  [&](const http_reply& reply) {
                    if (client.json)
                      print_body(reply);
                    else
                      print_line(escaped(cell_of(json_of(reply), "state")) + " " + escaped(id));
                    return int{done};
                  });
}

CLI::App* add_with_id(command_line& line, CLI::App& parent, const char* name, const char* help,
                      std::function<int(const client_options&, const std::string&)> run) {
  auto* command = parent.add_subcommand(name, help);
  command->fallthrough();
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "id of the job")->required()->check(not_empty)->type_name("");
  command->callback(
      [&line, id, run = std::move(run)] { line.chosen = [&line, id, run] { return run(line.client, *id); }; });
  return command;
}

} // namespace

void add_job_commands(command_line& line) {
  auto* job = line.root.add_subcommand("job", "jobs: single units of work");
  job->fallthrough();
  job->require_subcommand(1);
  add_push(line, *job);
  add_with_id(line, *job, "get", "show a job and its attempts",
              [](const client_options& client, const std::string& id) {
                return exchange(client, {.path = "/jobs/" + url_part(id)},
                                [&](const http_reply& reply) { return print_object(client, reply); });
              });
  add_list(line, *job);
  add_with_id(line, *job, "cancel", "cancel a job; a running attempt is told to stop",
              [](const client_options& client, const std::string& id) { return run_action(client, id, "cancel"); });
  add_with_id(line, *job, "retry", "make a dead or cancelled job pending again",
              [](const client_options& client, const std::string& id) { return run_action(client, id, "retry"); });
  auto timeout = std::make_shared<std::string>();
  auto* wait = add_with_id(
      line, *job, "wait", "wait until a job is final; exit code 0 only if it succeeded",
      [timeout](const client_options& client, const std::string& id) { return wait_for_job(client, id, *timeout); });
  wait->add_option("--timeout", *timeout, "give up after this long, with exit code 1")->type_name("DURATION");
}

} // namespace wheelwork
