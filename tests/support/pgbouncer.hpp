// A pooler in front of a server of the tests: many sessions of clients share a few of the server, and change them from
// transaction to transaction.
#pragma once

#include "tests/support/postgres_server.hpp"

namespace wheelwork {

class pgbouncer {
public:
  /// Why it can't be started here; empty: it can.
  static const std::string& missing();
  /// `sessions`: how many of the server all clients share. Throws std::runtime_error.
  pgbouncer(const postgres_server& server, int sessions);
  ~pgbouncer();
  pgbouncer(const pgbouncer&) = delete;
  pgbouncer& operator=(const pgbouncer&) = delete;

  std::string url(const std::string& database = "postgres") const;

private:
  std::filesystem::path folder_;
  server_process process_;
};

} // namespace wheelwork
