// Brings entries of a Redis stream to the stream of dead letters.
#pragma once

#include "brokers/redis_connection.hpp"
#include "sources/source.hpp"

namespace wheelwork {

/// The entry's fields and, beside them, why and where it was (wheelwork_reason, …) are added to the stream `dead`, and
/// the entry is acknowledged: both or neither. One with more than 3,500 fields becomes several letters, each with
/// wheelwork_part ("1 of 3"). Does nothing when the entry is not pending for `consumer` any more.
result<void, redis_failure> bury_stream_entry(redis_connection& connection, const source_setup& setup,
                                              const std::string& dead, const std::string& consumer,
                                              const std::string& id, const dead_message& why);

} // namespace wheelwork
