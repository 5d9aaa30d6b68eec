// Who may ask: which Host and Origin are ours, which tokens count and with which role.
#pragma once

#include "api/http_message.hpp"
#include "api/secret_digest.hpp"

namespace wheelwork {

/// Used on the I/O thread only.
class access_control {
public:
  /// `listen`: HOST:PORT as configured.
  access_control(const std::string& listen, const std::vector<api_token>& tokens,
                 const std::vector<std::string>& hosts);

  /// Sets the tokens (none: everybody on this machine is admin) and further hosts that count from now on.
  void reload(const std::vector<api_token>& tokens, const std::vector<std::string>& hosts);

  /// 403 for a Host or Origin that is not ours, so that no web page drives a local node; 401 for paths under /api
  /// without a known token. Sets the role otherwise.
  std::optional<http_answer> refuse(const http_head& head, token_role& role) const;

private:
  struct known_token {
    secret_digest secret;
    token_role role;
  };
  bool is_our_host(const http_head& head) const;
  bool is_our_origin(const http_head& head) const;
  std::optional<token_role> role_of(std::string_view authorization) const;

  std::string listen_host_;
  std::vector<known_token> tokens_;
  std::vector<std::string> hosts_; ///< lower case, with or without a port
};

/// Whether a role is enough for what needs another.
constexpr bool is_enough(token_role has, token_role needed) { return has >= needed; }
std::string_view to_string(token_role role);

} // namespace wheelwork
