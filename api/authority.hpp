// HOST:PORT as it stands in the headers Host and Origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wheelwork {

struct authority {
  std::string host; ///< lower case; an IPv6 address in brackets
  std::string port; ///< empty: none
};

/// None: it is no authority.
std::optional<authority> parse_authority(std::string_view text);
/// An IPv6 address in brackets, anything else as it is.
std::string bracketed(const std::string& address);
/// 127.0.0.1, [::1] or localhost.
bool names_this_machine(const authority& any);

/// ASCII letters only.
std::string ascii_lower(std::string_view text);

} // namespace wheelwork
