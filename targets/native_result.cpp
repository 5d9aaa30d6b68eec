#include "targets/native_result.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork {

namespace {

constexpr size_t response_bytes_max = 64 << 10;

std::string as_text(std::string_view text, bool truncated) {
  nlohmann::json response{{"result", text}};
  if (truncated) response["truncated"] = true;
  return response.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

native_outcome call_handler(const native_handler& handler, const native_call& call) {
  native_outcome outcome;
  try {
    return handler(call);
  } catch (const std::exception& thrown) {
    outcome.error = thrown.what();
  } catch (...) {
    outcome.error = "the handler threw something that is no std::exception";
  }
  outcome.succeeded = false;
  return outcome;
}

std::string native_response(std::string text) {
  if (text.empty()) return text;
  if (text.size() > response_bytes_max) return as_text(std::string_view{text}.substr(0, response_bytes_max), true);
  if (!nlohmann::json::accept(text)) return as_text(text, false);
  if (text[text.find_first_not_of(" \t\r\n")] == '{') return text;
  return R"({"result":)" + text + '}';
}

attempt_result result_for(const attempt_order& order) {
  attempt_result result;
  result.id = order.what.id;
  result.number = order.number;
  return result;
}

} // namespace wheelwork
