// What a node knows of a database that it took.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sql/shard_takeover.hpp"

namespace wheelwork {

struct registration {
  uint16_t writers = 1;
  node_record self;
  std::array<uint8_t, 16> secret{};
  uint16_t shards = 0;
  std::shared_ptr<shard_takeovers> takeovers = std::make_shared<shard_takeovers>();
};

} // namespace wheelwork
