// What workers send and get, as JSON.
#pragma once

#include "api/body.hpp"
#include "messages/job.hpp"
#include "targets/worker_calls.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// The body of a poll.
result<worker_poll, http_answer> read_worker_poll(const nlohmann::json& body);
/// `{"jobs":[…]}`, payloads byte for byte.
std::string leased_jobs_text(const std::vector<leased_job>& jobs, const std::array<uint8_t, 16>& database_secret);

/// The body of an acknowledgement. `id` and `attempt` are members of it where `named_in_body`; else they are left
/// unset.
result<attempt_ack, http_answer> read_ack(const nlohmann::json& body, bool named_in_body);
http_answer accepted_ack(const attempt_ack& ack);
/// 409: the attempt `why`.
http_answer refused_attempt(job_id id, uint32_t number, std::string_view why);

/// The body of a heartbeat.
struct lease_request {
  job_id id{};
  uint32_t number = 0;
  std::optional<milliseconds> lease; ///< none: as long as before
};
result<lease_request, http_answer> read_lease_request(const nlohmann::json& body);

/// What the journal says of an acknowledgement that nobody waits for.
struct ack_in_journal {
  http_answer answer;
  std::optional<attempt_result> late{}; ///< to be kept with the attempt
};
ack_in_journal judge_ack(const attempt_ack& ack, const job_view* known, wall_time now);

} // namespace wheelwork
