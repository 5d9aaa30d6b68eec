// What the last owner of a shard left, read when this node took it.
#pragma once

#include "schedule/time.hpp"

#include <vector>

namespace wheelwork {

struct shard_takeover {
  bool released = false;
  wall_time lease_until{};
};
using shard_takeovers = std::vector<shard_takeover>;

} // namespace wheelwork
