#include "targets/process_response.hpp"

#include <nlohmann/json.hpp>
#include <sodium/utils.h>

namespace wheelwork {

namespace {

using nlohmann::json;

std::string base64(std::string_view data) {
  std::string text(sodium_base64_ENCODED_LEN(data.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back(); // the NUL
  return text;
}

/// How many bytes at the end begin a UTF-8 character that the limit cut off: 0 to 3.
size_t cut_off_bytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

std::string response_of(const process_result& result) {
  json response = json::object();
  if (result.exit_code) response["exit_code"] = *result.exit_code;
  if (result.signal) response["signal"] = *result.signal;
  if (result.truncated) response["truncated"] = true;
  std::string_view text = result.output;
  if (result.truncated) text.remove_suffix(cut_off_bytes(text));
  try {
    response["output"] = text;
    return response.dump();
  } catch (const json::type_error&) { // not UTF-8
    response.erase("output");
    response["output_base64"] = base64(result.output);
    return response.dump();
  }
}

} // namespace

attempt_result to_attempt_result(const process_result& result) {
  attempt_result out;
  out.id = result.key.id;
  out.number = result.key.number;
  out.outcome = result.outcome;
  out.started_at = result.started_at;
  out.finished_at = result.finished_at;
  out.error = result.error;
  out.started = result.started;
  if (result.started) out.response = response_of(result);
  return out;
}

} // namespace wheelwork
