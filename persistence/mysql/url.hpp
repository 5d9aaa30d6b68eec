// Connection URLs of MySQL and MariaDB: mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=verify-identity&ssl-ca=FILE
#pragma once

#include "schedule/result.hpp"

#include <cstdint>
#include <string>

namespace wheelwork::mysql {

enum class tls_mode { off, required, verify_identity };

struct connection_target {
  std::string host, socket, user, password, database;
  uint16_t port = 3306;
  tls_mode tls = tls_mode::off;
  std::string tls_ca, tls_certificate, tls_key; ///< files
  std::string shown;                            ///< the URL for messages, without password
};

/// Parameters: `socket` (a Unix socket in place of the host), `ssl-mode` or `sslmode` (disabled, required,
/// verify-identity), `ssl-ca`, `ssl-cert`, `ssl-key`. The error names the fix and never the password.
result<connection_target, std::string> read_url(const std::string& url);

} // namespace wheelwork::mysql
