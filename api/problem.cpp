#include "api/problem.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork {

std::string_view status_title(unsigned status) {
  switch (status) {
  case 200: return "OK";
  case 201: return "Created";
  case 204: return "No Content";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 408: return "Request Timeout";
  case 409: return "Conflict";
  case 412: return "Precondition Failed";
  case 413: return "Content Too Large";
  case 415: return "Unsupported Media Type";
  case 417: return "Expectation Failed";
  case 422: return "Unprocessable Content";
  case 429: return "Too Many Requests";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 501: return "Not Implemented";
  case 503: return "Service Unavailable";
  case 505: return "HTTP Version Not Supported";
  default: return "Unknown";
  }
}

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

http_answer json_answer(unsigned status, const nlohmann::json& value) { return {status, dump(value)}; }

http_answer problem(unsigned status, std::string_view detail, const json_faults& errors) {
  nlohmann::json body{{"title", status_title(status)}, {"status", status}, {"detail", detail}};
  if (!errors.empty()) {
    auto& list = body["errors"] = nlohmann::json::array();
    for (const auto& fault : errors) list.push_back({{"pointer", fault.pointer}, {"message", fault.message}});
  }
  return {status, dump(body), "application/problem+json"};
}

http_answer problem_later(unsigned status, std::string_view detail, std::chrono::seconds retry_after) {
  auto answer = problem(status, detail);
  answer.extra_head = "Retry-After: " + std::to_string(std::max<int64_t>(1, retry_after.count())) + "\r\n";
  return answer;
}

http_answer invalid(const json_faults& errors) {
  if (errors.size() == 1) return problem(422, errors.front().message, errors);
  return problem(422, std::to_string(errors.size()) + " members are not as they should be; see errors", errors);
}

http_answer answer_of(const service_error& error) {
  switch (error.code) {
  case service_errc::not_found: return problem(404, error.message);
  case service_errc::conflict: return problem(409, error.message);
  case service_errc::version_mismatch: return problem(412, error.message);
  case service_errc::invalid: return problem(422, error.message, {{error.pointer, error.message}});
  case service_errc::overloaded: return problem_later(429, error.message, error.retry_after);
  case service_errc::unavailable:
  case service_errc::unknown_outcome: return problem_later(503, error.message, error.retry_after);
  case service_errc::broken: break;
  }
  return problem(500, error.message);
}

http_answer answer_of(const journal_error& error) {
  switch (error.code) {
  case journal_errc::unavailable:
  case journal_errc::fenced:
  case journal_errc::unknown_outcome: return problem_later(503, error.message, std::chrono::seconds{1});
  case journal_errc::conflict: return problem(409, error.message);
  case journal_errc::broken: break;
  }
  return problem(500, error.message);
}

} // namespace wheelwork
