#include "api/head_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace wheelwork {
namespace {

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

enum single_header : size_t {
  host,
  content_length,
  transfer_encoding,
  authorization,
  origin,
  idempotency_key,
  content_type,
  expect,
  if_match,
  if_none_match,
  single_headers
};
constexpr std::array<std::string_view, single_headers> single_header_names{
    "Host",         "Content-Length", "Transfer-Encoding", "Authorization", "Origin", "Idempotency-Key",
    "Content-Type", "Expect",         "If-Match",          "If-None-Match"};

std::optional<std::string> fault_in_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos)
    return "the request line must be a method, a target and the HTTP version, with one blank between them";
  if (line[first + 1] != '/') return "the target of the request must be a path that begins with /";
  if (line.find_first_of("#\"<>\\^`{|}", first) < second)
    return "the target of the request has a character that must be percent-encoded";
  if (std::any_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return "the request line has a byte that must be percent-encoded";
  return std::nullopt;
}

std::optional<std::string> fault_in_value(single_header name, std::string_view value) {
  if (name == content_length) {
    const bool digits = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (value.empty() || value.size() > 18 || !digits) return "Content-Length must be one whole number";
  }
  if (name == transfer_encoding && !equals_ignoring_case(value, "chunked"))
    return "Transfer-Encoding must be chunked and nothing else";
  return std::nullopt;
}

class head_inspection {
public:
  std::optional<std::string> line(std::string_view text) {
    if (text.front() == ' ' || text.front() == '\t')
      return "a header line begins with a blank; folded lines are not accepted";
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return "a header line has no name before a colon";
    const auto name = text.substr(0, colon);
    if (name.find_first_of(" \t") != std::string_view::npos) return "a header name has a blank in it";
    for (size_t i = 0; i < single_headers; ++i) {
      if (!equals_ignoring_case(name, single_header_names[i])) continue;
      if (seen_ & (1u << i)) return "the header " + std::string{single_header_names[i]} + " may stand only once";
      seen_ |= 1u << i;
      return fault_in_value(static_cast<single_header>(i), trim(text.substr(colon + 1)));
    }
    return std::nullopt;
  }

  std::optional<std::string> whole(bool version_1_0) const {
    const auto has = [this](single_header name) { return (seen_ & (1u << name)) != 0; };
    if (has(content_length) && has(transfer_encoding)) return "Content-Length and Transfer-Encoding exclude each other";
    if (has(transfer_encoding) && version_1_0) return "HTTP/1.0 has no Transfer-Encoding";
    if (!has(host) && !version_1_0) return "the header Host is missing";
    return std::nullopt;
  }

private:
  uint32_t seen_ = 0;
};

bool has_stray_control(std::string_view line) {
  return std::any_of(line.begin(), line.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

} // namespace

std::optional<std::string> fault_in_head(std::string_view head) {
  head_inspection inspection;
  bool first = true, version_1_0 = false;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    if (line.empty()) break;
    if (has_stray_control(line)) return "the head of the request has a control character in it (lines end with CR LF)";
    auto fault = first ? fault_in_request_line(line) : inspection.line(line);
    if (fault) return fault;
    if (first) version_1_0 = line.ends_with(" HTTP/1.0");
    first = false;
  }
  return inspection.whole(version_1_0);
}

} // namespace wheelwork
