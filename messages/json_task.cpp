#include "messages/json_definition.hpp"
#include "messages/json_reader.hpp"
#include "messages/json_text.hpp"
#include "messages/known_names.hpp"

#include "schedule/time_text.hpp"

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr size_t description_max = 64 << 10;

void read_when(member_reader& members, task_definition& into) {
  dst_rule dst;
  if (auto value = members.find("dst")) dst = read_dst(*value, members.pointer_of("dst"), members.faults());
  auto schedule = members.find("schedule");
  if (!schedule && members.is_object())
    members.fault("schedule", "is missing; it has exactly one of `cron`, `every`, `at`");
  if (schedule) {
    if (auto when = read_schedule(*schedule, members.pointer_of("schedule"), dst, members.faults())) {
      into.when = std::move(*when);
      if (!std::holds_alternative<cron_schedule>(into.when) && dst != dst_rule{})
        members.fault("dst", "goes with a cron schedule only: the others follow elapsed time");
    }
  }
  into.starts_at = members.time("starts_at", null_means::absent);
  into.ends_at = members.time("ends_at", null_means::absent);
  if (into.starts_at && into.ends_at && *into.ends_at <= *into.starts_at)
    members.fault("ends_at", "must be after starts_at");
  into.max_runs = members.integer("max_runs", 1, std::numeric_limits<int64_t>::max(), null_means::absent);
  into.splay = members.duration("splay").value_or(into.splay);
  into.enabled = members.boolean("enabled").value_or(into.enabled);
}

void read_rules(member_reader& members, task_definition& into) {
  into.overlap = members
                     .choice("overlap", {overlap_policy::allow, overlap_policy::skip, overlap_policy::queue,
                                         overlap_policy::replace})
                     .value_or(into.overlap);
  into.misfire = members.choice("misfire", {misfire_policy::once, misfire_policy::all, misfire_policy::skip})
                     .value_or(into.misfire);
  into.misfire_grace = members.duration("misfire_grace").value_or(into.misfire_grace);
  into.priority = static_cast<uint8_t>(members.integer("priority", 0, 9).value_or(into.priority));
  into.environments = read_environments(members);
  into.partition = members.text("partition", {.min = 0}).value_or("");
}

} // namespace

std::optional<std::string> task_name_fault(std::string_view name) { return text_fault(name, {.slash = false}); }

result<task_definition, json_faults> task_from_json(const json& body, std::string_view path_name,
                                                    const json_context& context) {
  fault_list faults;
  task_definition read;
  member_reader members{body, std::string{context.base_pointer}, faults};
  read.name = read_definition_name(members, path_name, "task");
  read.description = members.text("description", {.min = 0, .max = description_max, .controls = true}).value_or("");
  read.external_id = members.text("external_id", {}, null_means::absent);
  read.marks = read_labels(members);
  read_when(members, read);
  read_rules(members, read);
  read.body = read_payload(members, context);
  read.how = read_resolved_target(members);
  if (context.known) find_unknown_names(body, std::string{context.base_pointer}, *context.known, faults);
  members.refuse_unknown();
  if (!faults.empty()) return failure(faults.take());
  read.spec = task_to_text(read);
  return read;
}

result<task_definition, json_faults> task_from_text(std::string_view text, std::string_view path_name,
                                                    const json_context& context) {
  auto body = parse_json_body(text, context.base_pointer);
  if (!body) return failure(std::move(body.error()));
  return task_from_json(*body->value, path_name,
                        {context.now, context.base_pointer, body->payload_text, context.known});
}

// -- writing ----------------------------------------------------------------------------------------------------------

/// All members but the payload.
json task_members(const task_definition& task) {
  auto time_or_null = [](const std::optional<wall_time>& time) {
    return time ? json(format_time(*time)) : json(nullptr);
  };
  auto cron = std::get_if<cron_schedule>(&task.when);
  return {
      {"name", task.name},
      {"description", task.description},
      {"external_id", task.external_id ? json(*task.external_id) : json(nullptr)},
      {"labels", task.marks},
      {"schedule", schedule_to_json(task.when)},
      {"dst", dst_to_json(cron ? cron->dst : dst_rule{})},
      {"starts_at", time_or_null(task.starts_at)},
      {"ends_at", time_or_null(task.ends_at)},
      {"max_runs", task.max_runs ? json(*task.max_runs) : json(nullptr)},
      {"splay", format_duration(task.splay)},
      {"enabled", task.enabled},
      {"overlap", to_string(task.overlap)},
      {"misfire", to_string(task.misfire)},
      {"misfire_grace", format_duration(task.misfire_grace)},
      {"target", target_to_json(task.how->how)},
      {"retry", retry_to_json(task.how->retry)},
      {"timeout", format_duration(task.how->timeout)},
      {"delivery", to_string(task.how->delivery)},
      {"history", to_string(task.how->history)},
      {"priority", task.priority},
      {"environments", task.environments},
      {"partition", task.partition},
  };
}

json task_to_json(const task_definition& task) {
  auto made = task_members(task);
  payload_to_json(task.body, made);
  return made;
}

std::string task_to_text(const task_definition& task) { return text_with_payload(task_members(task), task.body); }

} // namespace wheelwork
