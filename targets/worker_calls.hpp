// What workers outside say to a node and what they hear: polls, leased jobs, acknowledgements. Plain values.
#pragma once

#include "targets/attempt.hpp"

#include <functional>

namespace wheelwork {

/// A worker asks for jobs.
struct worker_poll {
  std::vector<std::string> queues; ///< at least one
  std::string worker;              ///< how it calls itself; errors of its attempts name it
  size_t max = 1;                  ///< jobs in one answer
  milliseconds wait{0};            ///< for the first job
  milliseconds lease{30'000};      ///< per job at most its timeout
};

/// A job that a worker holds from now on.
struct leased_job {
  attempt_order order;
  milliseconds lease{};   ///< until it runs out, unless the worker extends it
  milliseconds timeout{}; ///< from now on; no extension goes beyond it
};

/// Called once, on any thread, also within the call that took it; must not block. Empty: no job came in time.
using leased_jobs_callback = std::function<void(std::vector<leased_job>)>;

/// Somebody outside says what became of an attempt.
struct attempt_ack {
  job_id id{};
  uint32_t number = 0;
  bool succeeded = true;
  std::string error;    ///< why it failed
  std::string response; ///< JSON object for the attempt; empty: none
  friend bool operator==(const attempt_ack&, const attempt_ack&) = default;
};

enum class ack_verdict : uint8_t {
  accepted, ///< it is the attempt's result (and, for a job, committed), or was before: the same acknowledgement again
  refused,  ///< the attempt had ended otherwise
  unknown,  ///< this node does not wait for it; the journal may know why
};
/// Called once, on any thread, also within the call that took it; must not block.
using ack_callback = std::function<void(ack_verdict)>;

} // namespace wheelwork
