// Runs redis targets: writes jobs to lists and streams.
#pragma once

#include "messages/broker_connection.hpp"
#include "targets/awaited_acks.hpp"

namespace wheelwork {

/// One thread for each connection, begun with its first attempt; attempts are pipelined. An attempt has succeeded when
/// Redis confirmed the write; one whose answer was lost has failed and says that the message may be there. One with
/// "complete":"on_ack" waits at `acks` from before its write, as who receives the message may acknowledge it at once;
/// without `acks` it fails. What is written stands in redis_message.hpp.
std::unique_ptr<runner> make_redis_runner(const broker_connections& connections, attempt_identity identity,
                                          const clock_source& clock, results_sink sink, ack_awaiter acks = {});

} // namespace wheelwork
