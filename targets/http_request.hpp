// The request that an attempt of an http target sends (API.md, targets). Everything but the sending.
#pragma once

#include "targets/attempt.hpp"
#include "targets/webhook_signature.hpp"

#include <functional>

namespace wheelwork {

using header_fields = std::vector<std::pair<std::string, std::string>>;

/// Headers stand in groups, because not all may follow a redirect to another origin.
struct http_request {
  std::string url;
  std::string method;
  header_fields own;       ///< wheelwork's and the content type: to every hop
  header_fields users;     ///< the target's: only to the origin that the target names
  header_fields signature; ///< the same
  bool has_body = false;
  std::string_view body;            ///< of `made_body` or of the payload
  std::string made_body;            ///< a form
  payload kept;                     ///< keeps `body` alive
  std::vector<std::string> secrets; ///< values from the environment: must not be shown in errors and responses

  http_request() = default;
  http_request(const http_request&) = delete; // `body` may look into `made_body`
  http_request& operator=(const http_request&) = delete;
};

/// Reads an environment variable; none: not set.
using variable_reader = std::function<std::optional<std::string>(const std::string&)>;

struct http_request_context {
  const attempt_identity& identity;
  const webhook_signer* signer; ///< null: not signed
  const variable_reader& variable;
  wall_time now;
};

/// Headers named Wheelwork-*, webhook-*, Idempotency-Key and traceparent are wheelwork's own: the target's of that name
/// are left out. GET and HEAD carry the payload's members in the query, other methods carry it as the body. The error
/// is a sentence for the user and holds no value from the environment.
result<std::unique_ptr<http_request>, std::string> make_http_request(const attempt_order& order,
                                                                     const http_request_context& context);

/// Points the request at where an answer with this status redirects it to, as browsers do: a 303, and a 301 or 302 of a
/// POST, goes on as GET without a body. To another origin (scheme, host, port) the target's own headers and the
/// signature don't go along.
void redirect(http_request& request, int status, const std::string& location);

} // namespace wheelwork
