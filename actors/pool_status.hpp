// What is known of a pool beside its definition, as API and metrics show it.
#pragma once

#include "messages/pool.hpp"

#include <optional>

namespace wheelwork {

struct pool_status {
  bool active = false;         ///< this node runs it: environment and partition match
  std::optional<uint64_t> lag; ///< messages that wait; none: not read yet, or it can't be read
  uint32_t consumers = 0;      ///< that live now
  uint32_t wanted = 0;         ///< as the policy says
  uint64_t in_flight = 0;      ///< messages at the target
  uint64_t in_hand = 0;        ///< messages that consumers of this node took and have not finished, those included
  uint64_t waiting_for_retry = 0;
  double taken_per_second = 0;   ///< over the last minute; so the next
  double handled_per_second = 0; ///< succeeded or buried
  uint64_t taken = 0, succeeded = 0, failed_attempts = 0, dead_letters = 0, recovered = 0; ///< since the node's start
  std::optional<wall_time> oldest; ///< when the message that waits longest was produced, where the source tells
  std::string failure;             ///< why the source can't be read, or consumers can't; empty: all is well
  std::string last_decision;       ///< of the policy, in words
};

struct pool_view {
  pool_ptr definition;
  pool_status status;
};

} // namespace wheelwork
