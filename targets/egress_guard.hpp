// Which addresses http targets may be called at: the networks that http_target.deny_networks and allow_networks name.
#pragma once

#include "schedule/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace wheelwork {

/// An IPv6 address, or an IPv4 one in its mapped form ::ffff:a.b.c.d.
using ip_address = std::array<uint8_t, 16>;

/// An IPv4 or IPv6 network.
struct network {
  ip_address address{};     ///< IPv4 as ::ffff:a.b.c.d
  unsigned prefix_bits = 0; ///< of the 128
  bool contains(const ip_address& candidate) const;
};
/// `169.254.0.0/16`, `fe80::/10`, or a single address. `::/0` holds every address, IPv4 too. The error says what would
/// be right.
result<network, std::string> parse_network(std::string_view text);
/// The shortest usual text; IPv4 networks as IPv4.
std::string to_string(const network& any);
std::string to_string(const ip_address& address);
/// `127.0.0.1` or `::1`; none for anything that is not an address in its usual text.
std::optional<ip_address> parse_address(std::string_view text);
/// None for other families than IPv4 and IPv6.
std::optional<ip_address> address_of(const sockaddr& socket_address);
/// `127.0.0.1:8080`, `[::1]:8080`.
std::string endpoint_of(const sockaddr& socket_address);
std::string endpoint_of(std::string_view address, unsigned port);

/// Decides on the address that a connection is about to be made to, not on the name or text that led to it: names that
/// resolve elsewhere the second time, decimal and mapped notations and redirects all end here. A value; not changed
/// after it was made.
class egress_guard {
public:
  egress_guard() = default;
  egress_guard(std::vector<network> deny, std::vector<network> allow);
  /// Why not, naming the address, the network and the setting; none: the address may be called.
  std::optional<std::string> refusal(const ip_address& address) const;

private:
  const network* denying(const ip_address& address) const;

  std::vector<network> deny_;
  std::vector<network> allow_;
};

} // namespace wheelwork
