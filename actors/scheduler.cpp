#include "actors/scheduler.hpp"

#include "actors/guard.hpp"

#include <spdlog/spdlog.h>

#include <map>

namespace wheelwork {

scheduler_actor::behavior_type scheduler_state::make_behavior(scheduler_settings settings,
                                                              scheduler_dependencies with) {
  guard(self_, name);
  settings_ = std::move(settings);
  with_ = std::move(with);
  random_.seed(settings_.random_seed);
  hand_ = jobs_in_hand{with_.budget};
  for (auto& attempt : with_.adopted) adopted_[attempt.id] = attempt.number;
  return {
      [this](begin_shard) { begin_recovery(); },
      [this](submit& request) { push(request); },
      [this](put_task& request) { put(request); },
      [this](delete_task& request) { remove(request); },
      [this](run_task& request) { run_by_hand(request); },
      [this](const cancel_jobs& request) { cancel(request); },
      [this](const retry_jobs& request) { retry(request); },
      [this](due& jobs) { take_due(std::move(jobs.jobs)); },
      [this](begin_starts& these) { begin_for_workers(std::move(these.jobs)); },
      [this](taken_back& answer) { take_given_back(answer); },
      [this](outcomes& all) { take_outcomes(all); },
      [this](const still_running& attempts) { journal_starts(attempts); },
      [this](receipts& answers) { hear(answers); },
      [this](const shard_recovered& answer) { recover(answer); },
      [this](window_loaded& window) { take_window(window); },
      [this](const clock_jumped&) { load_next(); },
      [this](const settle_shard& request) {
        stopping_ = true;
        settle_to_ = request.to;
        settle_if_idle();
      },
      [this](load_more) {
        load_timer_at_.reset();
        if (recovered_)
          load_next();
        else
          begin_recovery();
      },
  };
}

uint64_t scheduler_state::new_id() {
  auto made = ids_.next(now_ms());
  // reserve_ids() was called for as many as are made, so there is room.
  if (!made) throw std::logic_error{"an id was made without a reservation"};
  return make_id(made->first, settings_.shard, made->second);
}

/// Makes sure that `count` ids can be made: the change that first uses them carries the reservation, so both are
/// committed together.
void scheduler_state::reserve_ids(journal_change& change, size_t count) {
  if (auto until = ids_.reservation_needed(now_ms(), count)) ids_.reserve(*until);
  if (ids_.reserved_until() > ids_reserved_in_journal_) change.ids = id_reservation{ids_.reserved_until()};
}

void scheduler_state::write(journal_change change, continuation then) {
  change.ticket = next_ticket_++;
  change.shard = settings_.shard;
  auto reserved = change.ids ? change.ids->milliseconds_until : 0;
  unanswered_[change.ticket] = [this, reserved, then = std::move(then)](const journal_receipt& receipt) {
    if (!receipt.error) ids_reserved_in_journal_ = std::max(ids_reserved_in_journal_, reserved);
    then(receipt);
  };
  write_changes request;
  request.from = self_;
  request.changes.push_back(std::move(change));
  self_->send(with_.persistence, std::move(request));
}

void scheduler_state::hear(receipts& answers) {
  for (auto& receipt : answers.of_changes) {
    auto found = unanswered_.find(receipt.ticket);
    if (found == unanswered_.end()) continue;
    auto then = std::move(found->second);
    unanswered_.erase(found);
    then(receipt);
  }
  settle_if_idle();
}

/// Runs `then` as soon as no change of this job is at the journal.
void scheduler_state::when_written(job_id id, std::function<void()> then) {
  after_write_[id].push_back(std::move(then));
}

void scheduler_state::written(job_id id) {
  auto found = after_write_.find(id);
  if (found == after_write_.end()) return;
  auto waiting = std::move(found->second);
  after_write_.erase(found);
  for (auto& then : waiting) then();
}

/// Jobs of a task with a foreign partition wait in the journal for a node of that partition.
bool scheduler_state::belongs_here(const job& any) const {
  if (value_of(any.task) == 0) return true;
  auto task = tasks_.find(any.task);
  if (task == tasks_.end()) return true;
  auto& partition = task->second.definition->partition;
  return partition.empty() || partition == settings_.partition;
}

/// After the commit that made a job wait: it is armed when the loads have passed its place already, else left for a
/// later load.
void scheduler_state::arm_or_let_go(std::vector<job> jobs) {
  std::vector<job> armed;
  std::vector<job_id> settled;
  for (auto& one : jobs) {
    load_position place{one.due_at, one.id};
    settled.push_back(one.id);
    if (place > loaded_until_ || !belongs_here(one)) {
      hand_.let_go(one.id);
    } else if (with_.budget && !with_.budget->has_room()) {
      // No room: the watermark goes back, so that a later load finds it. What is in hand beyond it stays in hand.
      hand_.let_go(one.id);
      loaded_until_ = load_position{one.due_at, job_id{value_of(one.id) - 1}};
      load_later(settings_.no_room_pause);
    } else {
      hand_.take(one, hand_phase::armed);
      armed.push_back(std::move(one));
    }
  }
  place_armed(std::move(armed));
  for (auto id : settled) written(id);
}

/// To the wheel, or past it where a job is due already.
void scheduler_state::place_armed(std::vector<job> jobs) {
  auto time = now();
  std::vector<job> start, decide;
  std::map<size_t, arm> by_slot;
  for (auto& one : jobs) {
    if (one.due_at > time)
      by_slot[slot_of(one.due_at, with_.slots.size())].jobs.push_back(std::move(one));
    else if (one.is_fire() || one.careful())
      decide.push_back(std::move(one));
    else
      start.push_back(std::move(one));
  }
  for (auto& [slot, batch] : by_slot) self_->send(with_.slots[slot], std::move(batch));
  if (!start.empty()) hand_over(std::move(start));
  if (!decide.empty()) take_due(std::move(decide));
}

void scheduler_state::hand_over(std::vector<job> jobs) {
  for (auto& one : jobs) hand_.take(one, hand_phase::handed);
  self_->send(with_.dispatcher, dispatch{std::move(jobs)});
}

void scheduler_state::settle_if_idle() {
  if (!settle_to_ || !unanswered_.empty()) return;
  self_->send(settle_to_, shard_settled{settings_.shard});
  settle_to_ = nullptr;
}

task_runtime* scheduler_state::task_of(task_id id) {
  auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : &found->second;
}

scheduler_actor::behavior_type scheduler(scheduler_actor::stateful_pointer<scheduler_state> self,
                                         scheduler_settings settings, scheduler_dependencies with) {
  return self->state.make_behavior(std::move(settings), std::move(with));
}

} // namespace wheelwork
