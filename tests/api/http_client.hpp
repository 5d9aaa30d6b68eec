// A plain HTTP client on a blocking socket, which sends exactly the bytes that a test gives it.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace wheelwork::testing {

struct received_answer {
  int status = 0;
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// Waits at most ten seconds for anything; then it fails the test.
class http_client {
public:
  explicit http_client(uint16_t port);
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;
  http_client(http_client&& other) noexcept
      : socket_{std::exchange(other.socket_, -1)}, received_{std::move(other.received_)} {}

  /// False: the connection is closed for writing.
  bool send(std::string_view bytes);
  void end_sending();
  /// None: the server closed the connection. `without_body`: the answer to a HEAD.
  std::optional<received_answer> receive(bool without_body = false);
  /// Whether something (also the end) can be received within this time.
  bool is_readable_within(std::chrono::milliseconds patience);
  /// Whether the server has closed the connection after what was received.
  bool is_closed_by_server();

  /// One request with usual headers, and its answer.
  received_answer request(std::string_view method, std::string_view path, std::string_view body = "",
                          std::string_view extra_head = "", std::string_view content_type = "application/json");

private:
  bool receive_more();
  int socket_ = -1;
  std::string received_;
};

} // namespace wheelwork::testing
