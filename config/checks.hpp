// What one option alone can't tell: syntax of addresses and URLs, and options that must fit together.
#pragma once

#include "config/apply.hpp"

namespace wheelwork {

/// Adds what is wrong with settings whose types are right. Options at their default are blamed on `fallback`, the file.
void check_settings(const settings& all, const option_origins& origins, const config_origin& fallback,
                    std::vector<config_fault>& faults);

/// HOST:PORT; an IPv6 host stands in brackets.
struct listen_address {
  std::string host; ///< without brackets
  uint16_t port = 0;
};
/// The error says what would be right.
result<listen_address, std::string> parse_listen_address(std::string_view text);
/// 127.0.0.0/8, ::1 and `localhost`.
bool is_loopback(const std::string& host);

} // namespace wheelwork
