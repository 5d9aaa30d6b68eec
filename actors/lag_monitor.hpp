// Looks at the backlog of a pool's source from beside, and gives back what consumers that died had in hand.
#pragma once

#include "messages/pooling.hpp"
#include "sources/source.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace wheelwork {

struct lag_monitor_settings {
  milliseconds every{1000};
};

class lag_monitor_state {
public:
  static inline const char* name = "lag_monitor";

  explicit lag_monitor_state(lag_monitor_actor::pointer self) : self_{self} {}

  lag_monitor_actor::behavior_type make_behavior(lag_monitor_settings settings, std::shared_ptr<source_monitor> source,
                                                 consumer_pool_actor owner);

private:
  lag_monitor_actor::pointer self_;
  lag_monitor_settings settings_;
  std::shared_ptr<source_monitor> source_;
  consumer_pool_actor owner_;
};

/// Blocks in the source: spawn it detached, except in tests.
lag_monitor_actor::behavior_type lag_monitor(lag_monitor_actor::stateful_pointer<lag_monitor_state> self,
                                             lag_monitor_settings settings, std::shared_ptr<source_monitor> source,
                                             consumer_pool_actor owner);

} // namespace wheelwork
