// Runs http targets: one thread with a libcurl multi handle and kept-alive connections.
#pragma once

#include "targets/egress_guard.hpp"
#include "targets/runner.hpp"

namespace wheelwork {

struct http_runner_settings {
  milliseconds connect_timeout{3000};  ///< name, connection and TLS together, for each hop
  std::vector<network> deny_networks;  ///< checked on the address that is connected to, at each hop
  std::vector<network> allow_networks; ///< exceptions from deny_networks
  size_t connections_max = 1000;       ///< open at most, busy ones included; past it the idle ones are closed
  std::string signing_secret;          ///< Standard Webhooks; empty: not signed. whsec_ and base64, or any other text
  size_t kept_response_bytes = 4096;
  size_t readable_response_bytes = 1 << 20; ///< for success.json
  std::string ca_file;                      ///< PEM of the authorities that https trusts; empty: the system's
};

/// How many attempts run at once, and how many against one host, is the dispatcher's business.
class http_runner : public runner {
public:
  /// For attempts and hops that begin from now on, on kept-alive connections too.
  virtual void set_networks(std::vector<network> deny, std::vector<network> allow) = 0;
};

/// Throws std::invalid_argument when the signing secret is not usable, std::runtime_error when libcurl is not.
std::unique_ptr<http_runner> make_http_runner(http_runner_settings settings, attempt_identity identity,
                                              const clock_source& clock, results_sink sink);

} // namespace wheelwork
