#include "api/job_answer.hpp"

#include "schedule/time_text.hpp"
#include "targets/curl_command.hpp"

#include <nlohmann/json.hpp>

#include <unordered_map>

namespace wheelwork {

namespace {

constexpr size_t cached_targets_max = 64;
/// Of all attempts of a job but the newest, whose line is always there.
constexpr size_t older_lines_bytes_max = 1 << 20;

std::string location_of(job_id id) { return "Location: /api/v1/jobs/" + to_string(id) + "\r\n"; }

/// The members of an object's text, without its braces.
std::string_view inside(std::string_view object) { return object.substr(1, object.size() - 2); }

/// target, retry, timeout and delivery as members. Pushed jobs share few targets, so the texts are kept: a json value
/// for each answer takes longer than all the rest of a push.
const std::string& members_of(const resolved_target_ptr& how) {
  thread_local std::unordered_map<resolved_target_ptr, std::string> cached;
  if (const auto found = cached.find(how); found != cached.end()) return found->second;
  if (cached.size() >= cached_targets_max) cached.clear();
  const nlohmann::json members{{"target", target_to_json(how->how)},
                               {"retry", retry_to_json(how->retry)},
                               {"timeout", format_duration(how->timeout)},
                               {"delivery", to_string(how->delivery)}};
  return cached.emplace(how, std::string{inside(dump(members))}).first->second;
}

std::string text_or_null(const std::string& text) { return text.empty() ? "null" : dump(nlohmann::json(text)); }

void append_payload(std::string& text, const payload& body) {
  if (body.is_json()) {
    text.append(",\"payload\":").append(body.data());
  } else if (!body.empty()) {
    nlohmann::json members = nlohmann::json::object();
    payload_to_json(body, members);
    text.append(",").append(inside(dump(members)));
  }
}

/// Newest first, so that older ones go without when they would make the answer too long.
std::vector<shown_call> calls_of(const api_context& context, const job_view& view) {
  if (!view.what.how || kind_of(view.what.how->how) != target_kind::http) return {};
  const attempt_identity identity{context.facts.name, context.node.database_secret()};
  std::vector<shown_call> calls(view.attempts.size());
  size_t bytes = 0;
  for (size_t i = calls.size(); i-- > 0 && bytes <= older_lines_bytes_max;) {
    auto command = curl_command_of(view.what, view.attempts[i], identity, context.facts.signs_calls);
    if (!command) continue;
    bytes += command->line.size();
    if (i + 1 == calls.size() || bytes <= older_lines_bytes_max)
      calls[i] = {std::move(command->line), std::move(command->lacks)};
  }
  return calls;
}

} // namespace

std::string text_with_attempts(const api_context& context, const job_view& view) {
  return job_to_text(view, context.node.database_secret(), true, calls_of(context, view));
}

http_answer accepted_answer(const new_job& made, job_id id, const std::array<uint8_t, 16>& database_secret) {
  const auto& what = made.made;
  std::string text;
  text.reserve(1024 + what.body.data().size());
  const auto member = [&text](std::string_view before, std::string_view value) { text.append(before).append(value); };
  member(R"({"id":")", to_string(id));
  member(R"(","state":"pending","attempt":0,"origin":")", to_string(what.origin));
  member(R"(","due_at":")", format_time(what.due_at));
  member(R"(","created_at":")", format_time(made.created_at));
  member(R"(","trace_id":")", trace_id_of(id, database_secret));
  member(R"(","idempotency_key":")", idempotency_key_of(id, database_secret));
  member(R"(","finished_at":null,"fire_time":null,"reason":null,"priority":)", std::to_string(what.priority));
  member(R"(,"task":)", text_or_null(made.task_name));
  member(R"(,"unique_key":)", text_or_null(made.unique_key));
  member(R"(,"external_id":)", text_or_null(made.external_id));
  member(R"(,"labels":)", made.marks.empty() ? "{}" : dump(made.marks));
  if (what.how) member(",", members_of(what.how));
  append_payload(text, what.body);
  text += '}';
  return {201, std::move(text), "application/json", location_of(id)};
}

void answer_with_job(api_context& context, const pending_ptr& pending, job_id id, unsigned status) {
  const auto& secret = context.node.database_secret();
  context.read(pending, [id, status, &secret, context = context.shared()](journal_reader& reader) {
    const auto found = reader.find_job(id);
    if (!found) return answer_of(found.error());
    if (!*found) {
      // Finished already, and its task keeps no history: the id is what is left of it.
      nlohmann::json rest{{"id", to_string(id)}, {"state", nullptr}, {"trace_id", trace_id_of(id, secret)}};
      return json_answer(status, rest);
    }
    auto answer = http_answer{status, text_with_attempts(*context, **found)};
    if (status == 201) answer.extra_head = location_of(id);
    return answer;
  });
}

} // namespace wheelwork
