#include "api/router.hpp"

#include "api/access.hpp"
#include "api/authority.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"

namespace wheelwork {
namespace {

using enum http_method;
constexpr auto viewer = token_role::viewer;
constexpr auto operate = token_role::operator_role;
constexpr auto admin = token_role::admin;
using body = body_kind;

// A viewer reads. An operator also pushes, runs, cancels, retries, works, enables or disables tasks, and pauses or
// resumes pools. An admin does all.
constexpr route table[] = {
    {post, "/api/v1/jobs", operate, body::json, routes::push_job},
    {post, "/api/v1/jobs/batch", operate, body::json_or_lines, routes::push_batch},
    {get, "/api/v1/jobs", viewer, body::none, routes::list_jobs},
    {post, "/api/v1/jobs/cancel", operate, body::json, routes::cancel_jobs},
    {post, "/api/v1/jobs/retry", operate, body::json, routes::retry_jobs},
    {get, "/api/v1/jobs/{id}", viewer, body::none, routes::read_job},
    {post, "/api/v1/jobs/{id}/cancel", operate, body::none, routes::cancel_job},
    {post, "/api/v1/jobs/{id}/retry", operate, body::none, routes::retry_job},
    {post, "/api/v1/jobs/{id}/attempts/{n}/ack", operate, body::json, routes::acknowledge_attempt, true},

    {post, "/api/v1/workers/poll", operate, body::json, routes::poll_for_jobs},
    {post, "/api/v1/workers/ack", operate, body::json, routes::acknowledge, true},
    {post, "/api/v1/workers/heartbeat", operate, body::json, routes::extend_lease, true},

    {get, "/api/v1/tasks", viewer, body::none, routes::list_tasks},
    {put, "/api/v1/tasks/{name}", admin, body::json, routes::put_task},
    {get, "/api/v1/tasks/{name}", viewer, body::none, routes::read_task},
    {patch, "/api/v1/tasks/{name}", operate, body::merge_patch, routes::patch_task},
    {delete_, "/api/v1/tasks/{name}", admin, body::none, routes::delete_task},
    {post, "/api/v1/tasks/{name}/run", operate, body::json_or_nothing, routes::run_task},
    {get, "/api/v1/tasks/{name}/next", viewer, body::none, routes::next_fires},
    {get, "/api/v1/tasks/{name}/fires", viewer, body::none, routes::list_fires},
    {post, "/api/v1/schedules/preview", viewer, body::json, routes::preview_schedule},

    {get, "/api/v1/pools", viewer, body::none, routes::list_pools},
    {put, "/api/v1/pools/{name}", admin, body::json, routes::put_pool},
    {get, "/api/v1/pools/{name}", viewer, body::none, routes::read_pool},
    {patch, "/api/v1/pools/{name}", operate, body::merge_patch, routes::patch_pool},
    {delete_, "/api/v1/pools/{name}", admin, body::none, routes::delete_pool},
    {get, "/api/v1/pools/{name}/events", viewer, body::none, routes::list_pool_events},
    {get, "/api/v1/pools/{name}/minutes", viewer, body::none, routes::list_pool_minutes},

    {get, "/api/v1/nodes", viewer, body::none, routes::list_nodes},
    {get, "/api/v1/stats", viewer, body::none, routes::read_stats},
    {get, "/healthz", viewer, body::none, routes::healthz},
    {get, "/readyz", viewer, body::none, routes::readyz},
    {get, "/metrics", viewer, body::none, routes::metrics},
    {get, "/openapi.json", viewer, body::none, routes::openapi},

    {post, "/api/v1/nodes/{name}/drain", admin, body::none, routes::not_built, false, true},
};

std::string_view next_segment(std::string_view& path) {
  const auto slash = path.find('/', 1);
  const auto segment = path.substr(1, slash == std::string_view::npos ? slash : slash - 1);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  return segment;
}

/// Raw values of the parameters go into `values`.
bool matches(std::string_view path_template, std::string_view path, std::vector<std::string_view>& values) {
  values.clear();
  while (!path_template.empty() && !path.empty()) {
    const auto wanted = next_segment(path_template), got = next_segment(path);
    if (wanted.starts_with('{')) {
      if (got.empty()) return false;
      values.push_back(got);
    } else if (wanted != got) {
      return false;
    }
  }
  return path_template.empty() && path.empty();
}

/// JSON is UTF-8; another charset is another format.
bool has_foreign_charset(std::string_view content_type) {
  const auto all = ascii_lower(content_type);
  const auto at = all.find("charset=");
  if (at == std::string::npos) return false;
  auto charset = all.substr(at + 8);
  charset = charset.substr(0, charset.find(';'));
  std::erase(charset, '"');
  std::erase(charset, ' ');
  return charset != "utf-8" && charset != "utf8" && charset != "us-ascii";
}

std::optional<http_answer> fault_in_content_type(body_kind kind, const http_request& request) {
  if (kind == body_kind::none || (kind == body_kind::json_or_nothing && request.body.empty())) return std::nullopt;
  const auto type = media_type_of(request.content_type);
  const bool known = type == "application/json" ||
                     (kind == body_kind::json_or_lines && type == "application/x-ndjson") ||
                     (kind == body_kind::merge_patch && type == "application/merge-patch+json");
  if (known && !has_foreign_charset(request.content_type)) return std::nullopt;
  std::string accepted = "application/json";
  if (kind == body_kind::json_or_lines) accepted += " or application/x-ndjson";
  if (kind == body_kind::merge_patch) accepted += " or application/merge-patch+json";
  return problem(415, "the body must be " + accepted + " in UTF-8, and Content-Type must say so");
}

http_answer method_not_allowed(const std::string& allowed) {
  auto answer = problem(405, "this path takes " + allowed);
  answer.extra_head = "Allow: " + allowed + "\r\n";
  return answer;
}

bool decode_parameters(const std::vector<std::string_view>& raw, http_request& request) {
  for (const auto& each : raw) {
    auto decoded = percent_decode(each, false);
    if (!decoded) return false;
    request.parameters.push_back(std::move(*decoded));
  }
  return true;
}

} // namespace

std::span<const route> all_routes() { return table; }

void route_request(api_context& context, http_request& request, const responder& respond) {
  std::vector<std::string_view> values;
  std::string allowed;
  for (const auto& each : table) {
    if (!matches(each.path, request.path, values)) continue;
    if (each.method != request.method && !(each.method == get && request.method == head)) {
      if (!allowed.empty()) allowed += ", ";
      allowed += to_string(each.method);
      if (each.method == get) allowed += ", HEAD";
      continue;
    }
    if (!is_enough(request.role, each.needed))
      return respond(problem(403, "this needs the role " + std::string{to_string(each.needed)} + "; the token has " +
                                      std::string{to_string(request.role)}));
    if (context.stopping && each.method != get && !each.ends_work)
      return respond(
          problem_later(503, "the node stops: ask another one, or this one when it is back", std::chrono::seconds{1}));
    if (!decode_parameters(values, request)) return respond(problem(400, "the path is not percent-encoded UTF-8"));
    if (const auto refusal = fault_in_content_type(each.body, request)) return respond(*refusal);
    return each.handle(context, request, respond);
  }
  respond(allowed.empty() ? problem(404, "there is no such path; /openapi.json lists all")
                          : method_not_allowed(allowed));
}

} // namespace wheelwork
