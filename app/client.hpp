// Requests to a node's HTTP API, one after the other.
#pragma once

#include "app/commands.hpp"
#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace wheelwork {

struct http_reply {
  long status = 0;
  std::string body;
  std::string entity_tag;

  bool ok() const { return status >= 200 && status < 300; }
};

struct outgoing_request {
  std::string method = "GET";
  std::string path; ///< behind /api/v1
  std::string body{};
  std::string content_type = "application/json";
  std::string idempotency_key{}; ///< empty: none
  milliseconds at_most{40'000};  ///< for the answer; a node gives a late one after 30 s
};

/// A connection that is kept for the next request. One thread.
class api_client {
public:
  /// Throws bad_server when the URL or token can't be used.
  explicit api_client(const client_options& options);
  ~api_client();
  api_client(const api_client&) = delete;
  api_client& operator=(const api_client&) = delete;

  /// The answer, whatever its status; or why there was none.
  result<http_reply, std::string> send(const outgoing_request& request);

  struct bad_server : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

private:
  struct connection;
  std::unique_ptr<connection> connection_;
};

/// A part of a path or query, percent-encoded.
std::string url_part(std::string_view text);

/// `?a=b&c=d` of those with a value; empty when there are none.
std::string query_of(const std::vector<std::pair<std::string, std::string>>& members);

/// Why the server refused, from its problem document: detail, and each of its errors in a line of its own.
std::string reason_of(const http_reply& reply);

/// The exit code for an answer that is no 2xx: wrong_use where the server found the input bad, else refused.
int refusal_code(const http_reply& reply);

/// The body as JSON. Throws std::runtime_error when it is none.
nlohmann::json json_of(const http_reply& reply);

/// Sends, and hands a 2xx answer on. Otherwise complains and answers the exit code: 3 for no answer, 2 for a wrong
/// --server or input that the server finds bad, 1 for any other refusal.
int exchange(const client_options& options, const outgoing_request& request,
             const std::function<int(const http_reply&)>& on_success);
int complain_unreachable(const client_options& options, const std::string& reason);

} // namespace wheelwork
