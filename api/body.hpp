// Bodies of requests: read with all checks, and faults turned into answers.
#pragma once

#include "api/problem.hpp"
#include "messages/json_reader.hpp"

namespace wheelwork {

/// 400 where the text is no JSON at all, else 422 with all faults.
http_answer answer_of(const json_faults& faults);

/// The document, or its answer.
result<json_body, http_answer> parse_body(const http_request& request);

/// What is wrong with the header Idempotency-Key, which is a unique_key; none: nothing.
std::optional<std::string> key_fault(std::string_view header);

/// Runs `read` over the members of a body that must be an object, then refuses members that nobody asked for. The
/// answer names all faults.
template <class Read>
std::optional<http_answer> read_members(const nlohmann::json& body, Read read) {
  fault_list faults;
  member_reader members{body, "", faults};
  read(members);
  members.refuse_unknown();
  if (faults.empty()) return std::nullopt;
  return answer_of(faults.take());
}

} // namespace wheelwork
