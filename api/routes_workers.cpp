// Workers: polling for jobs, heartbeats, acknowledgements.
#include "api/routes.hpp"
#include "api/worker_answer.hpp"

#include "schedule/time_text.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace wheelwork::routes {

namespace {

constexpr milliseconds answer_margin{10'000}; ///< for the commit of starts, after the wait
constexpr milliseconds ack_wait{60'000};      ///< for the commit of an end

/// A body that a reader understands; else its refusal is the answer.
template <class Value, class Read>
std::optional<Value> body_as(const http_request& request, const responder& respond, Read read) {
  const auto body = parse_body(request);
  if (!body) {
    respond(body.error());
    return std::nullopt;
  }
  auto value = read(*body->value);
  if (value) return std::move(*value);
  respond(value.error());
  return std::nullopt;
}

/// Nobody waits for it: the journal knows whether it was said before, or comes too late.
void ask_journal(api_context& context, const pending_ptr& pending, const attempt_ack& ack) {
  context.read(pending, [context = context.shared(), ack](journal_reader& reader) {
    const auto found = reader.find_job(ack.id);
    if (!found) return answer_of(found.error());
    auto judged = judge_ack(ack, *found ? &**found : nullptr, context->now());
    if (judged.late) context->node.record_late((**found).what, std::move(*judged.late));
    return std::move(judged.answer);
  });
}

void take_ack(api_context& context, const attempt_ack& ack, const responder& respond) {
  auto pending = std::make_shared<pending_answer>(respond);
  respond.wait_long(ack_wait, nullptr);
  context.node.acknowledge(ack, [context = context.shared(), pending, ack](ack_verdict verdict) {
    pending->guard([&] {
      switch (verdict) {
      case ack_verdict::accepted: return pending->give(accepted_ack(ack));
      case ack_verdict::refused:
        return pending->give(refused_attempt(ack.id, ack.number, "has ended before, and not so"));
      case ack_verdict::unknown: return ask_journal(*context, pending, ack);
      }
    });
  });
}

/// Of a path. None: it is none.
std::optional<uint32_t> attempt_number(const std::string& text) {
  uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end || number == 0) return std::nullopt;
  return number;
}

} // namespace

void poll_for_jobs(api_context& context, http_request& request, const responder& respond) {
  auto poll = body_as<worker_poll>(request, respond, read_worker_poll);
  if (!poll) return;
  const auto wait = poll->wait;
  auto pending = std::make_shared<pending_answer>(respond);
  auto shared = context.shared();
  const auto number =
      context.node.poll_for_jobs(std::move(*poll), [shared, pending](const std::vector<leased_job>& jobs) {
        pending->guard([&] {
          http_answer answer{200, leased_jobs_text(jobs, shared->node.database_secret())};
          std::vector<std::pair<job_id, uint32_t>> attempts;
          attempts.reserve(jobs.size());
          for (const auto& each : jobs) attempts.emplace_back(each.order.what.id, each.order.number);
          if (!attempts.empty())
            answer.undelivered = [shared, attempts = std::move(attempts)] { shared->node.give_back_jobs(attempts); };
          pending->give(std::move(answer));
        });
      });
  respond.wait_long(wait + answer_margin, [shared, number] { shared->node.withdraw_poll(number); });
}

void acknowledge(api_context& context, http_request& request, const responder& respond) {
  const auto ack =
      body_as<attempt_ack>(request, respond, [](const nlohmann::json& body) { return read_ack(body, true); });
  if (ack) take_ack(context, *ack, respond);
}

void acknowledge_attempt(api_context& context, http_request& request, const responder& respond) {
  const auto id = parse_job_id(request.parameters.at(0));
  const auto number = attempt_number(request.parameters.at(1));
  if (!id || !number)
    return respond(problem(404, "there is no attempt " + request.parameters.at(1) + " of a job " +
                                    request.parameters.at(0) + "; both are decimal numbers"));
  auto ack = body_as<attempt_ack>(request, respond, [](const nlohmann::json& body) { return read_ack(body, false); });
  if (!ack) return;
  ack->id = *id;
  ack->number = *number;
  take_ack(context, *ack, respond);
}

void extend_lease(api_context& context, http_request& request, const responder& respond) {
  const auto asked = body_as<lease_request>(request, respond, read_lease_request);
  if (!asked) return;
  const auto lease = context.node.extend_lease(asked->id, asked->number, asked->lease);
  if (!lease) return respond(refused_attempt(asked->id, asked->number, "is held by no worker any more: stop its work"));
  respond(
      json_answer(200, {{"id", to_string(asked->id)}, {"attempt", asked->number}, {"lease", format_duration(*lease)}}));
}

} // namespace wheelwork::routes
