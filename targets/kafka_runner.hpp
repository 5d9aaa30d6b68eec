// Runs kafka targets: writes each attempt to its topic as one record.
#pragma once

#include "messages/broker_connection.hpp"
#include "targets/awaited_acks.hpp"

namespace wheelwork {

/// One idempotent producer and one thread for each connection that is used. An attempt succeeds when the brokers have
/// confirmed its record. Without that it times out after its own timeout; the record may still be written then, for up
/// to a minute after its start (option message.timeout.ms of the connection). The record's key is the target's, else
/// that of the message that it came from. Its headers say the job, the attempt, its fire time, the idempotency key, the
/// trace, the content type, and where a message of a pool came from.
/// Attempts with on_ack are expected at `acks` before they are written, and answered there unless they can't be;
/// without it they fail.
std::unique_ptr<runner> make_kafka_runner(std::map<std::string, kafka_connection_settings> connections,
                                          attempt_identity identity, const clock_source& clock, results_sink sink,
                                          ack_awaiter acks = {});

} // namespace wheelwork
