#include "api/statistics_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace wheelwork {

namespace {

/// Three digits after the point are enough for people and programs.
double rounded(double value) { return std::round(value * 1000) / 1000; }

} // namespace

std::optional<live_jobs> live_jobs_of(const node_statistics& statistics) {
  const auto live = statistics.live.now();
  if (!live) return std::nullopt;
  const auto running = std::min<uint64_t>(*live, statistics.in_flight.load());
  return live_jobs{*live - running, running};
}

std::string statistics_as_json(const node_statistics& statistics, std::chrono::steady_clock::time_point now) {
  const auto live = live_jobs_of(statistics);
  const auto lateness = statistics.lateness.summarize(now);
  nlohmann::json body;
  auto& jobs = body["jobs"];
  jobs["pending"] = live ? nlohmann::json(live->pending) : nlohmann::json();
  jobs["running"] = live ? nlohmann::json(live->running) : nlohmann::json();
  jobs["succeeded"] = statistics.succeeded.load();
  jobs["dead"] = statistics.dead.load();
  jobs["cancelled"] = statistics.cancelled.load();
  body["attempts"] = {{"failed", statistics.failed.load()},
                      {"timed_out", statistics.timed_out.load()},
                      {"lost", statistics.lost.load()},
                      {"late", statistics.late.load()}};
  body["skipped"] = statistics.skipped.load();
  body["rates"] = {{"pushed", rounded(statistics.pushed.per_second(now))},
                   {"started", rounded(statistics.started.per_second(now))},
                   {"finished", rounded(statistics.finished.per_second(now))}};
  body["lateness_ms"] = {
      {"p50", rounded(lateness.p50_ms)}, {"p99", rounded(lateness.p99_ms)}, {"max", rounded(lateness.max_ms)}};
  return body.dump();
}

} // namespace wheelwork
