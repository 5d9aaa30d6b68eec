// What schedulers, persistence and reader say to each other.
#pragma once

#include "messages/actor_types.hpp"
#include "messages/journal_change.hpp"

#include <functional>
#include <memory>

namespace wheelwork {

class journal_reader;

/// Scheduler or pool registry → persistence: commit each of these whole; answered by receipts in their order.
struct write_changes {
  journal_client_actor from;
  std::vector<journal_change> changes;
};

struct receipts {
  std::vector<journal_receipt> of_changes;
};

/// Keeper's → persistence.
struct release_shards {
  keeper_actor to;
};
struct released {
  std::string error; ///< empty: all is written
};

/// INTERNAL to persistence: write what waits.
struct flush {};
/// INTERNAL to persistence.
struct renew_lease {};
/// INTERNAL to persistence.
struct drop_history {};

/// Scheduler → reader.
struct recover_shard {
  scheduler_actor from;
  shard_id shard{};
};

/// Everything that a new owner must know; see journal_reader. An error: try again.
struct shard_recovered {
  std::string error;
  std::shared_ptr<const struct shard_contents> contents;
};

/// Scheduler → reader: jobs after this place and due before `until`.
struct load_window {
  scheduler_actor from;
  shard_id shard{};
  bool from_beginning = false;
  wall_time after_due{};
  job_id after_id{};
  wall_time until{};
  size_t limit = 0;
};

struct window_loaded {
  std::string error; ///< empty: the rest counts
  std::vector<job> jobs;
  bool complete = true;
  wall_time until{};
};

/// API → reader: any read.
struct run_query {
  std::function<void(journal_reader&)> query;
};

} // namespace wheelwork
