// What an attempt says about itself in the headers of a Kafka record.
#pragma once

#include "brokers/kafka_client.hpp"
#include "targets/attempt.hpp"

namespace wheelwork {

/// By name, in the order of their writing.
std::vector<std::pair<std::string, std::string>> kafka_headers_for(const attempt_order& order,
                                                                   const attempt_identity& identity);
/// The target's key; none there: that of the message. Empty: no key.
const std::string& kafka_key_for(const attempt_order& order);

/// Puts the record on its way. The report of its delivery has `opaque`; until then the order's body must stay.
/// NO_ERROR, or why it was not taken.
rd_kafka_resp_err_t send_record(const kafka_client& producer, const attempt_order& order,
                                const attempt_identity& identity, void* opaque);

} // namespace wheelwork
