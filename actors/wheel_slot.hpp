// Keeps the armed jobs of one slot until they are due, then sends them on.
#pragma once

#include "actors/node_statistics.hpp"
#include "messages/firing.hpp"
#include "messages/running.hpp"
#include "schedule/timing_wheel.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace wheelwork {

struct wheel_slot_dependencies {
  uint32_t slot = 0;
  dispatcher_actor dispatcher;
  std::shared_ptr<node_statistics> statistics;
};

class wheel_slot_state {
public:
  static inline const char* name = "wheel_slot";

  explicit wheel_slot_state(wheel_slot_actor::pointer self) : self_{self} {}

  wheel_slot_actor::behavior_type make_behavior(wheel_slot_dependencies with);

private:
  void keep(arm& these);
  void give_back(const take_back& request);
  void send_due(wall_time now);
  void tell_earliest();

  wheel_slot_actor::pointer self_;
  wheel_slot_dependencies with_;
  ticker_actor ticker_;
  std::vector<scheduler_actor> schedulers_;
  timing_wheel_slot<job> jobs_;
  std::optional<wall_time> told_; ///< what the ticker knows
};

wheel_slot_actor::behavior_type wheel_slot(wheel_slot_actor::stateful_pointer<wheel_slot_state> self,
                                           wheel_slot_dependencies with);

} // namespace wheelwork
