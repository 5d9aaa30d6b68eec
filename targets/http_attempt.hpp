// One attempt of an http target from its first hop to its outcome. Knows nothing of threads or of other attempts.
#pragma once

#include "targets/http_runner.hpp"
#include "targets/http_transfer.hpp"

namespace wheelwork {

/// What all attempts of a runner share.
struct http_environment {
  http_runner_settings settings;
  attempt_identity identity;
  egress_guard guard;
  std::optional<webhook_signer> signer;
  variable_reader variable;
  const clock_source& clock;
};

class http_attempt {
public:
  /// Makes the request; the result of the attempt when that already can't be done. The environment must outlive the
  /// attempt.
  static result<std::unique_ptr<http_attempt>, attempt_result> begin(attempt_order order,
                                                                     const http_environment& environment);

  /// To be run next.
  CURL* handle() const { return hop_->handle(); }
  job_id id() const { return order_.what.id; }
  uint32_t number() const { return order_.number; }
  /// The handle's transfer ended like this. None: another hop follows, with another handle().
  std::optional<attempt_result> ended(CURLcode code);
  attempt_result cancelled() const;

private:
  http_attempt(attempt_order order, const http_environment& environment, wall_time started_at);
  const http_target& target() const { return std::get<http_target>(order_.what.how->how); }
  bool begin_hop();
  bool follow_redirect(CURLcode code);
  attempt_result outcome_of(CURLcode code) const;
  void judge_answer(attempt_result& result) const;
  milliseconds elapsed() const;
  attempt_result empty_result() const;
  attempt_result finished(attempt_result result) const;

  attempt_order order_;
  const http_environment& environment_;
  wall_time started_at_;
  std::chrono::steady_clock::time_point began_;
  std::unique_ptr<http_request> request_; ///< outlives hop_
  std::unique_ptr<http_transfer> hop_;
  uint32_t redirects_ = 0;
  std::string refused_redirect_; ///< why the last answer's redirect was not followed
};

} // namespace wheelwork
