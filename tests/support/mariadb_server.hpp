// A MariaDB server of the tests' own: made in a temporary folder, reached by a Unix socket in it, gone with the
// process. Tests never use a server that they didn't start.
#pragma once

#include "tests/support/server_process.hpp"

#include <filesystem>
#include <memory>
#include <string>

struct st_mysql;

namespace wheelwork {

/// A session beside the journal's, of the user `root`.
class mariadb_session {
public:
  /// Throws std::runtime_error with the server's words; so the others.
  mariadb_session(const std::filesystem::path& socket, const std::string& database);
  /// Statements, separated by semicolons.
  void execute(const std::string& sql);
  /// The first value of the first row of the last statement; empty where it is none.
  std::string value(const std::string& sql);

private:
  struct close {
    void operator()(st_mysql* handle) const;
  };
  std::unique_ptr<st_mysql, close> handle_;
};

/// How a server differs from the usual one of the tests.
struct mariadb_server_options {
  std::vector<std::string> settings{}; ///< of its command line
  bool port = false;                   ///< listens on a port of 127.0.0.1 as well
  bool tls = false;                    ///< the same, with a certificate of its own
  std::filesystem::path disk{};        ///< folder in which all of it is; empty: that of temporary files
};

class mariadb_server {
public:
  /// Why no server can be started here; empty: one can.
  static const std::string& missing();
  /// The one of this process, started at the first call. Throws std::runtime_error with what the server said.
  static mariadb_server& of_process();

  explicit mariadb_server(mariadb_server_options options = {});
  ~mariadb_server();
  mariadb_server(const mariadb_server&) = delete;
  mariadb_server& operator=(const mariadb_server&) = delete;

  /// Of the user `root`, who needs no password.
  std::string url(const std::string& database = "wheelwork") const { return url_of("root", {}, database); }
  std::string url_of(const std::string& user, const std::string& password, const std::string& database) const;
  /// Of `root` over the port, where there is one; `parameters`: ssl-mode=required&…
  std::string port_url(const std::string& parameters = {}, const std::string& database = "wheelwork") const;
  /// Over a proxy that listens on this port of 127.0.0.1 and passes on to socket().
  static std::string proxy_url(int port, const std::string& database) {
    return "mysql://root@127.0.0.1:" + std::to_string(port) + "/" + database;
  }
  /// Of the server and all its sessions: SIGSTOP, SIGCONT.
  void signal_all(int number) const;
  /// That the server shows, and that signed itself.
  std::filesystem::path certificate() const { return folder_ / "server.crt"; }
  mariadb_session session(const std::string& database = "wheelwork") const { return {socket(), database}; }
  void execute(const std::string& sql, const std::string& database = "wheelwork") const {
    session(database).execute(sql);
  }
  /// The first value of the first row.
  std::string value(const std::string& sql, const std::string& database = "wheelwork") const {
    return session(database).value(sql);
  }
  /// A new empty database with a name of its own.
  std::string new_database();

  std::filesystem::path socket() const { return folder_ / "socket"; }
  const std::string& port() const { return port_; }
  pid_t pid() const { return process_.pid(); }
  /// False: it ended by itself.
  bool runs() const { return process_.runs(); }
  /// As by kill -9; the data stays.
  void crash();
  /// Starts on the data that is there; returns when it takes connections.
  void start();

private:
  void make_certificate();
  /// Of its own: a server that starts removes the temporary tables of all others from a folder that they share.
  std::filesystem::path temporary() const { return folder_ / "tmp"; }

  mariadb_server_options options_;
  std::filesystem::path folder_;
  std::string port_; ///< empty: none
  server_process process_;
  int databases_ = 0;
};

} // namespace wheelwork
