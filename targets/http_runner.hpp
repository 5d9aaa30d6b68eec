// Runs http targets: one thread with a libcurl multi handle and kept-alive connections.
#pragma once

#include "schedule/result.hpp"
#include "targets/runner.hpp"

namespace wheelwork {

/// An IPv4 or IPv6 network.
struct network {
  std::array<uint8_t, 16> address{}; ///< IPv4 as ::ffff:a.b.c.d
  unsigned prefix_bits = 0;          ///< of the 128
  bool contains(const std::array<uint8_t, 16>& address) const;
};
/// `169.254.0.0/16`, `fe80::/10`, or a single address. The error says what would be right.
result<network, std::string> parse_network(std::string_view text);

struct http_runner_settings {
  milliseconds connect_timeout{3000};
  std::vector<network> deny_networks;   ///< checked on the address that is connected to, at each hop
  std::vector<network> allow_networks;  ///< exceptions from deny_networks
  size_t connections_max = 1000;        ///< kept alive at most
  size_t per_host = 100;
  std::string signing_secret;           ///< Standard Webhooks; empty: not signed. whsec_… or base64 or plain text
  size_t kept_response_bytes = 4096;
  size_t readable_response_bytes = 1 << 20; ///< for success.json
};

std::unique_ptr<runner> make_http_runner(http_runner_settings settings, attempt_identity identity, const clock_source& clock, results_sink sink);

} // namespace wheelwork
