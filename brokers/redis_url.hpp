// Where a Redis server is and how to log in: the `url` of [redis.NAME].
#pragma once

#include "schedule/result.hpp"

#include <string>
#include <string_view>

namespace wheelwork {

struct redis_address {
  std::string host; ///< empty: `path` counts
  int port = 6379;
  std::string path; ///< of a Unix socket
  std::string user; ///< empty: the server's default user
  std::string password;
  int database = 0;

  /// For messages: HOST:PORT or the path, never the password.
  std::string text() const;
};

/// Reads `redis://[USER]:[PASSWORD]@HOST:PORT/DATABASE` or `unix://[USER:PASSWORD@]/PATH?db=DATABASE`; what is no
/// letter or digit in user and password is written as %40 and the like. The error says what is wrong and names what
/// would be right, without the password.
result<redis_address, std::string> parse_redis_url(std::string_view url);

} // namespace wheelwork
