// What a node counts, as /stats (API.md) and as Prometheus text.
#pragma once

#include "actors/node_statistics.hpp"
#include "actors/pool_status.hpp"

#include <string>
#include <vector>

namespace wheelwork {

struct live_jobs {
  uint64_t pending = 0, running = 0;
};
/// None until the database was counted once.
std::optional<live_jobs> live_jobs_of(const node_statistics& statistics);

std::string statistics_as_json(const node_statistics& statistics, std::chrono::steady_clock::time_point now);

/// What the API itself counts, beside the node.
struct api_gauges {
  size_t connections = 0;
  size_t pushes_in_flight = 0;
  bool ready = false;
};

/// Text exposition format 0.0.4.
std::string statistics_as_metrics(const node_statistics& statistics, const api_gauges& gauges,
                                  const std::vector<pool_view>& pools, const clock_source& clock);

} // namespace wheelwork
