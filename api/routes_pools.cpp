// Consumer pools: create, replace, change, read, list, delete, and what happened in them.
#include "api/body.hpp"
#include "api/entity_tag.hpp"
#include "api/pool_answer.hpp"
#include "api/query.hpp"
#include "api/routes.hpp"
#include "schedule/time_text.hpp"

namespace wheelwork::routes {

namespace {

constexpr int pool_patch_tries_max = 5;
constexpr milliseconds minutes_span_default{24LL * 3600 * 1000};
constexpr milliseconds minutes_span_max{7LL * 24 * 3600 * 1000};

http_answer no_such_pool(const std::string& name) { return problem(404, "there is no pool " + name); }

pool_ptr definition_of(const std::optional<pool_view>& pool) { return pool ? pool->definition : nullptr; }

/// What was written, with what the node knows of it by now.
http_answer answer_of_write(const node_service& node, const pool_write& write) {
  pool_view view{write.definition, {}};
  if (const auto known = node.find_pool(write.definition->name)) view.status = known->status;
  return pool_answer(view, write.created ? 201 : 200);
}

result<pool_definition, http_answer> pool_in_body(const api_context& context, const http_request& request) {
  const auto body = parse_body(request);
  if (!body) return failure(body.error());
  auto& members = *body->value;
  if (members.is_object())
    for (auto each = members.begin(); each != members.end();)
      each = is_added_to_pools(each.key()) ? members.erase(each) : std::next(each);
  auto read = pool_from_json(members, request.parameters[0], context.decoding());
  if (!read) return failure(answer_of(read.error()));
  return std::move(*read);
}

/// Merges the patch into the newest version; when another edit comes between, merges again, unless the client named a
/// version.
void try_pool_patch(const std::shared_ptr<api_context>& context, const std::shared_ptr<const http_request>& request,
                    const pending_ptr& pending, int tries_left) {
  const auto& name = request->parameters[0];
  const auto pool = definition_of(context->node.find_pool(name));
  if (!pool) return pending->give(no_such_pool(name));
  const auto precondition = check_preconditions(*request, pool);
  if (!precondition) return pending->give(precondition.error());
  const auto patch = parse_body(*request);
  if (!patch) return pending->give(patch.error());
  auto merged = pool_from_merge_patch(*pool, *patch->value, context->decoding());
  if (!merged) return pending->give(answer_of(merged.error()));
  context->node.put_pool(std::move(*merged), pool->version, [=](result<pool_write, service_error> answer) {
    pending->guard([&] {
      const bool raced = !answer && answer.error().code == service_errc::version_mismatch && !request->if_match;
      if (raced && tries_left > 1) return try_pool_patch(context, request, pending, tries_left - 1);
      if (raced) return pending->give(problem(409, "others edit this pool at the same time; try again"));
      if (!answer) return pending->give(answer_of(answer.error()));
      answer->created = false;
      pending->give(answer_of_write(context->node, *answer));
    });
  });
}

/// An operator pauses and resumes; more is an admin's.
bool only_pauses(const nlohmann::json& patch) {
  return patch.is_object() && patch.size() == 1 && patch.contains("paused");
}

/// A page that ends between two instants, since the next one begins before a time. `found` may have one more than the
/// limit.
http_answer page_of_events(std::vector<pool_event> found, size_t limit) {
  std::string next;
  if (found.size() > limit) {
    const auto after = found.back().at;
    found.pop_back();
    auto kept = found;
    while (!found.empty() && found.back().at == after) found.pop_back();
    const bool one_instant = found.empty();
    if (one_instant) found = std::move(kept); // more than a page in one millisecond: the rest of it is left out
    next = make_cursor(one_instant ? after : after + milliseconds{1});
  }
  std::vector<std::string> items;
  items.reserve(found.size());
  for (const auto& event : found) items.push_back(dump(pool_event_as_json(event)));
  return list_answer(items, next);
}

} // namespace

void put_pool(api_context& context, http_request& request, const responder& respond) {
  auto definition = pool_in_body(context, request);
  if (!definition) return respond(definition.error());
  const auto version = check_preconditions(request, definition_of(context.node.find_pool(request.parameters[0])));
  if (!version) return respond(version.error());
  context.node.put_pool(
      std::move(*definition), *version,
      answering<pool_write>(std::make_shared<pending_answer>(respond),
                            [shared = context.shared()](const pending_ptr& pending, const pool_write& write) {
                              pending->give(answer_of_write(shared->node, write));
                            }));
}

void patch_pool(api_context& context, http_request& request, const responder& respond) {
  if (request.role == token_role::operator_role) {
    const auto patch = parse_body(request);
    if (!patch) return respond(patch.error());
    if (!only_pauses(*patch->value))
      return respond(problem(403, "an operator may only change `paused`; other members need the role admin"));
  }
  const auto pending = std::make_shared<pending_answer>(respond);
  const auto kept = std::make_shared<const http_request>(std::move(request));
  try_pool_patch(context.shared(), kept, pending, pool_patch_tries_max);
}

void read_pool(api_context& context, http_request& request, const responder& respond) {
  const auto pool = context.node.find_pool(request.parameters[0]);
  respond(pool ? pool_answer(*pool, 200) : no_such_pool(request.parameters[0]));
}

void list_pools(api_context& context, http_request& request, const responder& respond) {
  query_reader query{request.query, {"limit", "cursor"}};
  const auto after = query.cursor();
  const auto limit = query.limit();
  if (!query.faults().empty()) return respond(invalid(query.faults()));
  std::vector<std::string> items;
  std::string last;
  for (const auto& pool : context.node.pools()) {
    if (after && pool.definition->name <= *after) continue;
    if (items.size() == limit) return respond(list_answer(items, make_cursor(last)));
    items.push_back(dump(pool_as_json(pool)));
    last = pool.definition->name;
  }
  respond(list_answer(items, ""));
}

void delete_pool(api_context& context, http_request& request, const responder& respond) {
  const auto& name = request.parameters[0];
  const auto pool = definition_of(context.node.find_pool(name));
  if (!pool) return respond(no_such_pool(name));
  const auto version = check_preconditions(request, pool);
  if (!version) return respond(version.error());
  context.node.delete_pool(
      name, *version, answering<bool>(std::make_shared<pending_answer>(respond), [](const pending_ptr& pending, bool) {
        pending->give({204, ""});
      }));
}

void list_pool_events(api_context& context, http_request& request, const responder& respond) {
  query_reader query{request.query, {"limit", "before", "cursor"}};
  auto before = query.time("before");
  const auto limit = query.limit();
  if (const auto position = query.time_cursor()) before = position;
  if (!query.faults().empty()) return respond(invalid(query.faults()));
  const auto& name = request.parameters[0];
  if (!context.node.find_pool(name)) return respond(no_such_pool(name));
  context.read(respond, [=](journal_reader& reader) {
    auto found = reader.pool_events(name, before, limit + 1);
    return found ? page_of_events(std::move(*found), limit) : answer_of(found.error());
  });
}

void list_pool_minutes(api_context& context, http_request& request, const responder& respond) {
  query_reader query{request.query, {"from", "to"}};
  const auto until = query.time("to").value_or(context.now());
  const auto from = query.time("from").value_or(until - minutes_span_default);
  if (until - from > minutes_span_max) query.fault("from", "must be at most 7 days before `to`");
  if (!query.faults().empty()) return respond(invalid(query.faults()));
  const auto& name = request.parameters[0];
  if (!context.node.find_pool(name)) return respond(no_such_pool(name));
  context.read(respond, [=](journal_reader& reader) {
    const auto found = reader.pool_minutes(name, from, until);
    if (!found) return answer_of(found.error());
    std::vector<std::string> items;
    for (const auto& minute : *found) items.push_back(dump(pool_minute_as_json(minute)));
    return list_answer(items, "");
  });
}

} // namespace wheelwork::routes
