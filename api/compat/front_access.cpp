#include "api/compat/front_access.hpp"

#include "api/authority.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

namespace wheelwork {

namespace {

/// The password of `Basic …`; empty: another scheme, or not base64.
std::string basic_password(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (ascii_lower(authorization.substr(0, scheme.size())) != scheme) return {};
  const auto text = authorization.substr(scheme.size());
  std::string both(text.size(), '\0');
  size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(both.data()), both.size(), text.data(), text.size(), " ",
                        &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    return {};
  both.resize(size);
  const auto colon = both.find(':');
  return colon == both.npos ? std::string{} : both.substr(colon + 1);
}

} // namespace

front_access::front_access(const std::vector<std::string>& tokens, const std::vector<std::string>& networks,
                           const std::vector<std::string>& hosts) {
  if (sodium_init() < 0) throw std::runtime_error{"libsodium can't be initialised"};
  for (const auto& each : tokens) secrets_.emplace_back(each);
  for (const auto& each : networks) {
    const auto parsed = parse_network(each);
    if (!parsed) throw std::runtime_error{"network " + each + ": " + parsed.error()};
    networks_.push_back(*parsed);
  }
  for (const auto& each : hosts) hosts_.push_back(ascii_lower(each));
}

/// A page elsewhere may post a form to any address of this machine's network, and names where it comes from.
bool front_access::is_known_origin(const std::string& origin) const {
  const auto scheme_end = origin.find("://");
  const auto parsed =
      scheme_end == origin.npos ? std::nullopt : parse_authority(std::string_view{origin}.substr(scheme_end + 3));
  if (!parsed) return false;
  if (names_this_machine(*parsed)) return true;
  const auto whole = parsed->port.empty() ? parsed->host : parsed->host + ":" + parsed->port;
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const std::string& each) { return each == parsed->host || each == whole; });
}

bool front_access::is_inside(const std::string& remote_address) const {
  if (networks_.empty()) return true;
  const auto address = parse_address(remote_address);
  return address &&
         std::any_of(networks_.begin(), networks_.end(), [&](const network& each) { return each.contains(*address); });
}

bool front_access::has_secret(const http_head& head) const {
  if (!head.authorization) return false;
  const std::string basic = basic_password(*head.authorization);
  const secret_digest sent{basic.empty() ? bearer_token(*head.authorization) : std::string_view{basic}};
  bool known = false;
  for (const auto& each : secrets_) known = sent.equals(each) || known; // all of them: the time tells nothing
  return known;
}

std::optional<std::pair<unsigned, std::string>> front_access::refusal(const http_head& head) const {
  if (head.origin && !is_known_origin(*head.origin))
    return std::pair{403u,
                     std::string{"web pages of other sites may not post here (those in the front's option hosts may)"}};
  if (!is_inside(head.remote_address))
    return std::pair{403u, head.remote_address + " is in none of the networks that may call (allow_networks)"};
  if (!secrets_.empty() && !has_secret(head))
    return std::pair{401u, std::string{"a token is needed: Authorization: Bearer TOKEN, or http://:TOKEN@HOST/…"}};
  return std::nullopt;
}

} // namespace wheelwork
