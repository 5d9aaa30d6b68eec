// A dead letter in a list: a JSON object with the message and why it is there.
#pragma once

#include "sources/source.hpp"

namespace wheelwork {

/// {"message": …, "pool", "source", "key", "reason", "error", "attempts", "time"}; a message that is no UTF-8 stands in
/// base64 as `message_base64` instead.
std::string dead_letter_json(const source_setup& setup, const dead_message& why, std::string_view message);

} // namespace wheelwork
