#include "api/authority.hpp"

#include <algorithm>

namespace wheelwork {

std::string ascii_lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

std::optional<authority> parse_authority(std::string_view text) {
  authority parsed;
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const auto colon = text.find(':', bracket);
  parsed.host = ascii_lower(text.substr(0, colon));
  if (colon != std::string_view::npos) parsed.port = text.substr(colon + 1);
  const bool digits = std::all_of(parsed.port.begin(), parsed.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (parsed.host.empty() || !digits || parsed.port.size() > 5) return std::nullopt;
  return parsed;
}

std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

bool names_this_machine(const authority& any) {
  return any.host == "localhost" || any.host == "127.0.0.1" || any.host == "[::1]";
}

} // namespace wheelwork
