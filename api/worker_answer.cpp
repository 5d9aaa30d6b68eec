#include "api/worker_answer.hpp"

#include "schedule/time_text.hpp"
#include "targets/native_result.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace wheelwork {

namespace {

using nlohmann::json;

constexpr size_t queues_max = 100;
constexpr size_t jobs_max = 1000;
constexpr milliseconds wait_max{600'000};
constexpr milliseconds lease_min{100};
constexpr size_t error_bytes_max = 4096;

void read_queues(member_reader& members, std::vector<std::string>& into) {
  const auto* queues = members.find("queues");
  if (queues == nullptr) {
    if (members.is_object() && !members.has("queues"))
      members.fault("queues", "is missing; it lists the queues to take jobs from, such as [\"mail\"]");
    return;
  }
  const auto here = members.pointer_of("queues");
  if (!queues->is_array() || queues->empty() || queues->size() > queues_max)
    return members.fault("queues", "must be a list of 1 to " + std::to_string(queues_max) + " names of queues");
  for (size_t at = 0; at < queues->size(); ++at) {
    auto name = read_text((*queues)[at], item_pointer(here, at), members.faults(), {});
    if (name && std::find(into.begin(), into.end(), *name) == into.end()) into.push_back(std::move(*name));
  }
}

std::string worker_name(member_reader& members, bool needed) {
  if (auto name = members.text("worker")) return std::move(*name);
  if (needed && members.is_object() && !members.has("worker"))
    members.fault("worker", "is missing; it says who polls, such as a host's name");
  return {};
}

std::optional<milliseconds> read_lease(member_reader& members) { return members.duration("lease", lease_min); }

void read_attempt_name(member_reader& members, job_id& id, uint32_t& number) {
  if (const auto text = members.text("id", {.max = 20})) {
    const auto parsed = parse_job_id(*text);
    if (!parsed) members.fault("id", "must be the id of a job: a decimal number in a string");
    id = parsed.value_or(job_id{});
  } else if (members.is_object() && !members.has("id")) {
    members.fault("id", "is missing; it is the id of the job");
  }
  const auto attempt = members.integer("attempt", 1, UINT32_MAX);
  if (!attempt && members.is_object() && !members.has("attempt"))
    members.fault("attempt", "is missing; it is the number of the attempt");
  number = static_cast<uint32_t>(attempt.value_or(0));
}

json identity_of(const leased_job& leased, const std::array<uint8_t, 16>& secret) {
  const auto& what = leased.order.what;
  json identity{{"trace_id", trace_id_of(what.id, secret)},
                {"traceparent", traceparent_of(what.id, leased.order.number, secret)},
                {"idempotency_key", idempotency_key_of(what.id, secret)}};
  if (const auto& from = leased.order.from) {
    auto& message = identity["message"] = json::object();
    for (auto& [fact, text] : facts_of(*from)) message[std::string{fact}] = text;
    identity["idempotency_key"] = from->idempotency_key;
  }
  return identity;
}

std::string leased_job_text(const leased_job& leased, const std::array<uint8_t, 16>& secret) {
  const auto& what = leased.order.what;
  auto made = identity_of(leased, secret);
  made["id"] = to_string(what.id);
  made["attempt"] = leased.order.number;
  made["queue"] = std::get<worker_target>(what.how->how).queue;
  made["lease"] = format_duration(leased.lease);
  made["timeout"] = format_duration(leased.timeout);
  made["priority"] = what.priority;
  made["due_at"] = format_time(what.due_at);
  made["fire_time"] = format_time(what.nominal_time());
  return text_with_payload(std::move(made), what.body);
}

} // namespace

result<worker_poll, http_answer> read_worker_poll(const json& body) {
  worker_poll poll;
  const auto refusal = read_members(body, [&poll](member_reader& members) {
    read_queues(members, poll.queues);
    poll.worker = worker_name(members, true);
    poll.max = members.integer("max", 1, jobs_max).value_or(1);
    poll.wait = members.duration("wait").value_or(milliseconds{0});
    if (poll.wait > wait_max) members.fault("wait", "must be at most " + format_duration(wait_max));
    poll.lease = read_lease(members).value_or(poll.lease);
  });
  if (refusal) return failure(*refusal);
  return poll;
}

std::string leased_jobs_text(const std::vector<leased_job>& jobs, const std::array<uint8_t, 16>& secret) {
  std::string text = R"({"jobs":[)";
  for (const auto& each : jobs) {
    if (&each != &jobs.front()) text += ',';
    text += leased_job_text(each, secret);
  }
  text += "]}";
  return text;
}

result<attempt_ack, http_answer> read_ack(const json& body, bool named_in_body) {
  enum class outcome { succeeded, failed };
  attempt_ack ack;
  const auto refusal = read_members(body, [&ack, named_in_body](member_reader& members) {
    if (named_in_body) read_attempt_name(members, ack.id, ack.number);
    worker_name(members, false);
    const auto said = members.choice<outcome>("outcome", {outcome::succeeded, outcome::failed}, [](outcome one) {
      return one == outcome::succeeded ? std::string_view{"succeeded"} : std::string_view{"failed"};
    });
    if (!said && members.is_object() && !members.has("outcome"))
      members.fault("outcome", "is missing; it is \"succeeded\" or \"failed\"");
    ack.succeeded = said != outcome::failed;
    if (const auto* given = members.find("result", null_means::absent)) ack.response = native_response(dump(*given));
    auto error = members.text("error", {.min = 0, .max = 1 << 20, .controls = true}, null_means::absent);
    if (error && said == outcome::succeeded && !error->empty())
      members.fault("error", "says why an attempt failed; this one has succeeded");
    ack.error = std::move(error).value_or("");
    if (ack.error.size() > error_bytes_max) ack.error.resize(error_bytes_max);
    if (said == outcome::failed && ack.error.empty()) ack.error = "the worker gave no reason";
  });
  if (refusal) return failure(*refusal);
  return ack;
}

result<lease_request, http_answer> read_lease_request(const json& body) {
  lease_request request;
  const auto refusal = read_members(body, [&request](member_reader& members) {
    read_attempt_name(members, request.id, request.number);
    worker_name(members, false);
    request.lease = read_lease(members);
  });
  if (refusal) return failure(*refusal);
  return request;
}

http_answer accepted_ack(const attempt_ack& ack) {
  return json_answer(
      200, {{"id", to_string(ack.id)}, {"attempt", ack.number}, {"outcome", ack.succeeded ? "succeeded" : "failed"}});
}

http_answer refused_attempt(job_id id, uint32_t number, std::string_view why) {
  return problem(409, "attempt " + std::to_string(number) + " of job " + to_string(id) + " " + std::string{why});
}

ack_in_journal judge_ack(const attempt_ack& ack, const job_view* known, wall_time now) {
  if (known == nullptr) return {problem(404, "there is no job " + to_string(ack.id))};
  const auto refused = [&ack](std::string_view why) { return refused_attempt(ack.id, ack.number, why); };
  const auto& attempts = known->attempts;
  const auto found = std::find_if(attempts.begin(), attempts.end(),
                                  [&ack](const attempt_record& each) { return each.number == ack.number; });
  if (found == attempts.end()) return {refused("was never begun")};
  if (!found->outcome) return {refused("waits for no acknowledgement")};
  const auto said = ack.succeeded ? attempt_outcome::succeeded : attempt_outcome::failed;
  const bool same = found->error == ack.error && found->response == ack.response;
  if (same && *found->outcome == said) return {accepted_ack(ack)};
  auto why = "has ended before: " + std::string{to_string(*found->outcome)};
  if (!found->error.empty()) why += " (" + found->error + ")";
  ack_in_journal judged{refused(why), std::nullopt};
  const bool decided = *found->outcome == attempt_outcome::succeeded || *found->outcome == attempt_outcome::late;
  if (decided) return judged;
  attempt_result late;
  late.id = ack.id;
  late.number = ack.number;
  late.outcome = said;
  late.started_at = found->started_at.value_or(now);
  late.finished_at = now;
  late.error = found->error + (found->error.empty() ? "" : "; ") + "acknowledged too late as " +
               std::string{to_string(said)} + (ack.error.empty() ? "" : ": " + ack.error);
  late.response = ack.response;
  judged.late = std::move(late);
  return judged;
}

} // namespace wheelwork
