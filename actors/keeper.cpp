#include "actors/keeper.hpp"

#include "actors/guard.hpp"

#include <spdlog/spdlog.h>

namespace wheelwork {

keeper_actor::behavior_type keeper_state::make_behavior(std::shared_ptr<node_progress> progress) {
  guard(self_, name);
  progress_ = std::move(progress);
  // Every core actor is monitored: none may go in silence.
  self_->set_down_handler([this](const caf::down_msg& gone) {
    if (gone.reason == caf::exit_reason::user_shutdown || gone.reason == caf::exit_reason::kill) return;
    auto why = "an actor ended: " + self_->system().render(gone.reason);
    spdlog::critical("{}", why);
    progress_->change([&](node_progress& now) { now.broken = why; });
  });
  return {
      [this](const shard_ready& shard) {
        progress_->change([&](node_progress& now) { now.ready.insert(value_of(shard.shard)); });
      },
      [this](const shard_settled& shard) {
        progress_->change([&](node_progress& now) { now.settled.insert(value_of(shard.shard)); });
      },
      [this](const drained& rest) {
        progress_->change([&](node_progress& now) { now.still_running = rest.still_running; });
      },
      [this](const released& end) { progress_->change([&](node_progress& now) { now.released = end.error; }); },
      [this](const pools_stopped&) { progress_->change([](node_progress& now) { now.pools_stopped = true; }); },
      [this](const node_broken& why) {
        spdlog::critical("the node can't go on: {}", why.reason);
        progress_->change([&](node_progress& now) { now.broken = why.reason; });
      },
      [this](const watch& these) {
        for (auto& actor : these.actors) self_->monitor(actor);
      },
  };
}

keeper_actor::behavior_type keeper(keeper_actor::stateful_pointer<keeper_state> self,
                                   std::shared_ptr<node_progress> progress) {
  return self->state.make_behavior(std::move(progress));
}

} // namespace wheelwork
