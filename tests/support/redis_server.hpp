// A Redis server of the tests' own: in a temporary folder, reached by a Unix socket in it, gone with the test. It
// starts within 50 ms, so each test has its own.
#pragma once

#include "brokers/redis_connection.hpp"
#include "tests/support/server_process.hpp"

namespace wheelwork {

struct redis_server_options {
  std::vector<std::string> settings{}; ///< "appendonly yes", "maxmemory 4mb", …
  bool port = false;                   ///< listens on a port of 127.0.0.1 as well
  std::string password{};              ///< that it asks for
};

class redis_server {
public:
  /// Why no server can be started here; empty: one can.
  static const std::string& missing();

  /// Returns when it takes commands. Throws std::runtime_error with what it said.
  explicit redis_server(redis_server_options options = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  std::string url() const;
  std::string url_of(const std::string& user, const std::string& password) const;
  /// Over the port, where there is one.
  std::string port_url() const;
  const std::string& port() const { return port_; }

  /// A command of the test's own, over a connection beside all others; its text or number as text, elements of an array
  /// one per line. Throws std::runtime_error on an error.
  std::string run(const redis_command& command);
  /// The elements of an array.
  std::vector<std::string> list(const redis_command& command);

  pid_t pid() const { return process_.pid(); }
  void signal(int number) const;
  /// As by kill -9; the folder stays.
  void crash();
  /// With what is on its disk. `until_it_says`: what its log has when it is as far as the test wants it.
  void start(const std::string& until_it_says = "ready to accept connections at");
  /// For the next start.
  void set(std::string setting) { options_.settings.push_back(std::move(setting)); }
  const std::filesystem::path& folder() const { return folder_; }

private:
  redis_reply answer(const redis_command& command);

  redis_server_options options_;
  std::filesystem::path folder_;
  std::string port_;
  server_process process_;
  std::unique_ptr<redis_connection> shell_;
};

/// The machine's clocks.
const clock_source& redis_test_clock();

} // namespace wheelwork
