// What becomes of a native handler's outcome. Pure.
#pragma once

#include "targets/native_runner.hpp"

namespace wheelwork {

/// Calls the handler; what it throws becomes a failed outcome with the exception's text.
native_outcome call_handler(const native_handler& handler, const native_call& call);
/// The JSON object that the attempt shows: an object as it is, any other JSON text as {"result": …}, text that is no
/// JSON as a string there, too long text as its first 64 KiB with "truncated": true. Empty for empty.
std::string native_response(std::string text);
/// An attempt's result with id and number only.
attempt_result result_for(const attempt_order& order);

} // namespace wheelwork
