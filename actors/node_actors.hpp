// All actors of a node, how they get to know each other, and how they end.
#pragma once

#include "messages/actor_types.hpp"
#include "messages/target.hpp"

#include <array>
#include <vector>

namespace wheelwork {

struct node_actors {
  keeper_actor keeper;
  dispatcher_actor dispatcher;
  std::array<executor_actor, target_kinds> executors;
  std::vector<persistence_actor> persistence; ///< by writer
  std::vector<reader_actor> readers;          ///< the first is the schedulers', the others the API's
  std::vector<wheel_slot_actor> slots;
  ticker_actor ticker;
  std::vector<scheduler_actor> schedulers; ///< by shard
  front_desk_actor desk;
  pool_registry_actor pools;

  /// When all are there: the keeper watches the others, each hears of those that were born after it, and the shards
  /// begin.
  void introduce() const;
  /// Ends all of them, those that send before those that receive.
  void end();
};

} // namespace wheelwork
