#include "targets/http_attempt.hpp"

#include "schedule/time_text.hpp"
#include "targets/http_response.hpp"
#include "targets/http_success.hpp"
#include "targets/http_url.hpp"

#include <fmt/format.h>

namespace wheelwork {

namespace {

/// The rest of a long answer is read up to here, so that the connection can be kept; past it a new connection costs
/// less.
constexpr size_t drained_bytes_max = 256 << 10;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

size_t longest(const std::vector<std::string>& texts) {
  size_t size = 0;
  for (const auto& text : texts) size = std::max(size, text.size());
  return size;
}

} // namespace

http_attempt::http_attempt(attempt_order order, const http_environment& environment, wall_time started_at)
    : order_{std::move(order)}, environment_{environment},
      started_at_{started_at}, began_{environment.clock.steady_now()} {}

result<std::unique_ptr<http_attempt>, attempt_result> http_attempt::begin(attempt_order order,
                                                                          const http_environment& environment) {
  const auto now = environment.clock.wall_now();
  std::unique_ptr<http_attempt> attempt{new http_attempt{std::move(order), environment, now}};
  auto request =
      make_http_request(attempt->order_, {environment.identity, environment.signer ? &*environment.signer : nullptr,
                                          environment.variable, now});
  if (!request) {
    auto result = attempt->empty_result();
    result.started = false;
    result.error = std::move(request.error());
    return failure(attempt->finished(std::move(result)));
  }
  attempt->request_ = std::move(*request);
  attempt->begin_hop();
  return attempt;
}

/// False: no time is left for another hop.
bool http_attempt::begin_hop() {
  const auto& settings = environment_.settings;
  const auto left = order_.what.how->timeout - elapsed();
  if (redirects_ > 0 && left <= milliseconds{0}) return false;
  transfer_limits limits{settings.connect_timeout, left, 0, 0, settings.ca_file};
  if (target().success.json_members.empty()) {
    limits.kept_bytes = settings.kept_response_bytes + longest(request_->secrets);
    limits.read_bytes = std::max(drained_bytes_max, limits.kept_bytes);
  } else {
    limits.kept_bytes = limits.read_bytes = settings.readable_response_bytes;
  }
  // On a kept-alive connection that the other side closes, libcurl sends a request a second time: too often for at most
  // once.
  const bool on_new_connection = order_.what.how->delivery == delivery_mode::at_most_once;
  hop_.reset(); // looks into the request until now
  hop_ = std::make_unique<http_transfer>(*request_, environment_.guard, limits, on_new_connection);
  return true;
}

std::optional<attempt_result> http_attempt::ended(CURLcode code) {
  if (follow_redirect(code)) return std::nullopt;
  auto result = outcome_of(code);
  if (!refused_redirect_.empty()) {
    result.outcome = attempt_outcome::failed;
    result.error = refused_redirect_;
  }
  hide(result.error, request_->secrets);
  return finished(std::move(result));
}

bool http_attempt::follow_redirect(CURLcode code) {
  if (!hop_->answered(code) || !is_redirect(hop_->status()) || redirects_ >= target().redirects) return false;
  const auto status = hop_->status();
  const auto url = hop_->redirect_url();
  if (!url) return false;
  if (const auto fault = fault_of_url(*url)) {
    refused_redirect_ = fmt::format("redirected by status {}, but {}", status, *fault);
    return false;
  }
  ++redirects_;
  auto last = std::move(hop_);
  redirect(*request_, status, *url);
  if (begin_hop()) return true;
  hop_ = std::move(last);
  refused_redirect_.clear();
  return false;
}

attempt_result http_attempt::outcome_of(CURLcode code) const {
  auto result = empty_result();
  const auto timeout = order_.what.how->timeout;
  if (hop_->out_of_total_time(code) || (redirects_ > 0 && elapsed() >= timeout && !hop_->answered(code))) {
    result.outcome = attempt_outcome::timed_out;
    result.error = fmt::format("not done within {} (timeout): {}", format_duration(timeout), hop_->failure_text(code));
  } else if (!hop_->answered(code)) {
    result.started = redirects_ > 0 || !hop_->refused();
    result.error = redirects_ > 0 ? fmt::format("after {} redirects: {}", redirects_, hop_->failure_text(code))
                                  : hop_->failure_text(code);
  } else {
    judge_answer(result);
  }
  return result;
}

void http_attempt::judge_answer(attempt_result& result) const {
  const auto& rule = target().success;
  const auto status = hop_->status();
  if (!status_counts(rule, status)) {
    result.error = unmet_status(rule, status);
    if (is_redirect(status) && redirects_ > 0)
      result.error += fmt::format(", after {} redirects (the target's limit)", redirects_);
  } else if (!rule.json_members.empty() && hop_->body_too_long()) {
    result.error = fmt::format("the answer is longer than {} bytes, too long for success.json",
                               environment_.settings.readable_response_bytes);
  } else if (auto reason = unmet_json(rule, hop_->body())) {
    result.error = std::move(*reason);
  } else {
    result.outcome = attempt_outcome::succeeded;
  }
  if (const auto header = hop_->header("Retry-After"))
    result.retry_after = parse_retry_after(*header, environment_.clock.wall_now());
  auto body = hop_->body();
  hide(body, request_->secrets);
  result.response = http_response_json(status, std::move(body), hop_->body_bytes(),
                                       environment_.settings.kept_response_bytes, elapsed());
}

attempt_result http_attempt::cancelled() const {
  auto result = empty_result();
  result.outcome = attempt_outcome::cancelled;
  result.error =
      "cancelled while it ran: the connection was closed, what the other side made of the request is not known";
  return finished(std::move(result));
}

milliseconds http_attempt::elapsed() const {
  return std::chrono::duration_cast<milliseconds>(environment_.clock.steady_now() - began_);
}

attempt_result http_attempt::empty_result() const {
  attempt_result result;
  result.id = id();
  result.number = number();
  result.started_at = started_at_;
  return result;
}

attempt_result http_attempt::finished(attempt_result result) const {
  result.finished_at = environment_.clock.wall_now();
  return result;
}

} // namespace wheelwork
