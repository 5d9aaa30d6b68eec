// General checks of a JSON text before it is read.
#pragma once

#include "messages/json.hpp"

#include <string_view>

namespace wheelwork {

/// Whether an object may hold the same member twice.
enum class repeated_members : uint8_t {
  fault_outside_payload, ///< a job or a task: only its `payload` is stored as it is
  unchecked,             ///< what holds several jobs, each of which is checked alone
};

/// What is wrong with the text as a whole: UTF-8, syntax, depth, numbers out of range, repeated members. None: it can
/// be read.
std::optional<json_fault> json_text_fault(std::string_view text, std::string_view base_pointer,
                                          repeated_members repeated);

/// Whether the text is JSON in UTF-8 and nothing else. Quick; any thread.
bool is_json(std::string_view text);

/// Without the byte order mark that some programs write first.
std::string_view without_byte_order_mark(std::string_view text);

} // namespace wheelwork
