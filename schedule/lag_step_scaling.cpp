#include "schedule/lag_step_scaling.hpp"

#include <utility>

namespace wheelwork {

lag_step_scaling::lag_step_scaling(const lag_step_policy& policy, const scaling_bounds& bounds, uint32_t start)
    : policy_{policy}, bounds_{bounds}, base_{bounds.floor()} {
  unheld_ = extra_ = bounds_.bound(start) - base_;
}

scaling_decision lag_step_scaling::decide(const backlog_reading& reading) {
  // What can't be seen is no reason to add, nor to let anybody go. The look is made up for at the next good reading.
  if (!reading.lag) return {consumers(), "the lag can't be read: " + std::to_string(consumers()) + " stay"};
  if (unheld_ > 0) groups_.push_back({std::exchange(unheld_, 0), reading.at + policy_.hold});
  auto left = end_holds(reading.at);
  bool due = !next_look_ || reading.at >= *next_look_;
  auto added = due || consumers() == 0 ? look(*reading.lag, reading.at) : 0;
  return {consumers(), reason(*reading.lag, added, left)};
}

uint32_t lag_step_scaling::end_holds(steady_time now) {
  uint32_t left = 0;
  std::erase_if(groups_, [&](const group& one) {
    bool over = now >= one.leaves_at;
    if (over) left += one.consumers;
    return over;
  });
  extra_ -= left;
  return left;
}

uint32_t lag_step_scaling::look(uint64_t lag, steady_time now) {
  next_look_ = now + policy_.interval;
  uint64_t planned = lag > policy_.lag_limit ? lag / std::max<uint64_t>(policy_.messages_per_consumer, 1) : 0;
  if (consumers() == 0 && lag > 0) planned = std::max<uint64_t>(planned, 1);
  auto added = static_cast<uint32_t>(std::min<uint64_t>(planned, bounds_.ceiling() - consumers()));
  if (added > 0) groups_.push_back({added, now + policy_.hold});
  extra_ += added;
  return added;
}

std::string lag_step_scaling::reason(uint64_t lag, uint32_t added, uint32_t left) const {
  auto text = "lag " + std::to_string(lag);
  bool above = lag > policy_.lag_limit;
  text += (above ? " above " : " not above ") + std::to_string(policy_.lag_limit);
  if (left > 0) text += ": " + std::to_string(left) + " held long enough";
  if (added > 0) text += (left > 0 ? ", " : ": ") + std::to_string(added) + (left > 0 ? " added" : " more");
  if (above && consumers() == bounds_.ceiling()) text += ", all of " + std::to_string(consumers()) + " in use";
  return text;
}

void lag_step_scaling::change(const lag_step_policy& policy, const scaling_bounds& bounds) {
  // A shorter hold or interval counts from now on for those already under way, too.
  for (auto& one : groups_) one.leaves_at += std::min(milliseconds{0}, policy.hold - policy_.hold);
  if (next_look_) *next_look_ += std::min(milliseconds{0}, policy.interval - policy_.interval);
  policy_ = policy;
  bounds_ = bounds;
  base_ = bounds_.floor();
  shed();
}

/// Takes extra consumers away until the total is within the bounds, those first who would stay longest.
void lag_step_scaling::shed() {
  auto room = bounds_.ceiling() - base_;
  while (extra_ > room) {
    auto& from = groups_.empty() ? unheld_ : groups_.back().consumers;
    auto gone = std::min(from, extra_ - room);
    from -= gone;
    extra_ -= gone;
    if (!groups_.empty() && groups_.back().consumers == 0) groups_.pop_back();
  }
}

} // namespace wheelwork
