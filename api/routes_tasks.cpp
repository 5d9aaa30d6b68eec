// Tasks: create, replace, change, read, list, delete, run by hand.
#include "api/body.hpp"
#include "api/entity_tag.hpp"
#include "api/job_answer.hpp"
#include "api/ledger.hpp"
#include "api/query.hpp"
#include "api/routes.hpp"
#include "schedule/time_text.hpp"

#include <array>

namespace wheelwork::routes {

namespace {

constexpr int task_patch_tries_max = 5;

nlohmann::json nullable(const std::optional<wall_time>& time) {
  return time ? nlohmann::json(format_time(*time)) : nlohmann::json();
}

/// What is known of it may be a moment old, and then this fire has begun.
std::optional<wall_time> next_fire_of(const task_row& row, wall_time now) {
  if (!row.state.next_fire || *row.state.next_fire > now) return row.state.next_fire;
  const auto coming = coming_fires(row, now, now, 1);
  return coming.empty() ? row.state.next_fire : coming.front();
}

/// Splices our members into the task's own text, so that its payload stays byte for byte.
std::string task_text(const task_row& row, bool active, wall_time now) {
  const auto& task = *row.definition;
  const nlohmann::json ours{{"id", to_string(task.id)},
                            {"version", task.version},
                            {"created_at", format_time(task.created_at)},
                            {"updated_at", format_time(task.updated_at)},
                            {"active", active},
                            {"next_fire", active && task.enabled ? nullable(next_fire_of(row, now)) : nlohmann::json()},
                            {"runs", runs_begun(row, now)}};
  auto text = task_to_text(task);
  text.pop_back();
  return text + "," + dump(ours).substr(1);
}

http_answer task_answer(const node_service& node, const task_row& row, unsigned status) {
  http_answer answer{status, task_text(row, node.is_active(*row.definition), node.clock().wall_now())};
  answer.extra_head = "ETag: " + entity_tag(*row.definition) + "\r\n";
  if (status == 201) answer.extra_head += "Location: /api/v1/tasks/" + percent_encode(row.definition->name) + "\r\n";
  return answer;
}

http_answer no_such_task(const std::string& name) { return problem(404, "there is no task " + name); }

/// What answers add to a task. A body may carry it, so that a task that was read can be edited and put back.
constexpr std::array read_only_members{"id", "version", "created_at", "updated_at", "active", "next_fire", "runs"};

result<task_definition, http_answer> task_in_body(const api_context& context, const http_request& request) {
  const auto body = parse_body(request);
  if (!body) return failure(body.error());
  if (body->value->is_object())
    for (const auto* member : read_only_members) body->value->erase(member);
  auto decoding = context.decoding();
  decoding.payload_text = body->payload_text;
  auto read = task_from_json(*body->value, request.parameters[0], decoding);
  if (!read) return failure(answer_of(read.error()));
  return std::move(*read);
}

std::function<void(const pending_ptr&, const task_write&)> give_task(api_context& context) {
  return [context = context.shared()](const pending_ptr& pending, const task_write& write) {
    pending->give(task_answer(context->node, write.row, write.created ? 201 : 200));
  };
}

/// Merges the patch into the newest version; when another edit comes between, merges again, unless the client named a
/// version.
void try_task_patch(const std::shared_ptr<api_context>& context, const std::shared_ptr<const http_request>& request,
                    const pending_ptr& pending, int tries_left) {
  const auto& name = request->parameters[0];
  const auto task = context->node.find_task(name);
  if (!task) return pending->give(no_such_task(name));
  const auto precondition = check_preconditions(*request, task);
  if (!precondition) return pending->give(precondition.error());
  const auto patch = parse_body(*request);
  if (!patch) return pending->give(patch.error());
  auto decoding = context->decoding();
  decoding.payload_text = patch->payload_text;
  auto merged = task_from_merge_patch(*task, *patch->value, decoding);
  if (!merged) return pending->give(answer_of(merged.error()));
  context->node.put_task(std::move(*merged), task->version, [=](result<task_write, service_error> answer) {
    pending->guard([&] {
      const bool raced = !answer && answer.error().code == service_errc::version_mismatch && !request->if_match;
      if (raced && tries_left > 1) return try_task_patch(context, request, pending, tries_left - 1);
      if (raced) return pending->give(problem(409, "others edit this task at the same time; try again"));
      if (!answer) return pending->give(answer_of(answer.error()));
      pending->give(task_answer(context->node, answer->row, 200));
    });
  });
}

/// An operator switches tasks on and off; more is an admin's.
bool only_switches(const nlohmann::json& patch) {
  return patch.is_object() && patch.size() == 1 && patch.contains("enabled");
}

} // namespace

void put_task(api_context& context, http_request& request, const responder& respond) {
  const auto& name = request.parameters[0];
  auto definition = task_in_body(context, request);
  if (!definition) return respond(definition.error());
  const auto version = check_preconditions(request, context.node.find_task(name));
  if (!version) return respond(version.error());
  context.node.put_task(std::move(*definition), *version,
                        answering<task_write>(std::make_shared<pending_answer>(respond), give_task(context)));
}

void patch_task(api_context& context, http_request& request, const responder& respond) {
  if (request.role == token_role::operator_role) {
    const auto patch = parse_body(request);
    if (!patch) return respond(patch.error());
    if (!only_switches(*patch->value))
      return respond(problem(403, "an operator may only change `enabled`; other members need the role admin"));
  }
  const auto pending = std::make_shared<pending_answer>(respond);
  const auto kept = std::make_shared<const http_request>(std::move(request));
  try_task_patch(context.shared(), kept, pending, task_patch_tries_max);
}

void read_task(api_context& context, http_request& request, const responder& respond) {
  context.read(respond, [context = context.shared(), name = request.parameters[0]](journal_reader& reader) {
    const auto found = reader.task_by_name(name);
    if (!found) return answer_of(found.error());
    if (!*found) return no_such_task(name);
    return task_answer(context->node, **found, 200);
  });
}

void list_tasks(api_context& context, http_request& request, const responder& respond) {
  query_reader query{request.query, {"q", "enabled", "label", "external_id", "limit", "cursor"}};
  task_filter filter;
  filter.name_contains = query.text("q");
  filter.enabled = query.boolean("enabled");
  filter.marks = query.labels();
  filter.external_id = query.text("external_id");
  filter.after_name = query.cursor();
  filter.limit = query.limit();
  if (!query.faults().empty()) return respond(invalid(query.faults()));
  context.read(respond, [context = context.shared(), filter = std::move(filter)](journal_reader& reader) {
    auto one_more = filter;
    ++one_more.limit;
    const auto found = reader.list_tasks(one_more);
    if (!found) return answer_of(found.error());
    std::vector<std::string> items;
    for (const auto& row : *found) {
      if (items.size() == filter.limit)
        return list_answer(items, make_cursor((*found)[filter.limit - 1].definition->name));
      items.push_back(task_text(row, context->node.is_active(*row.definition), context->now()));
    }
    return list_answer(items, "");
  });
}

void delete_task(api_context& context, http_request& request, const responder& respond) {
  const auto& name = request.parameters[0];
  const auto task = context.node.find_task(name);
  if (!task) return respond(no_such_task(name));
  const auto version = check_preconditions(request, task);
  if (!version) return respond(version.error());
  context.node.delete_task(
      name, *version, answering<bool>(std::make_shared<pending_answer>(respond), [](const pending_ptr& pending, bool) {
        pending->give({204, ""});
      }));
}

void run_task(api_context& context, http_request& request, const responder& respond) {
  if (context.pushes.is_full()) return respond(too_many_in_flight());
  const auto& name = request.parameters[0];
  if (!context.node.find_task(name)) return respond(no_such_task(name));
  std::optional<payload> body;
  if (!request.body.empty()) {
    const auto parsed = parse_body(request);
    if (!parsed) return respond(parsed.error());
    const auto refusal = read_members(*parsed->value, [&](member_reader& members) {
      members.find("payload"), members.find("payload_base64"), members.find("content_type");
    });
    if (refusal) return respond(*refusal);
    auto decoding = context.decoding();
    decoding.payload_text = parsed->payload_text;
    auto given = payload_from_json(*parsed->value, decoding);
    if (!given) return respond(answer_of(given.error()));
    if (!given->empty()) body = std::move(*given);
  }
  if (request.idempotency_key)
    if (auto wrong = key_fault(*request.idempotency_key)) return respond(invalid({{"", std::move(*wrong)}}));
  context.node.run_task(
      name, std::move(body), request.idempotency_key.value_or(""),
      answering<pushed_job>(std::make_shared<pending_answer>(respond),
                            [context = context.shared()](const pending_ptr& pending, pushed_job made) {
                              answer_with_job(*context, pending, made.id, made.repeated ? 200 : 201);
                            }));
}

} // namespace wheelwork::routes
