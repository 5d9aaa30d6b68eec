// All routes in one table: method, path, the role that it needs, and who handles it. The OpenAPI document is tested
// against it.
#pragma once

#include "api/http_server.hpp"

#include <span>

namespace wheelwork {

class api_context;

enum class body_kind : uint8_t {
  none,            ///< what is sent is not looked at
  json,            ///< application/json
  json_or_nothing, ///< application/json, or no body at all
  json_or_lines,   ///< application/json or application/x-ndjson
  merge_patch,     ///< application/json or application/merge-patch+json
};

struct route {
  http_method method;
  std::string_view path; ///< a whole segment may be {name}
  token_role needed;
  body_kind body;
  void (*handle)(api_context& context, http_request& request, const responder& respond);
  bool ends_work = false; ///< taken also while the node stops, as the grace is for this
  bool planned = false;   ///< of the contract, but not in this edition: answers 501, is not in the OpenAPI document
};

std::span<const route> all_routes();

/// Finds the route, checks role and content type, and calls its handler; otherwise answers 404, 405, 403 or 415, and
/// 503 to whatever changes something while the node stops.
void route_request(api_context& context, http_request& request, const responder& respond);

} // namespace wheelwork
