// Hears what concerns the node as a whole and tells the threads that wait for it: shards are ready, a clean stop is
// through, something broke.
#pragma once

#include "messages/journaling.hpp"
#include "messages/operations.hpp"
#include "messages/pooling.hpp"
#include "messages/running.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

namespace wheelwork {

/// Where a node stands; written by the keeper, waited for by the thread that started the node. Thread safe.
class node_progress {
public:
  /// Blocks until `done` is true of the progress or the time is over.
  template <class Predicate>
  bool wait_for(std::chrono::milliseconds at_most, Predicate done) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, at_most, [&] { return done(*this); });
  }

  template <class Change>
  void change(Change apply) {
    {
      std::lock_guard lock{mutex_};
      apply(*this);
    }
    changed_.notify_all();
    if (on_change) on_change();
  }

  template <class Read>
  auto read(Read look) const {
    std::lock_guard lock{mutex_};
    return look(*this);
  }

  std::set<uint16_t> ready;            ///< shards
  std::set<uint16_t> settled;          ///< shards
  std::optional<size_t> still_running; ///< attempts after the drain
  std::optional<std::string> released; ///< the error, empty: none
  bool pools_stopped = false;
  std::string broken;              ///< why the node can't go on
  std::function<void()> on_change; ///< set before the node starts; called on actor threads

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
};

class keeper_state {
public:
  static inline const char* name = "keeper";

  explicit keeper_state(keeper_actor::pointer self) : self_{self} {}

  keeper_actor::behavior_type make_behavior(std::shared_ptr<node_progress> progress);

private:
  keeper_actor::pointer self_;
  std::shared_ptr<node_progress> progress_;
};

keeper_actor::behavior_type keeper(keeper_actor::stateful_pointer<keeper_state> self,
                                   std::shared_ptr<node_progress> progress);

} // namespace wheelwork
