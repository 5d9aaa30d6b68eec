// A request and its answer as the routes see them: plain values, nothing of the network.
#pragma once

#include "config/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

enum class http_method : uint8_t { get, head, put, post, patch, delete_, other };
std::string_view to_string(http_method method);

/// What is known of a request once its head was read.
struct http_head {
  http_method method = http_method::other;
  std::string path;  ///< as sent, still percent-encoded, without the query
  std::string query; ///< as sent, without the `?`
  std::string content_type;
  std::string host;
  std::string local_address;  ///< of this end of the connection
  std::string remote_address; ///< of the other end
  std::optional<std::string> origin;
  std::optional<std::string> authorization;
  std::optional<std::string> idempotency_key;
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
};

struct http_request : http_head {
  std::string body;
  token_role role = token_role::viewer; ///< of the caller; admin where no tokens are set
  std::vector<std::string> parameters;  ///< decoded values for the {…} of the route's path, in order
};

struct http_answer {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = "application/json"; ///< a literal; not sent when there is no body
  std::string extra_head = {};                        ///< whole header lines, each with its CRLF
  /// Called on any thread when the answer was certainly not sent whole: its connection is gone. Without a call it may
  /// have been sent or not.
  std::function<void()> undelivered = {};
};

/// Of a Content-Type: without its parameters, in lower case.
std::string media_type_of(std::string_view content_type);

/// Percent-decodes one segment of a path, or (`plus_is_blank`) a name or value of a query or form. None: a broken
/// escape. The bytes may be no UTF-8.
std::optional<std::string> percent_decode_bytes(std::string_view text, bool plus_is_blank);
/// The same where the bytes must be UTF-8. None: a broken escape, or they are not.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank);
/// Escapes all but unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);

/// The value may stand in a header line: no control characters.
bool is_header_safe(std::string_view value);

} // namespace wheelwork
