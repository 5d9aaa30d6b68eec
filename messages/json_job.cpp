#include "messages/json_reader.hpp"
#include "messages/json_text.hpp"
#include "messages/known_names.hpp"

#include "schedule/time_text.hpp"

namespace wheelwork {

using nlohmann::json;

namespace {

void read_due(member_reader& members, const json_context& context, new_job& into) {
  into.made.due_at = context.now;
  auto delay = members.duration("delay", {}, null_means::absent);
  auto due_at = members.time("due_at", null_means::absent);
  if (delay && due_at) return members.fault("due_at", "does not go with `delay`: give either of them");
  if (delay && *delay > latest_wall_time - context.now) return members.fault("delay", "ends after the year 9999");
  if (delay) into.made.due_at = context.now + *delay;
  if (due_at) into.made.due_at = *due_at;
}

void read_unique(member_reader& members, const json_context& context, new_job& into) {
  into.unique_key = members.text("unique_key", {}, null_means::absent).value_or("");
  auto value = members.find("unique_for", null_means::absent);
  if (value && *value == "forever") return;
  auto span = unique_for_default;
  if (value) {
    auto read = read_duration(*value, members.pointer_of("unique_for"), members.faults());
    if (!read) return;
    if (*read == milliseconds{0}) return members.fault("unique_for", "must be longer than 0s, or \"forever\"");
    span = *read;
  }
  // Later than all times is for ever.
  if (span <= latest_wall_time - context.now) into.unique_until = context.now + span;
}

/// Target and rules: from the task, or the job's own.
void read_how(member_reader& members, new_job& into) {
  auto task = members.find("task", null_means::absent);
  if (!task) {
    if (members.is_object() && !members.has("target")) {
      for (auto name : {"target", "retry", "timeout", "delivery", "history"}) members.find(name);
      return members.fault("target", "is missing: a job has a `target` (exactly one of http, process, native, worker, "
                                     "redis, kafka), or a `task` to take it from");
    }
    into.made.how = read_resolved_target(members);
    return;
  }
  auto name = read_text(*task, members.pointer_of("task"), members.faults(), {.slash = false});
  into.task_name = name.value_or("");
  for (auto member : {"target", "retry", "timeout", "delivery", "history"})
    if (members.find(member))
      members.fault(member, "comes from the task when a job names one: leave out this or `task`");
}

json attempt_to_json(const attempt_record& attempt) {
  auto time_or_null = [](const std::optional<wall_time>& time) {
    return time ? json(format_time(*time)) : json(nullptr);
  };
  json response = nullptr;
  if (!attempt.response.empty()) {
    response = json::parse(attempt.response, nullptr, false);
    if (response.is_discarded()) response = attempt.response;
  }
  return {{"number", attempt.number},
          {"node", attempt.node},
          {"started_at", time_or_null(attempt.started_at)},
          {"finished_at", time_or_null(attempt.finished_at)},
          {"outcome", attempt.outcome ? json(to_string(*attempt.outcome)) : json(nullptr)},
          {"error", attempt.error.empty() ? json(nullptr) : json(attempt.error)},
          {"response", std::move(response)}};
}

/// All members but the payload.
json job_members(const job_view& view, const std::array<uint8_t, 16>& database_secret, bool with_attempts,
                 const std::vector<shown_call>& calls) {
  auto text_or_null = [](const std::string& text) { return text.empty() ? json(nullptr) : json(text); };
  auto& what = view.what;
  json made{{"id", to_string(what.id)},
            {"state", to_string(view.state)},
            {"task", text_or_null(view.task_name)},
            {"origin", to_string(what.origin)},
            {"due_at", format_time(what.due_at)},
            {"created_at", format_time(view.created_at)},
            {"finished_at", view.finished_at ? json(format_time(*view.finished_at)) : json(nullptr)},
            {"fire_time", what.is_fire() ? json(format_time(what.fire_time)) : json(nullptr)},
            {"attempt", what.attempt},
            {"trace_id", trace_id_of(what.id, database_secret)},
            {"idempotency_key", idempotency_key_of(what.id, database_secret)},
            {"priority", what.priority},
            {"unique_key", text_or_null(view.unique_key)},
            {"external_id", text_or_null(view.external_id)},
            {"labels", view.marks},
            {"reason", text_or_null(view.reason)}};
  if (what.how) {
    made["target"] = target_to_json(what.how->how);
    made["retry"] = retry_to_json(what.how->retry);
    made["timeout"] = format_duration(what.how->timeout);
    made["delivery"] = to_string(what.how->delivery);
  }
  if (with_attempts) {
    auto& attempts = made["attempts"] = json::array();
    for (auto& attempt : view.attempts) attempts.push_back(attempt_to_json(attempt));
    for (size_t i = 0; i < std::min(calls.size(), attempts.size()); ++i) {
      attempts[i]["curl"] = calls[i].curl ? json(*calls[i].curl) : json(nullptr);
      attempts[i]["curl_lacks"] = calls[i].lacks;
    }
  }
  return made;
}

} // namespace

result<new_job, json_faults> job_from_json(const json& body, const json_context& context) {
  fault_list faults;
  new_job read;
  read.created_at = context.now;
  member_reader members{body, std::string{context.base_pointer}, faults};
  read.made.body = read_payload(members, context);
  read_due(members, context, read);
  auto priority = members.integer("priority", 0, 9);
  read_unique(members, context, read);
  read.external_id = members.text("external_id", {}, null_means::absent).value_or("");
  read.marks = read_labels(members);
  read_how(members, read);
  if (context.known) find_unknown_names(body, std::string{context.base_pointer}, *context.known, faults);
  read.made.priority = static_cast<uint8_t>(priority.value_or(read.task_name.empty() ? 5 : priority_of_task));
  members.refuse_unknown();
  if (!faults.empty()) return failure(faults.take());
  return read;
}

result<new_job, json_faults> job_from_text(std::string_view text, const json_context& context) {
  auto body = parse_json_body(text, context.base_pointer);
  if (!body) return failure(std::move(body.error()));
  return job_from_json(*body->value, {context.now, context.base_pointer, body->payload_text, context.known});
}

json job_to_json(const job_view& view, const std::array<uint8_t, 16>& database_secret, bool with_attempts,
                 const std::vector<shown_call>& calls) {
  auto made = job_members(view, database_secret, with_attempts, calls);
  payload_to_json(view.what.body, made);
  return made;
}

std::string job_to_text(const job_view& view, const std::array<uint8_t, 16>& database_secret, bool with_attempts,
                        const std::vector<shown_call>& calls) {
  return text_with_payload(job_members(view, database_secret, with_attempts, calls), view.what.body);
}

} // namespace wheelwork
