// Connection URLs of Postgres: postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require&connect_timeout=5
#pragma once

#include "schedule/result.hpp"

#include <string>

namespace wheelwork::postgres {

struct connection_target {
  std::string parameters; ///< as libpq takes them, with the password
  std::string shown;      ///< the URL for messages, without password
};

/// Reads the URL with all parameters that libpq knows. What it does not say gets a default: 5 s to connect, keep-alives
/// that notice a dead host after some 15 s, UTF-8. The error names the fix and never the password.
result<connection_target, std::string> read_url(const std::string& url);

} // namespace wheelwork::postgres
