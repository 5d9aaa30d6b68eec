#include "targets/http_response.hpp"

#include <algorithm>
#include <charconv>
#include <curl/curl.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>
#include <sodium.h>

namespace wheelwork {

namespace {

constexpr milliseconds retry_after_max = std::chrono::days{36'500};

std::string base64(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back(); // the NUL that is counted in
  return text;
}

/// Length of the text without a character that its cut end left incomplete.
size_t whole_characters(std::string_view text) {
  size_t begin = text.size();
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<uint8_t>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const size_t needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    if (needed > back) begin = text.size() - back;
    break;
  }
  return begin;
}

} // namespace

std::string http_response_json(int status, std::string body, uint64_t body_bytes, size_t kept_bytes,
                               milliseconds duration) {
  const bool truncated = body_bytes > kept_bytes || body.size() > kept_bytes;
  if (body.size() > kept_bytes) body.resize(kept_bytes);
  if (truncated) {
    const std::string_view whole = std::string_view{body}.substr(0, whole_characters(body));
    if (simdjson::validate_utf8(whole.data(), whole.size())) body.resize(whole.size());
  }
  nlohmann::json response{{"status", status}, {"duration_ms", duration.count()}};
  if (simdjson::validate_utf8(body.data(), body.size()))
    response["body"] = std::move(body);
  else
    response["body_base64"] = base64(body);
  if (truncated) response["truncated"] = true;
  return response.dump();
}

void hide(std::string& text, const std::vector<std::string>& secrets) {
  constexpr size_t secret_bytes_min = 4;
  for (const auto& secret : secrets) {
    if (secret.size() < secret_bytes_min) continue;
    for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  }
}

std::optional<milliseconds> parse_retry_after(std::string_view text, wall_time now) {
  if (text.empty()) return std::nullopt;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || seconds > retry_after_max / std::chrono::seconds{1}) return retry_after_max;
    return std::chrono::seconds{seconds};
  }
  const auto date = curl_getdate(std::string{text}.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::clamp(wall_time{std::chrono::seconds{date}} - now, milliseconds{0}, retry_after_max);
}

} // namespace wheelwork
