// What the actors of consumer pools say to each other.
#pragma once

#include "messages/actor_types.hpp"
#include "messages/journal_change.hpp"
#include "messages/operations.hpp"
#include "messages/pool.hpp"

namespace wheelwork {

/// Registry → pool → consumer: this definition holds from now on. What is in hand goes on under it.
struct change_pool {
  pool_ptr definition;
};

// ---- consumer

/// INTERNAL to the consumer: go on with the work.
struct consume {};
/// Pool → consumer: finish what is at the target, give the rest back, leave.
struct retire_consumer {};
/// Consumer → pool: it left; nothing is in its hands.
struct consumer_left {
  uint32_t number = 0;
};

/// Front desk → consumer: what became of messages that were to be recorded as jobs.
struct messages_recorded {
  std::vector<uint64_t> messages; ///< as the consumer numbers them
  std::string failure;            ///< empty: they are jobs now
};

// ---- lag monitor

/// INTERNAL to the lag monitor: time to look.
struct look_at_backlog {};
/// Lag monitor → pool: how much waits. An error in words: the source can't be read.
struct backlog_seen {
  std::string failure;
  uint64_t waiting = 0;
  std::optional<uint32_t> partitions;
  std::optional<wall_time> oldest;
  uint64_t recovered = 0;
  std::string warning; ///< what a user should know though the work goes on; empty: nothing
};

// ---- pool

/// INTERNAL to the pool: consumers that crashed are replaced now.
struct replace_consumers {};
/// INTERNAL to the pool: the same for its lag monitor.
struct replace_lag_monitor {};
/// Registry → pool: retire all consumers, then end; answered by pool_ended.
struct end_pool {};
struct pool_ended {
  std::string name;
};
/// Pool → registry: for the journal.
struct pool_happened {
  pool_event event;
};

// ---- registry

/// INTERNAL to the registry: time to read the journal again.
struct load_pools {};
/// Reader → registry: what the journal holds. An error: try again.
struct pools_loaded {
  std::string error;
  std::vector<pool_ptr> pools;
};
/// From threads outside.
struct put_pool {
  pool_definition definition; ///< without version and times
  std::optional<uint64_t> if_version;
  service_callback<pool_write> done;
};
struct delete_pool {
  std::string name;
  std::optional<uint64_t> if_version;
  service_callback<bool> done;
};
/// INTERNAL to the registry: write what happened in pools.
struct write_pool_records {};
/// Clean stop: end all pools; answered to the keeper.
struct stop_pools {
  keeper_actor to;
};
/// Registry → keeper: no pool of this node takes messages any more.
struct pools_stopped {};

} // namespace wheelwork
