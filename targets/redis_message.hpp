// What a redis target writes for an attempt.
#pragma once

#include "brokers/redis_connection.hpp"
#include "targets/attempt.hpp"

#include <list>

namespace wheelwork {

/// The command, and the texts of it that exist nowhere else.
struct redis_write {
  redis_command command;
  std::list<std::string> texts; ///< that stay where they are when this moves
};

/// A list gets the payload's bytes as they are. With `on_ack` it gets a JSON object instead, as who acknowledges must
/// name the attempt: {"job_id": "…", "attempt": 1, "trace_id", "idempotency_key", "fire_time",
/// "payload": the JSON itself, or "payload_base64" with "content_type"}. A stream gets an entry with the fields
/// payload, content_type, job_id, attempt, trace_id, fire_time and idempotency_key. Both name the origin of a pool's
/// message, too (facts_of). `order` must outlive what is returned.
redis_write redis_write_of(const attempt_order& order, const redis_target& how, const attempt_identity& identity);

} // namespace wheelwork
