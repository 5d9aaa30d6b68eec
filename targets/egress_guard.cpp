#include "targets/egress_guard.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace wheelwork {

namespace {

constexpr ip_address mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_prefix_bits = 96;

ip_address mapped(const uint8_t* ipv4) {
  ip_address address = mapped_prefix;
  std::copy_n(ipv4, 4, address.begin() + 12);
  return address;
}

bool is_mapped(const ip_address& address) {
  return std::equal(address.begin(), address.begin() + 12, mapped_prefix.begin());
}

bool bit_of(const ip_address& address, unsigned bit) { return (address[bit / 8] >> (7 - bit % 8)) & 1; }

ip_address masked(ip_address address, unsigned prefix_bits) {
  for (unsigned bit = prefix_bits; bit < 128; ++bit) address[bit / 8] &= static_cast<uint8_t>(~(1u << (7 - bit % 8)));
  return address;
}

/// The address itself and those that a packet to it may reach by other names: the IPv4 address inside NAT64 and 6to4
/// addresses, and loopback for the unspecified address, which Linux connects to this machine.
std::vector<ip_address> reached_by(const ip_address& address) {
  std::vector<ip_address> reached{address};
  constexpr std::array<uint8_t, 12> nat64{0x00, 0x64, 0xff, 0x9b};
  constexpr std::array<uint8_t, 4> any{}, loopback{127, 0, 0, 1};
  if (std::equal(nat64.begin(), nat64.end(), address.begin())) reached.push_back(mapped(&address[12]));
  if (address[0] == 0x20 && address[1] == 0x02) reached.push_back(mapped(&address[2]));
  if (address == mapped(any.data())) reached.push_back(mapped(loopback.data()));
  if (address == ip_address{}) {
    reached.push_back(ip_address{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    reached.push_back(mapped(loopback.data()));
  }
  return reached;
}

} // namespace

bool network::contains(const ip_address& candidate) const {
  const unsigned whole_bytes = prefix_bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole_bytes, candidate.begin())) return false;
  for (unsigned bit = whole_bytes * 8; bit < prefix_bits; ++bit)
    if (bit_of(address, bit) != bit_of(candidate, bit)) return false;
  return true;
}

std::optional<ip_address> parse_address(std::string_view text) {
  const std::string terminated{text};
  if (in_addr ipv4{}; inet_pton(AF_INET, terminated.c_str(), &ipv4) == 1) {
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &ipv4, bytes.size());
    return mapped(bytes.data());
  }
  ip_address ipv6{};
  if (inet_pton(AF_INET6, terminated.c_str(), ipv6.data()) == 1) return ipv6;
  return std::nullopt;
}

result<network, std::string> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address_text = text.substr(0, slash);
  const auto address = parse_address(address_text);
  if (!address) return failure(fmt::format("{} is no network: write it like 10.0.0.0/8, fe80::/10 or 192.0.2.7", text));
  const bool ipv4 = address_text.find(':') == std::string_view::npos;
  const unsigned bits_max = ipv4 ? 32 : 128;
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const auto bits_text = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(bits_text.data(), bits_text.data() + bits_text.size(), bits);
    if (error != std::errc{} || end != bits_text.data() + bits_text.size() || bits > bits_max)
      return failure(fmt::format("{} is no network: after the slash stands a number from 0 to {}", text, bits_max));
  }
  network parsed{*address, ipv4 ? mapped_prefix_bits + bits : bits};
  if (masked(parsed.address, parsed.prefix_bits) != parsed.address) {
    parsed.address = masked(parsed.address, parsed.prefix_bits);
    return failure(
        fmt::format("{} has an address inside its network: write {}, or the address alone", text, to_string(parsed)));
  }
  return parsed;
}

std::string to_string(const ip_address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool ipv4 = is_mapped(address);
  if (inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? &address[12] : address.data(), text.data(), text.size()) == nullptr)
    return "(no address)";
  return text.data();
}

std::string to_string(const network& any) {
  const bool ipv4 = is_mapped(any.address) && any.prefix_bits >= mapped_prefix_bits;
  return fmt::format("{}/{}", to_string(any.address), ipv4 ? any.prefix_bits - mapped_prefix_bits : any.prefix_bits);
}

std::optional<ip_address> address_of(const sockaddr& socket_address) {
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &socket_address, sizeof ipv4);
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &ipv4.sin_addr, bytes.size());
    return mapped(bytes.data());
  }
  if (socket_address.sa_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &socket_address, sizeof ipv6);
    ip_address address{};
    std::memcpy(address.data(), &ipv6.sin6_addr, address.size());
    return address;
  }
  return std::nullopt;
}

std::string endpoint_of(const sockaddr& socket_address) {
  const auto address = address_of(socket_address);
  if (!address) return "(no address)";
  // The port stands at the same place in both kinds of address.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  sockaddr_in common{};
  std::memcpy(&common, &socket_address, sizeof common);
  return endpoint_of(to_string(*address), ntohs(common.sin_port));
}

std::string endpoint_of(std::string_view address, unsigned port) {
  if (address.find(':') == std::string_view::npos) return fmt::format("{}:{}", address, port);
  return fmt::format("[{}]:{}", address, port);
}

egress_guard::egress_guard(std::vector<network> deny, std::vector<network> allow)
    : deny_{std::move(deny)}, allow_{std::move(allow)} {}

const network* egress_guard::denying(const ip_address& address) const {
  const auto holds = [&](const network& any) { return any.contains(address); };
  const auto denied = std::find_if(deny_.begin(), deny_.end(), holds);
  if (denied == deny_.end() || std::any_of(allow_.begin(), allow_.end(), holds)) return nullptr;
  return &*denied;
}

std::optional<std::string> egress_guard::refusal(const ip_address& address) const {
  if (deny_.empty()) return std::nullopt;
  for (const auto& reached : reached_by(address))
    if (const auto* denied = denying(reached))
      return fmt::format("{} may not be called: it is in {}, which http_target.deny_networks lists; "
                         "http_target.allow_networks can name an exception",
                         to_string(address), to_string(*denied));
  return std::nullopt;
}

} // namespace wheelwork
