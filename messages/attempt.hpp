// One attempt as an executor gets it, and what comes of it.
#pragma once

#include "messages/job.hpp"

namespace wheelwork {

/// An attempt to run: the job, the number that fences it, and what it tells the target about itself.
struct attempt_order {
  job what;
  uint32_t number = 0; ///< the attempt number, greater than any before it
};

struct attempt_result {
  job_id id{};
  uint32_t number = 0;
  attempt_outcome outcome = attempt_outcome::failed; ///< succeeded, failed, timed_out, cancelled or lost
  wall_time started_at{};
  wall_time finished_at{};
  std::string error;
  std::string response;                    ///< JSON object, see attempt_record
  std::optional<milliseconds> retry_after; ///< what a callback's Retry-After asked for
  bool started = true;                     ///< false: nothing was tried (refused by a rule); still a failed attempt
};

/// What all executors tell their targets: names of this node and of the attempt.
struct attempt_identity {
  std::string node;
  std::array<uint8_t, 16> database_secret{};
};

} // namespace wheelwork
