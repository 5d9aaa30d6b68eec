// Why a Redis command brought nothing, in words that name what to do.
#pragma once

#include <string>
#include <string_view>

namespace wheelwork {

struct redis_failure {
  std::string message;
  std::string code{}; ///< the word that the server's error begins with, such as WRONGTYPE; empty: the connection failed
  bool sent = false;  ///< the command may have been carried out all the same: its answer was lost

  bool is(std::string_view known) const { return code == known; }
};

/// Words for an error that the server at `address` answered.
redis_failure failure_from(std::string_view server_error, const std::string& address);

} // namespace wheelwork
