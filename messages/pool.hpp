// A consumer pool: one source, the target that its messages are handed to, and the rules around both.
#pragma once

#include "messages/target.hpp"
#include "schedule/scaling.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace wheelwork {

struct redis_list_source {
  std::string connection; ///< the NAME of [redis.NAME]
  std::string key;
  redis_target::list_end take = redis_target::list_end::right;
  friend bool operator==(const redis_list_source&, const redis_list_source&) = default;
};
struct redis_stream_source {
  std::string connection;
  std::string key;
  std::string group;
  friend bool operator==(const redis_stream_source&, const redis_stream_source&) = default;
};
struct kafka_source {
  std::string connection; ///< the NAME of [kafka.NAME]
  std::string topic;
  std::string group;
  friend bool operator==(const kafka_source&, const kafka_source&) = default;
};
using source_definition = std::variant<redis_list_source, redis_stream_source, kafka_source>;
/// redis_list, redis_stream, kafka.
std::string_view kind_name(const source_definition& any);
/// The key of the list or stream; the topic.
const std::string& key_of(const source_definition& any);
/// The NAME of [redis.NAME] or [kafka.NAME].
const std::string& connection_of(const source_definition& any);
/// Where messages of this source go that were given up, unless the pool says otherwise.
std::string default_dead_letter(const source_definition& any);
/// Whether the target writes to the very key or topic of the source: each message would come back for ever.
bool writes_to_its_source(const source_definition& source, const target& how);

enum class message_order : uint8_t {
  none,      ///< a message that waits for a retry holds up no other
  key,       ///< messages of a Kafka partition with the same key one after the other; those without a key as with none
  partition, ///< messages of a Kafka partition one after the other; of a list or stream those of one consumer
};
std::string_view to_string(message_order order);

/// What a user defined. Immutable once made; an edit makes another with the next version.
struct pool_definition {
  std::string name; ///< rules as for the names of tasks
  source_definition source;
  resolved_target_ptr how; ///< target, retry and timeout; always at least once
  uint32_t min = 1;
  uint32_t max = 10; ///< bounds the total
  scaling_policy policy;
  std::string dead_letter; ///< list, stream or topic beside the source; the default is the source's key + ":dead"
                           ///< (topic: ".dead")
  message_order order = message_order::none; ///< the default with Kafka is `partition`
  uint32_t in_flight = 1;                    ///< messages that one consumer has at its target at the same time
  bool journal = false;                      ///< each message is recorded as a job
  bool paused = false;
  std::vector<std::string> environments; ///< empty: all
  std::string partition;                 ///< empty: any node
  uint64_t version = 1;                  ///< grows with each edit; the ETag
  wall_time created_at{};
  wall_time updated_at{};
  std::string spec; ///< canonical JSON of the user's members: two equal bodies are equal texts
};

using pool_ptr = std::shared_ptr<const pool_definition>;

} // namespace wheelwork
