// Owns one connection that writes: commits whatever waits in one transaction, while the next group gathers by itself.
// There are as many as the journal has writers; each shard has its own among them.
#pragma once

#include "actors/node_statistics.hpp"
#include "messages/journaling.hpp"
#include "messages/operations.hpp"
#include "messages/running.hpp"
#include "persistence/journal.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <random>

namespace wheelwork {

struct persistence_settings {
  uint16_t writer = 0;
  size_t group_rows = 1000; ///< a group is written as soon as it has so many rows
  milliseconds lease{3000};
  milliseconds renew_every{1000};
  milliseconds retry_first{100}; ///< after a failed commit; doubles up to retry_max
  milliseconds retry_max{2000};
  uint32_t random_seed = 1;            ///< of the jitter: writers that lost one server don't come back all at once
  milliseconds history_retention{0};   ///< zero: keep for ever, or another writer drops it
  milliseconds retention_first{5'000}; ///< after the start
  milliseconds retention_every{60'000};
  size_t retention_rows = 500; ///< in one transaction
};

struct persistence_dependencies {
  std::shared_ptr<journal_writer> writer;
  dispatcher_actor dispatcher;
  keeper_actor keeper;
  const clock_source* clock = nullptr;
  std::shared_ptr<node_statistics> statistics;
};

class persistence_state {
public:
  static inline const char* name = "persistence";

  explicit persistence_state(persistence_actor::pointer self) : self_{self} {}

  persistence_actor::behavior_type make_behavior(persistence_settings settings, persistence_dependencies with);

private:
  struct waiting_change {
    journal_client_actor from;
    journal_change change;
  };

  void take(write_changes& request);
  void arm_flush();
  void write_group();
  std::vector<waiting_change> next_group();
  void retry_later();
  void answer(std::vector<waiting_change>& group, std::vector<journal_receipt> receipts);
  void count(const journal_change& change, const journal_receipt& receipt);
  void note_failure(const journal_error& error, std::vector<waiting_change> group);
  void refuse_pushes(std::vector<waiting_change>& group, const journal_error& error);
  void note_success();
  void renew();
  void tend_history();
  bool drop_old_history();
  void release_if_asked();

  persistence_actor::pointer self_;
  persistence_settings settings_;
  persistence_dependencies with_;
  std::deque<waiting_change> waiting_;
  std::vector<waiting_change> unsettled_; ///< its commit has an unknown outcome: asked about before anything else
  size_t waiting_rows_ = 0;
  bool flush_armed_ = false;
  bool failing_ = false;
  milliseconds retry_after_{};
  std::minstd_rand chance_;
  keeper_actor release_to_;
};

/// Blocks in the database: spawn it detached, except in tests.
persistence_actor::behavior_type persistence(persistence_actor::stateful_pointer<persistence_state> self,
                                             persistence_settings settings, persistence_dependencies with);

} // namespace wheelwork
