// One attempt as an executor gets it, and what comes of it.
#pragma once

#include "messages/job.hpp"

#include <string_view>
#include <utility>

namespace wheelwork {

/// Where a message of a consumer pool came from; its target is told. Shared by all attempts at the message.
struct message_origin {
  std::string pool;
  std::string source; ///< redis_list, redis_stream or kafka
  std::string key;    ///< of the list or stream; the topic
  std::optional<int32_t> partition;
  std::string offset;      ///< in the partition, or the id of the stream's entry; empty: a list has none
  std::string message_key; ///< of a Kafka record; empty: none
  /// The same for every attempt, and where the source names its messages after a crash, too. Empty for native handlers,
  /// which don't ask for it.
  std::string idempotency_key;
};

/// What a target is told of the message, by names without a prefix: pool, source, key or topic, partition, offset,
/// message_key; those that are empty are left out.
std::vector<std::pair<std::string_view, std::string>> facts_of(const message_origin& from);

/// An attempt to run: the job, the number that fences it, and what it tells the target about itself.
struct attempt_order {
  job what;
  uint32_t number = 0;                          ///< the attempt number, greater than any before it
  std::shared_ptr<const message_origin> from{}; ///< of a message of a pool; none: it is a job
  uint64_t poll = 0;                            ///< of a worker target: the poll that it answers; zero: any
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
