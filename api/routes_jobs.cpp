// Reading, listing, cancelling and retrying jobs.
#include "api/body.hpp"
#include "api/job_answer.hpp"
#include "api/query.hpp"
#include "api/routes.hpp"

#include <algorithm>

namespace wheelwork::routes {

namespace {

constexpr int64_t bulk_jobs_max = 1'000'000'000;
constexpr milliseconds bulk_wait{600'000}; ///< a thousand after the other, and each thousand is a commit

/// 404 for what is no id at all, too: there is no such job.
std::optional<job_id> job_in_path(const http_request& request, const responder& respond) {
  const auto id = parse_job_id(request.parameters.at(0));
  if (!id) respond(problem(404, "there is no job " + request.parameters.at(0) + "; an id is a decimal number"));
  return id;
}

std::optional<job_state> state_in(std::optional<std::string> name, json_faults& faults) {
  if (!name) return std::nullopt;
  const auto state = parse_job_state(*name);
  if (!state) faults.push_back({"/state", "must be pending, running, succeeded, dead or cancelled"});
  return state;
}

struct asked_list {
  job_filter filter;
  bool attempts = false; ///< each job with them
};

/// The list of what came through a front is its log, in which the attempts are what one looks for.
bool is_log_of_front(const job_filter& filter) {
  return std::any_of(filter.marks.begin(), filter.marks.end(), [](const auto& mark) { return mark.first == "front"; });
}

result<asked_list, json_faults> list_of(const http_request& request) {
  query_reader query{
      request.query,
      {"state", "task", "label", "unique_key", "external_id", "from", "to", "limit", "cursor", "attempts"}};
  job_filter filter;
  json_faults faults;
  filter.state = state_in(query.text("state"), faults);
  filter.task_name = query.text("task");
  filter.unique_key = query.text("unique_key");
  filter.external_id = query.text("external_id");
  filter.marks = query.labels();
  filter.created_from = query.time("from");
  filter.created_until = query.time("to");
  filter.limit = query.limit();
  const auto attempts = query.boolean("attempts").value_or(is_log_of_front(filter));
  if (const auto position = query.cursor()) {
    filter.below = parse_job_id(*position);
    if (!filter.below) query.fault("cursor", "must be the `next` of an earlier answer");
  }
  faults.insert(faults.begin(), query.faults().begin(), query.faults().end());
  if (!faults.empty()) return failure(std::move(faults));
  return asked_list{std::move(filter), attempts};
}

/// One job of a list. One that ended since the list was read and has no history stands in it as it was.
result<std::string, journal_error> text_in_list(const api_context& context, journal_reader& reader,
                                                const job_view& view, bool attempts) {
  if (!attempts) return job_to_text(view, context.node.database_secret(), false);
  if (view.what.attempt == 0) return text_with_attempts(context, view); // there are none to look for
  auto found = reader.find_job(view.what.id);
  if (!found) return failure(std::move(found.error()));
  return text_with_attempts(context, *found ? **found : view);
}

result<bulk_filter, http_answer> bulk_filter_of(const http_request& request, std::initializer_list<job_state> states) {
  const auto body = parse_body(request);
  if (!body) return failure(body.error());
  bulk_filter filter;
  const auto refusal = read_members(*body->value, [&](member_reader& members) {
    filter.task_name = members.text("task");
    filter.state = members.choice<job_state>("state", states);
    filter.from = members.time("from");
    filter.until = members.time("to");
    if (const auto limit = members.integer("limit", 1, bulk_jobs_max)) filter.limit = static_cast<size_t>(*limit);
  });
  if (refusal) return failure(*refusal);
  return filter;
}

service_callback<size_t> answering_count(const responder& respond) {
  return answering<size_t>(std::make_shared<pending_answer>(respond), [](const pending_ptr& pending, size_t count) {
    pending->give({200, R"({"count":)" + std::to_string(count) + "}"});
  });
}

service_callback<bool> answering_job(api_context& context, job_id id, const responder& respond) {
  return answering<bool>(std::make_shared<pending_answer>(respond),
                         [context = context.shared(), id](const pending_ptr& pending, bool) {
                           answer_with_job(*context, pending, id, 200);
                         });
}

} // namespace

void read_job(api_context& context, http_request& request, const responder& respond) {
  const auto id = job_in_path(request, respond);
  if (!id) return;
  context.read(respond, [id = *id, context = context.shared()](journal_reader& reader) {
    const auto found = reader.find_job(id);
    if (!found) return answer_of(found.error());
    if (!*found) return problem(404, "there is no job " + to_string(id));
    return http_answer{200, text_with_attempts(*context, **found)};
  });
}

void list_jobs(api_context& context, http_request& request, const responder& respond) {
  auto asked = list_of(request);
  if (!asked) return respond(invalid(asked.error()));
  context.read(respond, [asked = std::move(*asked), context = context.shared()](journal_reader& reader) {
    const auto& filter = asked.filter;
    auto one_more = filter;
    ++one_more.limit;
    const auto found = reader.list_jobs(one_more);
    if (!found) return answer_of(found.error());
    std::vector<std::string> items;
    for (size_t i = 0; i < std::min(found->size(), filter.limit); ++i) {
      auto item = text_in_list(*context, reader, (*found)[i], asked.attempts);
      if (!item) return answer_of(item.error());
      items.push_back(std::move(*item));
    }
    const bool more = found->size() > filter.limit;
    return list_answer(items, more ? make_cursor(to_string((*found)[filter.limit - 1].what.id)) : "");
  });
}

void cancel_job(api_context& context, http_request& request, const responder& respond) {
  if (const auto id = job_in_path(request, respond)) context.node.cancel_job(*id, answering_job(context, *id, respond));
}

void retry_job(api_context& context, http_request& request, const responder& respond) {
  if (const auto id = job_in_path(request, respond)) context.node.retry_job(*id, answering_job(context, *id, respond));
}

void cancel_jobs(api_context& context, http_request& request, const responder& respond) {
  auto filter = bulk_filter_of(request, {job_state::pending, job_state::running});
  if (!filter) return respond(filter.error());
  respond.wait_long(bulk_wait, nullptr);
  context.node.cancel_jobs(std::move(*filter), answering_count(respond));
}

void retry_jobs(api_context& context, http_request& request, const responder& respond) {
  auto filter = bulk_filter_of(request, {job_state::dead, job_state::cancelled});
  if (!filter) return respond(filter.error());
  respond.wait_long(bulk_wait, nullptr);
  context.node.retry_jobs(std::move(*filter), answering_count(respond));
}

} // namespace wheelwork::routes
