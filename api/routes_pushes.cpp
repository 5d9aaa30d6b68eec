// POST /jobs and POST /jobs/batch.
#include "api/body.hpp"
#include "api/job_answer.hpp"
#include "api/routes.hpp"

namespace wheelwork::routes {

namespace {

/// The job as its 201 shows it: with what it takes from its task.
new_job shown(const node_service& node, new_job job) {
  const auto task = job.task_name.empty() || job.made.how ? nullptr : node.find_task(job.task_name);
  if (!task) return job;
  job.made.how = task->how;
  job.made.task = task->id;
  if (job.made.body.empty()) job.made.body = task->body;
  if (job.made.priority == priority_of_task) job.made.priority = task->priority;
  for (const auto& [name, value] : task->marks) job.marks.try_emplace(name, value);
  return job;
}

/// The header and the member `unique_key` are one namespace, with one rule.
std::optional<json_fault> idempotency_key_fault(const http_request& request, const std::string& unique_key) {
  if (!request.idempotency_key) return std::nullopt;
  if (auto wrong = key_fault(*request.idempotency_key)) return json_fault{"", std::move(*wrong)};
  if (unique_key.empty() || unique_key == *request.idempotency_key) return std::nullopt;
  return json_fault{"/unique_key", "differs from the header Idempotency-Key; they are one and the same"};
}

/// With what is wrong with the header, beside what is wrong with the body.
http_answer refused_push(const http_request& request, json_faults faults) {
  std::string unique_key;
  if (const auto body = parse_body(request); body && body->value->is_object() && body->value->contains("unique_key"))
    if (const auto& given = (*body->value)["unique_key"]; given.is_string()) unique_key = given.get<std::string>();
  if (auto fault = idempotency_key_fault(request, unique_key)) faults.push_back(std::move(*fault));
  return answer_of(faults);
}

bool is_lines(const http_request& request) { return media_type_of(request.content_type) == "application/x-ndjson"; }

} // namespace

void push_job(api_context& context, http_request& request, const responder& respond) {
  if (context.pushes.is_full()) return respond(too_many_in_flight());
  auto job = context.decoder.decode_job(request.body, context.decoding());
  if (!job) return respond(refused_push(request, std::move(job.error())));
  if (auto fault = idempotency_key_fault(request, job->unique_key)) return respond(invalid({std::move(*fault)}));
  if (request.idempotency_key) job->unique_key = *request.idempotency_key; // unique_until was read in any case

  push_request push;
  push.done = answering<std::vector<pushed_job>>(
      std::make_shared<pending_answer>(respond), [context = context.shared(), made = shown(context.node, *job)](
                                                     const pending_ptr& pending, std::vector<pushed_job> pushed) {
        if (pushed.front().repeated) return answer_with_job(*context, pending, pushed.front().id, 200);
        pending->give(accepted_answer(made, pushed.front().id, context->node.database_secret()));
      });
  push.jobs.push_back(std::move(*job));
  context.pushes.add(std::move(push));
}

void push_batch(api_context& context, http_request& request, const responder& respond) {
  if (context.pushes.is_full()) return respond(too_many_in_flight());
  if (request.idempotency_key)
    return respond(problem(422, "a batch takes a unique_key in each job, no header Idempotency-Key"));
  auto jobs = is_lines(request) ? context.decoder.decode_lines(request.body, context.decoding())
                                : context.decoder.decode_batch(request.body, context.decoding());
  if (!jobs) return respond(answer_of(jobs.error()));
  if (jobs->empty()) return respond(http_answer{201, R"({"ids":[]})"});
  push_request push;
  push.jobs = std::move(*jobs);
  push.done = answering<std::vector<pushed_job>>(std::make_shared<pending_answer>(respond),
                                                 [](const pending_ptr& pending, std::vector<pushed_job> pushed) {
                                                   std::string text = R"({"ids":[)";
                                                   text.reserve(pushed.size() * 22 + 16);
                                                   for (const auto& each : pushed) {
                                                     if (text.back() != '[') text += ',';
                                                     text.append("\"").append(to_string(each.id)).append("\"");
                                                   }
                                                   text += "]}";
                                                   pending->give({201, std::move(text)});
                                                 });
  context.pushes.add(std::move(push));
}

} // namespace wheelwork::routes
