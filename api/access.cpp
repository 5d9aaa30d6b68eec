#include "api/access.hpp"

#include "api/authority.hpp"
#include "api/problem.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

namespace wheelwork {

std::string_view to_string(token_role role) {
  switch (role) {
  case token_role::viewer: return "viewer";
  case token_role::operator_role: return "operator";
  case token_role::admin: return "admin";
  }
  return "?";
}

access_control::access_control(const std::string& listen, const std::vector<api_token>& tokens,
                               const std::vector<std::string>& hosts) {
  if (sodium_init() < 0) throw std::runtime_error{"libsodium can't be initialised"};
  if (const auto parsed = parse_authority(listen)) listen_host_ = parsed->host;
  reload(tokens, hosts);
}

void access_control::reload(const std::vector<api_token>& tokens, const std::vector<std::string>& hosts) {
  tokens_.clear();
  for (const auto& each : tokens) tokens_.push_back({secret_digest{each.secret}, each.role});
  hosts_.clear();
  for (const auto& each : hosts) hosts_.push_back(ascii_lower(each));
}

bool access_control::is_our_host(const http_head& head) const {
  if (head.host.empty()) return true; // HTTP/1.0; browsers always send it
  const auto parsed = parse_authority(head.host);
  if (!parsed) return false;
  const auto& host = parsed->host;
  if (names_this_machine(*parsed) || host == listen_host_) return true;
  const bool any_address = listen_host_ == "0.0.0.0" || listen_host_ == "[::]";
  if (any_address && host == bracketed(head.local_address)) return true;
  const auto whole = ascii_lower(head.host);
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const std::string& each) { return each == host || each == whole; });
}

/// A page of ours names in Origin the same authority as in Host. Behind a proxy that changes Host, api.hosts names it.
bool access_control::is_our_origin(const http_head& head) const {
  if (!head.origin) return true;
  const auto scheme_end = head.origin->find("://");
  if (scheme_end == std::string::npos) return false;
  const auto scheme = ascii_lower(head.origin->substr(0, scheme_end));
  const auto origin = parse_authority(std::string_view{*head.origin}.substr(scheme_end + 3));
  const auto host = parse_authority(head.host);
  if (!origin || !host || (scheme != "http" && scheme != "https")) return false;
  const std::string default_port = scheme == "https" ? "443" : "80";
  const auto port_of = [&](const authority& any) { return any.port.empty() ? default_port : any.port; };
  if (origin->host == host->host && port_of(*origin) == port_of(*host)) return true;
  const auto whole = origin->port.empty() ? origin->host : origin->host + ":" + origin->port;
  return std::find(hosts_.begin(), hosts_.end(), whole) != hosts_.end();
}

std::optional<token_role> access_control::role_of(std::string_view authorization) const {
  const auto sent = bearer_token(authorization);
  if (sent.empty()) return std::nullopt;
  const secret_digest given{sent};
  std::optional<token_role> role;
  for (const auto& each : tokens_) // all of them, so that the time tells nothing
    if (given.equals(each.secret)) role = each.role;
  return role;
}

std::optional<http_answer> access_control::refuse(const http_head& head, token_role& role) const {
  if (!is_our_host(head))
    return problem(403, "the Host of the request is not this node's; api.hosts lists further names of it");
  if (!is_our_origin(head))
    return problem(403,
                   "the Origin of the request is another site; web pages elsewhere may not use this node (api.hosts)");
  role = token_role::admin;
  if (tokens_.empty() || !(head.path == "/api" || head.path.starts_with("/api/"))) return std::nullopt;
  const auto found = head.authorization ? role_of(*head.authorization) : std::nullopt;
  if (found) {
    role = *found;
    return std::nullopt;
  }
  auto answer = problem(401, head.authorization ? "the bearer token is not known"
                                                : "a bearer token is needed: Authorization: Bearer …");
  answer.extra_head = "WWW-Authenticate: Bearer realm=\"wheelwork\"\r\n";
  return answer;
}

} // namespace wheelwork
