// What fires when: coming times, the ledger of past ones, and the preview of a schedule that no task has yet.
#include "api/body.hpp"
#include "api/ledger.hpp"
#include "api/query.hpp"
#include "api/routes.hpp"
#include "schedule/time_text.hpp"

namespace wheelwork::routes {

namespace {

constexpr size_t times_max = 1000;
constexpr size_t times_default = 5;

http_answer times_answer(const std::vector<wall_time>& times) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto time : times) list.push_back(format_time(time));
  return json_answer(200, {{"times", std::move(list)}});
}

} // namespace

void next_fires(api_context& context, http_request& request, const responder& respond) {
  query_reader query{request.query, {"count", "after"}};
  const auto count = query.number("count", 1, times_max).value_or(times_default);
  const auto after = query.time("after");
  if (!query.faults().empty()) return respond(invalid(query.faults()));
  context.read(respond, [=, context = context.shared(), name = request.parameters[0]](journal_reader& reader) {
    const auto found = reader.task_by_name(name);
    if (!found) return answer_of(found.error());
    if (!*found) return problem(404, "there is no task " + name);
    const auto& task = *(*found)->definition;
    if (!context->node.is_active(task)) return times_answer({});
    const auto now = context->now();
    return times_answer(coming_fires(**found, now, after.value_or(now), count));
  });
}

void list_fires(api_context& context, http_request& request, const responder& respond) {
  query_reader query{request.query, {"from", "to", "limit", "cursor"}};
  const auto now = context.now();
  auto from = query.time("from").value_or(wall_time{});
  const auto until = std::min(query.time("to").value_or(now), now);
  const auto limit = query.limit();
  if (const auto position = query.time_cursor()) from = *position;
  if (!query.faults().empty()) return respond(invalid(query.faults()));
  context.read(respond, [=, context = context.shared(), name = request.parameters[0]](journal_reader& reader) {
    const auto task = reader.task_by_name(name);
    if (!task) return answer_of(task.error());
    if (!*task) return problem(404, "there is no task " + name);
    if (!context->node.is_active(*(*task)->definition)) return list_answer({}, "");
    auto found = reader.ledger((*task)->definition->id, from, until, limit + 1);
    if (!found) return answer_of(found.error());
    if (found->size() <= limit)
      for (auto& entry : tail_of_ledger(**task, now))
        if (entry.to >= from && entry.from < until) append_to_ledger(*found, std::move(entry));
    std::vector<std::string> items;
    for (const auto& entry : *found) {
      if (items.size() == limit) {
        const auto& last = (*found)[limit - 1];
        const auto after = (last.fired ? last.from : last.to) + milliseconds{1};
        return list_answer(items, make_cursor(after));
      }
      items.push_back(ledger_entry_text(entry));
    }
    return list_answer(items, "");
  });
}

void preview_schedule(api_context& context, http_request& request, const responder& respond) {
  const auto body = parse_body(request);
  if (!body) return respond(body.error());
  task_definition task;
  task.created_at = context.now();
  size_t count = times_default;
  auto after = task.created_at;
  const auto refusal = read_members(*body->value, [&](member_reader& members) {
    dst_rule dst;
    if (const auto* rule = members.find("dst")) dst = read_dst(*rule, "/dst", members.faults());
    const auto* schedule = members.find("schedule");
    if (members.is_object() && !schedule)
      members.fault("schedule", "is missing; for example {\"cron\":\"30 2 * * *\"}");
    if (schedule)
      if (auto when = read_schedule(*schedule, "/schedule", dst, members.faults())) task.when = std::move(*when);
    count = members.integer("count", 1, times_max).value_or(count);
    after = members.time("after").value_or(after);
    task.starts_at = members.time("starts_at", null_means::absent);
    task.ends_at = members.time("ends_at", null_means::absent);
  });
  if (refusal) return respond(*refusal);
  context.read(
      respond, [task = std::make_shared<const task_definition>(std::move(task)), after, count](journal_reader&) {
        return times_answer(coming_fires(*task, 0, after, count)); // up to a thousand look-ups: not on the I/O thread
      });
}

} // namespace wheelwork::routes
