// A PostgreSQL server of the tests' own: made in a temporary folder, reached by a Unix socket in it, gone with the
// process. Tests never use a server that they didn't start.
#pragma once

#include "tests/support/server_process.hpp"

namespace wheelwork {

/// How a server differs from the usual one of the tests.
struct postgres_server_options {
  std::string settings{};       ///< lines of postgresql.conf
  bool port = false;            ///< listens on a port of 127.0.0.1 as well
  bool tls = false;             ///< the same, there with TLS only and a certificate of its own
  std::filesystem::path disk{}; ///< folder in which all of it is; empty: that of temporary files
};

class postgres_server {
public:
  /// Why no server can be started here; empty: one can.
  static const std::string& missing();
  /// The one of this process, started at the first call. Throws std::runtime_error with what the server said.
  static postgres_server& of_process();

  explicit postgres_server(const postgres_server_options& options = {});
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// Of the superuser, who needs no password.
  std::string url(const std::string& database = "postgres") const;
  /// Of another user, who needs a password if the role has one. `password` empty: none is given.
  std::string url_of(const std::string& user, const std::string& password, const std::string& database) const;
  /// Over the port, where there is one; `parameters`: sslmode=require&…
  std::string port_url(const std::string& parameters, const std::string& database = "postgres") const;
  /// Over a proxy that listens on this port of 127.0.0.1 and passes on to socket().
  static std::string proxy_url(int port, const std::string& database);
  std::filesystem::path socket() const;
  /// That the server shows, and that signed itself.
  std::filesystem::path certificate() const { return folder_ / "server.crt"; }
  /// Statements of the superuser.
  void execute(const std::string& sql, const std::string& database = "postgres") const;
  /// The first value of the first row.
  std::string value(const std::string& sql, const std::string& database = "postgres") const;
  /// A new empty database with a name of its own.
  std::string new_database();

  const std::filesystem::path& folder() const { return folder_; }
  pid_t pid() const { return process_.pid(); }
  /// False: it ended by itself.
  bool runs() const { return process_.runs(); }
  /// Of the server and all its sessions: SIGSTOP, SIGCONT.
  void signal_all(int number) const;
  /// As by kill -9 of the whole server; the data stays.
  void crash();
  /// Starts on the data that is there; returns when it takes connections.
  void start();

private:
  void run_initdb(const postgres_server_options& options);
  void make_certificate();

  std::filesystem::path folder_;
  std::string port_; ///< empty: no other than that of the Unix socket
  server_process process_;
  int databases_ = 0;
};

} // namespace wheelwork
