#include "actors/ticker.hpp"

#include "actors/guard.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace wheelwork {

ticker_state::~ticker_state() {
  if (with_.alarm_clock) with_.alarm_clock->stop();
}

ticker_actor::behavior_type ticker_state::make_behavior(ticker_dependencies with) {
  guard(self_, name);
  with_ = std::move(with);
  earliest_.resize(with_.slots.size());
  with_.alarm_clock->start(
      [to = caf::actor_cast<ticker_actor>(self_)](bool jumped) { caf::anon_send(to, alarm_rang{jumped}); });
  return {
      [this](const occupied& slot) { note(slot); },
      [this](const owners& all) { schedulers_ = all.of_shard; },
      [this](const alarm_rang& ring) { wake_slots(ring.jumped); },
  };
}

void ticker_state::note(const occupied& slot) {
  earliest_[slot.slot] = slot.earliest;
  if (!alarm_at_ || slot.earliest < *alarm_at_) set_alarm();
}

void ticker_state::wake_slots(bool jumped) {
  auto now = with_.clock->wall_now();
  for (size_t slot = 0; slot < earliest_.size(); ++slot) {
    if (!earliest_[slot] || *earliest_[slot] > now) continue;
    // The slot tells again what is left, so a tick is sent once for each thing it told.
    earliest_[slot].reset();
    self_->send(with_.slots[slot], tick{now});
  }
  if (jumped) {
    ++with_.statistics->clock_jumps;
    for (auto& scheduler : schedulers_) self_->send(scheduler, clock_jumped{now});
  }
  set_alarm();
}

void ticker_state::set_alarm() {
  alarm_at_.reset();
  for (auto& time : earliest_)
    if (time && (!alarm_at_ || *time < *alarm_at_)) alarm_at_ = time;
  with_.alarm_clock->set(alarm_at_.value_or(latest_wall_time));
}

ticker_actor::behavior_type ticker(ticker_actor::stateful_pointer<ticker_state> self, ticker_dependencies with) {
  return self->state.make_behavior(std::move(with));
}

} // namespace wheelwork
