// POST /jobs and POST /jobs/batch.
#include "api/body.hpp"
#include "api/job_answer.hpp"
#include "api/routes.hpp"

namespace wheelwork::routes {

namespace {

/// Fills in what a job takes from its task. A fault, where there is no such task.
std::optional<json_fault> complete_from_task(const node_service& node, new_job& job, const std::string& base_pointer) {
  if (job.task_name.empty()) return std::nullopt;
  if (!node.find_task(job.task_name)) return json_fault{base_pointer + "/task", "there is no task " + job.task_name};
  return std::nullopt;
}

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

/// The header and the member `unique_key` are one namespace.
std::optional<http_answer> apply_idempotency_key(const http_request& request, new_job& job) {
  if (!request.idempotency_key) return std::nullopt;
  const auto& key = *request.idempotency_key;
  if (key.empty()) return problem(422, "the header Idempotency-Key must not be empty");
  if (!job.unique_key.empty() && job.unique_key != key)
    return invalid({{"/unique_key", "differs from the header Idempotency-Key; they are one and the same"}});
  job.unique_key = key; // unique_until was read in any case
  return std::nullopt;
}

bool is_lines(const http_request& request) { return request.content_type.find("ndjson") != std::string::npos; }

} // namespace

void push_job(api_context& context, http_request& request, const responder& respond) {
  if (context.pushes.is_full()) return respond(too_many_in_flight());
  auto job = context.decoder.decode_job(request.body, context.now());
  if (!job) return respond(answer_of(job.error()));
  if (const auto fault = complete_from_task(context.node, *job, "")) return respond(invalid({*fault}));
  if (const auto refusal = apply_idempotency_key(request, *job)) return respond(*refusal);

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
  auto jobs = is_lines(request) ? context.decoder.decode_lines(request.body, context.now())
                                : context.decoder.decode_batch(request.body, context.now());
  if (!jobs) return respond(answer_of(jobs.error()));
  if (jobs->empty()) return respond(http_answer{201, R"({"ids":[]})"});
  json_faults faults;
  for (size_t i = 0; i < jobs->size(); ++i)
    if (auto fault = complete_from_task(context.node, (*jobs)[i], "/jobs/" + std::to_string(i)))
      faults.push_back(std::move(*fault));
  if (!faults.empty()) return respond(invalid(faults));

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
