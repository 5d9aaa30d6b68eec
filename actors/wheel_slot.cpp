#include "actors/wheel_slot.hpp"

#include "actors/guard.hpp"

#include <map>

namespace wheelwork {

namespace {

constexpr size_t batch_max = 1000;

/// Fires and careful jobs are the scheduler's to decide on; the rest can start at once.
bool must_pass_scheduler(const job& any) { return any.is_fire() || any.careful(); }

} // namespace

wheel_slot_actor::behavior_type wheel_slot_state::make_behavior(wheel_slot_dependencies with) {
  guard(self_, name);
  with_ = std::move(with);
  return {
      [this](const owners& all) {
        schedulers_ = all.of_shard;
        ticker_ = all.ticker;
      },
      [this](arm& these) { keep(these); },
      [this](const take_back& request) { give_back(request); },
      [this](const tick& time) { send_due(time.now); },
  };
}

void wheel_slot_state::keep(arm& these) {
  with_.statistics->armed += these.jobs.size();
  for (auto& one : these.jobs) jobs_.arm(std::move(one));
  tell_earliest();
}

void wheel_slot_state::give_back(const take_back& request) {
  taken_back answer;
  answer.ticket = request.ticket;
  for (auto& wanted : request.wanted) {
    if (auto taken = jobs_.take_back(wanted.id, wanted.due_at))
      answer.taken.push_back(std::move(*taken));
    else
      answer.missing.push_back(wanted);
  }
  with_.statistics->armed -= answer.taken.size();
  self_->send(request.from, std::move(answer));
}

void wheel_slot_state::send_due(wall_time now) {
  told_.reset();
  for (;;) {
    auto taken = jobs_.take_due(now, batch_max);
    if (taken.empty()) break;
    with_.statistics->armed -= taken.size();
    dispatch ready;
    std::map<uint16_t, due> decide;
    for (auto& one : taken) {
      if (must_pass_scheduler(one))
        decide[value_of(shard_of(one.id))].jobs.push_back(std::move(one));
      else
        ready.jobs.push_back(std::move(one));
    }
    if (!ready.jobs.empty()) self_->send(with_.dispatcher, std::move(ready));
    for (auto& [shard, jobs] : decide) self_->send(schedulers_[shard], std::move(jobs));
  }
  tell_earliest();
}

void wheel_slot_state::tell_earliest() {
  auto earliest = jobs_.earliest();
  if (!earliest || (told_ && *told_ <= *earliest)) return;
  told_ = earliest;
  self_->send(ticker_, occupied{with_.slot, *earliest});
}

wheel_slot_actor::behavior_type wheel_slot(wheel_slot_actor::stateful_pointer<wheel_slot_state> self,
                                           wheel_slot_dependencies with) {
  return self->state.make_behavior(std::move(with));
}

} // namespace wheelwork
