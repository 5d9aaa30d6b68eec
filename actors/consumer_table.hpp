// Brings results of attempts at messages from the runners' threads to the consumers that asked for them.
#pragma once

#include "messages/running.hpp"

#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

namespace wheelwork {

/// Consumers of this node by a number that stands in the ids of their messages. Thread safe.
class consumer_table {
public:
  static constexpr size_t size_max = id_sequence_max + 1;

  /// None: there are size_max of them already.
  std::optional<uint16_t> reserve();
  void put(uint16_t slot, consumer_actor consumer);
  void release(uint16_t slot);

  /// An id for a message of the consumer; each call another one. `number` grows with the
  /// calls of one consumer.
  static job_id message_id(uint64_t number, uint16_t slot) {
    return job_id{(number << (id_shard_bits + id_sequence_bits)) |
                  (uint64_t{value_of(shard_of_messages)} << id_sequence_bits) | slot};
  }
  static bool is_message(job_id id) { return shard_of(id) == shard_of_messages; }

  /// Sends these, all of messages, to their consumers. Those of consumers that left are dropped.
  void route(target_kind kind, std::vector<attempt_result> results) const;

private:
  mutable std::shared_mutex mutex_;
  std::vector<consumer_actor> consumers_;
  std::vector<bool> reserved_;
};

} // namespace wheelwork
