// The node itself: members, numbers, health, metrics, and the description of the API.
#include "api/openapi.hpp"
#include "api/routes.hpp"
#include "api/statistics_json.hpp"
#include "schedule/time_text.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork::routes {

void list_nodes(api_context& context, http_request&, const responder& respond) {
  const auto& counts = context.node.statistics();
  const auto health = context.node.health();
  const auto now = context.node.clock().steady_now();
  nlohmann::json node{{"name", context.facts.name},
                      {"version", context.facts.version},
                      {"roles", context.facts.roles},
                      {"shards", context.facts.shards},
                      {"started_at", format_time(context.facts.started_at)},
                      {"ready", health.ready},
                      {"load",
                       {{"armed", counts.armed.load()},
                        {"queued", counts.queued.load()},
                        {"in_flight", counts.in_flight.load()},
                        {"started_per_second", counts.started.per_second(now)}}}};
  respond(json_answer(200, {{"items", {std::move(node)}}, {"next", nullptr}}));
}

void read_stats(api_context& context, http_request&, const responder& respond) {
  respond({200, context.statistics_text()});
}

void healthz(api_context&, http_request&, const responder& respond) { respond({200, R"({"status":"alive"})"}); }

void readyz(api_context& context, http_request&, const responder& respond) {
  const auto health = context.node.health();
  nlohmann::json body{{"ready", health.ready}};
  if (!health.ready) body["reason"] = health.reason;
  respond(json_answer(health.ready ? 200 : 503, body));
}

void metrics(api_context& context, http_request&, const responder& respond) {
  const api_gauges gauges{context.connections ? context.connections() : 0, context.pushes.in_flight(),
                          context.node.health().ready};
  respond({200, statistics_as_metrics(context.node.statistics(), gauges, context.node.pools(), context.node.clock()),
           "text/plain; version=0.0.4; charset=utf-8"});
}

void openapi(api_context&, http_request&, const responder& respond) { respond({200, std::string{openapi_text()}}); }

void not_built(api_context&, http_request&, const responder& respond) {
  respond(problem(501, "this edition of wheelwork does not have this part of the API yet"));
}

} // namespace wheelwork::routes
