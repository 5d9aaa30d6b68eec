#include "api/body.hpp"

#include <algorithm>

namespace wheelwork {

http_answer answer_of(const json_faults& faults) {
  const auto found = std::find_if(faults.begin(), faults.end(), [](const json_fault& fault) { return fault.not_json; });
  if (found != faults.end()) return problem(400, (found->pointer.empty() ? "" : found->pointer + " ") + found->message);
  return invalid(faults);
}

std::optional<std::string> key_fault(std::string_view header) {
  auto wrong = text_fault(header, {});
  if (wrong) wrong->insert(0, "the header Idempotency-Key ");
  return wrong;
}

result<json_body, http_answer> parse_body(const http_request& request) {
  auto body = parse_json_body(request.body);
  if (!body) return failure(answer_of(body.error()));
  return std::move(*body);
}

} // namespace wheelwork
