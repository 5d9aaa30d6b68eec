// Who may use a front: clients from certain networks, with a secret, and no web pages of other sites.
#pragma once

#include "api/http_message.hpp"
#include "api/secret_digest.hpp"
#include "targets/egress_guard.hpp"

namespace wheelwork {

/// Used on the I/O thread only.
class front_access {
public:
  /// The networks must be right (config/checks.cpp has seen to it).
  front_access(const std::vector<std::string>& tokens, const std::vector<std::string>& networks,
               const std::vector<std::string>& hosts);

  /// Why the request is refused, with its status; none: it is not. A secret comes as a bearer token, or as the password
  /// of Basic authentication, which is how clients send the one in `http://:SECRET@HOST/`.
  std::optional<std::pair<unsigned, std::string>> refusal(const http_head& head) const;

private:
  bool is_known_origin(const std::string& origin) const;
  bool is_inside(const std::string& remote_address) const;
  bool has_secret(const http_head& head) const;

  std::vector<secret_digest> secrets_;
  std::vector<network> networks_;
  std::vector<std::string> hosts_; ///< lower case, with or without a port
};

} // namespace wheelwork
