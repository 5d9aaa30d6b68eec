#include "actors/lag_monitor.hpp"

#include "actors/guard.hpp"

namespace wheelwork {

lag_monitor_actor::behavior_type lag_monitor_state::make_behavior(lag_monitor_settings settings,
                                                                  std::shared_ptr<source_monitor> source,
                                                                  consumer_pool_actor owner) {
  guard(self_, name);
  settings_ = settings;
  source_ = std::move(source);
  owner_ = std::move(owner);
  self_->send(self_, look_at_backlog{});
  return {
      [this](const look_at_backlog&) {
        backlog_seen seen;
        if (auto now = source_->look(); now) {
          seen.waiting = now->waiting;
          seen.partitions = now->partitions;
          seen.oldest = now->oldest;
          seen.recovered = now->recovered;
          seen.warning = std::move(now->warning);
        } else {
          seen.failure = now.error().message;
        }
        self_->send(owner_, std::move(seen));
        self_->delayed_send(self_, settings_.every, look_at_backlog{});
      },
  };
}

lag_monitor_actor::behavior_type lag_monitor(lag_monitor_actor::stateful_pointer<lag_monitor_state> self,
                                             lag_monitor_settings settings, std::shared_ptr<source_monitor> source,
                                             consumer_pool_actor owner) {
  return self->state.make_behavior(settings, std::move(source), std::move(owner));
}

} // namespace wheelwork
