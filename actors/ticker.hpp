// Wakes each slot of the wheel when its earliest job is due, and sleeps in between.
#pragma once

#include "actors/alarm.hpp"
#include "actors/node_statistics.hpp"
#include "messages/firing.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <vector>

namespace wheelwork {

struct ticker_dependencies {
  const clock_source* clock = nullptr;
  std::shared_ptr<alarm> alarm_clock;
  std::vector<wheel_slot_actor> slots;
  std::shared_ptr<node_statistics> statistics;
};

class ticker_state {
public:
  static inline const char* name = "ticker";

  explicit ticker_state(ticker_actor::pointer self) : self_{self} {}
  ~ticker_state();

  ticker_actor::behavior_type make_behavior(ticker_dependencies with);

private:
  void note(const occupied& slot);
  void wake_slots(bool jumped);
  void set_alarm();

  ticker_actor::pointer self_;
  ticker_dependencies with_;
  std::vector<std::optional<wall_time>> earliest_; ///< by slot; none: nothing armed that it told of
  std::optional<wall_time> alarm_at_;
  std::vector<scheduler_actor> schedulers_;
};

/// Starts the alarm, and stops it when it ends.
ticker_actor::behavior_type ticker(ticker_actor::stateful_pointer<ticker_state> self, ticker_dependencies with);

} // namespace wheelwork
