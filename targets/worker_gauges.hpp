// How many workers wait and how much they hold, for the metrics.
#pragma once

#include <atomic>
#include <cstdint>

namespace wheelwork {

struct worker_gauges {
  std::atomic<uint64_t> polls{0};  ///< waiting for a job
  std::atomic<uint64_t> leases{0}; ///< attempts that workers hold
  std::atomic<uint64_t> acks{0};   ///< attempts, those included, that somebody outside must acknowledge
};

} // namespace wheelwork
