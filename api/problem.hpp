// Errors as RFC 9457 `application/problem+json`, and how the node's errors become HTTP codes.
#pragma once

#include "actors/node_service.hpp"
#include "api/http_message.hpp"
#include "messages/json.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// `errors`: all faults of a document, each with the JSON pointer (of a query parameter: `/` and its name).
http_answer problem(unsigned status, std::string_view detail, const json_faults& errors = {});
/// The same with a Retry-After.
http_answer problem_later(unsigned status, std::string_view detail, std::chrono::seconds retry_after);
/// 422 with these faults.
http_answer invalid(const json_faults& errors);

http_answer answer_of(const service_error& error);
http_answer answer_of(const journal_error& error);

/// The reason phrase of a status.
std::string_view status_title(unsigned status);

/// JSON text; bytes that are not UTF-8 (output of a process) become U+FFFD.
std::string dump(const nlohmann::json& value);
http_answer json_answer(unsigned status, const nlohmann::json& value);

} // namespace wheelwork
