// Small servers on free ports of 127.0.0.1 for the tests of targets: each connection runs a script that the test wrote.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace wheelwork::target_test {

struct received_request {
  std::string method;
  std::string target;                              ///< path and query as sent
  std::multimap<std::string, std::string> headers; ///< names in lower case
  std::string body;

  std::string header(const std::string& name) const; ///< "(none)" when missing
};

/// The server's end of one connection.
class test_connection {
public:
  explicit test_connection(int socket_number) : socket_{socket_number} {}
  /// None: the other side closed, or the server is being taken down.
  std::optional<received_request> read();
  /// False: the other side is gone.
  bool write(std::string_view bytes);
  /// A whole answer with Content-Length; `head` are further lines, each with \r\n.
  bool answer(int status, std::string_view body, std::string_view head = "");
  /// Nothing more goes either way.
  void close();
  /// Returns when the other side closes or the server is taken down.
  void wait_for_close();
  /// For pauses between bytes: true when nothing ended the connection for so long.
  bool stays_open_for(int milliseconds);

private:
  int socket_;
  std::string unread_;
};

/// Runs `script` on a thread for each connection, closes the connection after it. Taken down with all connections by
/// the destructor.
class test_server {
public:
  using script = std::function<void(test_connection&)>;
  explicit test_server(script each);
  ~test_server();
  test_server(const test_server&) = delete;
  test_server& operator=(const test_server&) = delete;

  int port() const { return port_; }
  /// http://127.0.0.1:PORT and the path.
  std::string url(std::string_view path = "/") const;
  size_t connections() const;

private:
  void accept_all();

  script each_;
  int port_ = 0; ///< before listener_, whose making fills it in
  int listener_ = -1;
  mutable std::mutex mutex_;
  bool closing_ = false;
  std::set<int> open_;
  size_t accepted_ = 0;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Answers every request like `answer` says and keeps the requests.
class recording_server {
public:
  using answer = std::function<void(test_connection&, const received_request&)>;
  explicit recording_server(answer each);
  std::string url(std::string_view path = "/") const { return server_.url(path); }
  int port() const { return server_.port(); }
  size_t connections() const { return server_.connections(); }
  std::vector<received_request> requests() const;

private:
  mutable std::mutex mutex_;
  std::vector<received_request> requests_;
  test_server server_;
};

/// Answers with this status and body.
recording_server::answer always(int status, std::string body = "ok", std::string head = "");

/// A port of 127.0.0.1 on which nobody listens.
int refused_port();

} // namespace wheelwork::target_test
