// Runs kafka targets: writes each attempt to its topic as one record.
#pragma once

#include "messages/broker_connection.hpp"
#include "targets/runner.hpp"

#include <functional>

namespace wheelwork {

/// Who awaits the acknowledgements of attempts with "complete":"on_ack". Each is callable on any thread.
struct kafka_acknowledgements {
  /// Before the record is written, as the acknowledgement may be quicker than the broker's report. From then on the
  /// attempt is answered there, also when it times out.
  std::function<void(attempt_order, wall_time started_at)> expect;
  /// It could not be written: the runner answers it. False: it has been answered meanwhile.
  std::function<bool(job_id, uint32_t)> forget;
  std::function<void(job_id, uint32_t)> cancel;
};

/// One idempotent producer and one thread for each connection that is used. An attempt succeeds when the brokers have
/// confirmed its record. Without that it times out after its own timeout; the record may still be written then, for up
/// to a minute after its start (option message.timeout.ms of the connection). The record's key is the target's, else
/// that of the message that it came from. Its headers say the job, the attempt, its fire time, the idempotency key, the
/// trace, the content type, and where a message of a pool came from.
/// Without `acknowledgements` attempts with on_ack fail.
std::unique_ptr<runner> make_kafka_runner(std::map<std::string, kafka_connection_settings> connections,
                                          attempt_identity identity, const clock_source& clock, results_sink sink,
                                          kafka_acknowledgements acknowledgements = {});

} // namespace wheelwork
