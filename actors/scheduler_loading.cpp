// Recovery of a shard and the windows of its live jobs.
#include "actors/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace wheelwork {

void scheduler_state::begin_recovery() { self_->send(with_.reader, recover_shard{self_, settings_.shard}); }

void scheduler_state::recover(const shard_recovered& answer) {
  if (!answer.contents) {
    spdlog::error("shard {} can't be recovered yet: {}", value_of(settings_.shard), answer.error);
    ++with_.statistics->background_failures;
    return load_later(settings_.reload_after_error);
  }
  auto& contents = *answer.contents;
  first_id_ms_ = std::max(contents.last_owner.id_milliseconds_reserved, now_ms());
  ids_.start_above(contents.last_owner.id_milliseconds_reserved);
  last_owner_until_ = std::min(now(), contents.last_owner.owner_lease_until);
  if (!contents.last_owner.released) possibly_started_until_ = std::min(now(), contents.last_owner.owner_lease_until);
  recovered_ = true;

  for (auto& row : contents.tasks) recover_task(row, contents.live_fires);
  recover_open_attempts(contents.open_attempts);
  journal_change firing;
  for (auto& [id, task] : tasks_) {
    drop_fires_of_inactive(task, firing);
    settle_missed_fires(task, firing);
    plan(task, firing);
  }
  write_firing(std::move(firing));
  load_next();
}

void scheduler_state::recover_task(const task_row& row, const std::vector<job>& live_fires) {
  auto id = row.definition->id;
  auto& task = tasks_[id];
  task.definition = row.definition;
  task.state = row.state;
  task.active = is_active_in(*row.definition, settings_.environment);
  task_ids_[row.definition->name] = id;
  with_.directory->put(row.definition);
  auto first = std::lower_bound(live_fires.begin(), live_fires.end(), id,
                                [](const job& fire, task_id wanted) { return fire.task < wanted; });
  for (; first != live_fires.end() && first->task == id; ++first) {
    if (first->attempt > 0 || first->start_recorded || possibly_started(*first) ||
        possibly_waiting_for_worker(*first) || adopted_.contains(first->id))
      task.unfinished.insert(first->id);
    else
      task.prepared[first->fire_time] = *first;
  }
  // The journal's fired_until never goes back, so after an edit it may be beyond what is really prepared.
  if (!task.prepared.empty()) {
    task.settled_until = std::min(now(), task.prepared.begin()->first - milliseconds{1});
    task.state.fired_until = std::min(task.state.fired_until, task.prepared.rbegin()->first);
  } else {
    task.settled_until = task.may_fire() ? task.state.fired_until : std::min(task.state.fired_until, now());
    task.state.fired_until = task.settled_until;
  }
}

/// A node started for another environment than before: what was prepared for the task is none of its fires.
void scheduler_state::drop_fires_of_inactive(task_runtime& task, journal_change& change) {
  if (task.may_fire() || task.prepared.empty()) return;
  for (auto& [fire_time, fire] : task.prepared) {
    hand_.take(fire, hand_phase::writing);
    change.unprepared.push_back({fire.id});
    if (task.state.runs > 0) --task.state.runs;
  }
  task.prepared.clear();
  with_state(task, change);
}

/// Attempts whose start is in the journal and whose end is not: they go on under a helper, or they are lost.
void scheduler_state::recover_open_attempts(const std::vector<recovered_job>& open_attempts) {
  std::vector<job> expected;
  std::vector<std::pair<job, attempt_record>> lost;
  for (auto& open : open_attempts) {
    auto what = open.what;
    if (auto* task = task_of(what.task); task && what.is_fire()) task->unfinished.insert(what.id);
    auto adopted = adopted_.find(what.id);
    if (adopted != adopted_.end() && adopted->second == what.attempt) {
      adopted_.erase(adopted);
      what.start_recorded = true;
      hand_.take(what, hand_phase::handed).attempt = what.attempt;
      expected.push_back(std::move(what));
    } else {
      attempt_record record = open.open_attempt.value_or(attempt_record{});
      record.number = what.attempt;
      record.error = "the node went away while it ran";
      lost.emplace_back(std::move(what), std::move(record));
    }
  }
  if (!expected.empty()) self_->send(with_.dispatcher, expect_results{std::move(expected)});
  if (!lost.empty()) write_lost(std::move(lost));
}

void scheduler_state::add_decision(journal_change& change, decision what) {
  if (auto* end = std::get_if<job_end>(&what))
    change.ends.push_back(std::move(*end));
  else
    change.agains.push_back(std::move(std::get<job_again>(what)));
}

void scheduler_state::load_next() {
  if (loading_ || !recovered_ || stopping_) return;
  auto until = now() + settings_.horizon;
  load_position reached{until, job_id{}};
  if (reached.due_at <= loaded_until_.due_at) return load_later(settings_.horizon / 4);
  loading_ = true;
  hand_.begin_load();
  position_before_load_ = loaded_until_;
  from_beginning_before_load_ = load_from_beginning_;
  load_window request;
  request.from = self_;
  request.shard = settings_.shard;
  request.from_beginning = load_from_beginning_;
  request.after_due = loaded_until_.due_at;
  request.after_id = loaded_until_.id;
  request.until = until;
  request.limit = settings_.load_rows;
  // Before the query starts: a push committed from now on with an earlier due time is armed directly, so no job can
  // fall between the two.
  loaded_until_ = reached;
  load_from_beginning_ = false;
  self_->send(with_.reader, std::move(request));
}

/// All that is not in hand, from the earliest on.
void scheduler_state::load_again() {
  load_from_beginning_ = true;
  loaded_until_ = load_position{wall_time::min(), job_id{}};
  load_next();
}

void scheduler_state::load_later(milliseconds wait) {
  auto at = with_.clock->steady_now() + wait;
  if (load_timer_at_ && *load_timer_at_ <= at) return;
  load_timer_at_ = at;
  self_->delayed_send(self_, std::chrono::duration_cast<caf::timespan>(wait), load_more{});
}

void scheduler_state::take_window(window_loaded& window) {
  loading_ = false;
  if (!window.error.empty()) {
    if (!std::exchange(loads_fail_, true))
      spdlog::error("jobs of shard {} can't be loaded now: {}", value_of(settings_.shard), window.error);
    ++with_.statistics->background_failures;
    loaded_until_ = std::min(loaded_until_, position_before_load_);
    load_from_beginning_ = from_beginning_before_load_;
    hand_.end_load();
    return load_later(settings_.reload_after_error);
  }
  if (std::exchange(loads_fail_, false))
    spdlog::info("jobs of shard {} can be loaded again", value_of(settings_.shard));
  // A push that found no room meanwhile has moved the watermark back; it must not move forward again here.
  if (!window.complete && !window.jobs.empty())
    loaded_until_ = std::min(loaded_until_, load_position{window.jobs.back().due_at, window.jobs.back().id});
  std::vector<job> fresh, go_on;
  std::vector<std::pair<job, attempt_record>> lost;
  bool room = true;
  for (auto& one : window.jobs) {
    if (hand_.known_since_load(one.id)) continue;
    if (with_.budget && !with_.budget->has_room()) {
      loaded_until_ = std::min(loaded_until_, load_position{one.due_at, job_id{value_of(one.id) - 1}});
      room = false;
      load_later(settings_.no_room_pause);
      break;
    }
    auto adopted = adopted_.find(one.id);
    if (adopted != adopted_.end() && adopted->second == one.attempt + 1) {
      adopted_.erase(adopted);
      one.attempt += 1;
      hand_.take(one, hand_phase::handed).attempt = one.attempt;
      go_on.push_back(std::move(one));
    } else if (possibly_started(one)) {
      attempt_record record;
      record.number = one.attempt + 1;
      record.error = "the node went away; whether it was started is not known";
      lost.emplace_back(std::move(one), std::move(record));
    } else if (belongs_here(one)) {
      hand_.take(one, hand_phase::armed);
      fresh.push_back(std::move(one));
    }
  }
  hand_.end_load();
  if (!go_on.empty()) self_->send(with_.dispatcher, expect_results{std::move(go_on)});
  if (!lost.empty()) write_lost(std::move(lost));
  place_armed(std::move(fresh));
  finish_loading_step(window.complete, room);
}

/// The last owner may have started a job that was due while its lease held (DESIGN, Starts); careful ones and those of
/// workers would have a start in the journal.
bool scheduler_state::possibly_started(const job& loaded) const {
  return possibly_started_until_ && loaded.due_at <= *possibly_started_until_ &&
         milliseconds_of(loaded.id) < first_id_ms_ && !loaded.careful() && !waits_for_worker(loaded) &&
         !loaded.start_recorded;
}

/// The last owner may have handed this fire over, and no worker took it: it is not missed, it still waits.
bool scheduler_state::possibly_waiting_for_worker(const job& fire) const {
  return waits_for_worker(fire) && fire.due_at <= last_owner_until_ && milliseconds_of(fire.id) < first_id_ms_;
}

void scheduler_state::write_lost(std::vector<std::pair<job, attempt_record>> lost) {
  journal_change change;
  change.must_apply = true;
  std::vector<std::pair<job, decision>> decided;
  for (auto& [what, record] : lost) {
    hand_.take(what, hand_phase::writing);
    auto verdict = decide_lost(what, std::move(record), now());
    add_decision(change, verdict);
    decided.emplace_back(std::move(what), std::move(verdict));
    count_attempt(attempt_outcome::lost);
  }
  write(std::move(change),
        [this, decided = std::move(decided)](const journal_receipt& receipt) { apply_decisions(decided, receipt); });
}

void scheduler_state::finish_loading_step(bool complete, bool room) {
  // The clock was set forward, or the watermark went back, while this window was read.
  bool behind = loaded_until_.due_at < now() + settings_.horizon / 2;
  if (room && (!complete || behind)) return load_next();
  load_later(settings_.horizon / 4);
  if (ready_) return;
  ready_ = true;
  forget_adopted_strangers();
  for (auto& early : early_outcomes_) take_outcomes(early);
  early_outcomes_.clear();
  self_->send(with_.keeper, shard_ready{settings_.shard});
}

/// Helpers whose job is not live any more (ended or cancelled meanwhile): nobody waits for their results.
void scheduler_state::forget_adopted_strangers() {
  if (adopted_.empty()) return;
  settled_attempts strangers;
  strangers.kind = target_kind::process;
  for (auto& [id, number] : adopted_) {
    spdlog::warn(
        "attempt {} of job {} was left by an earlier start of this node, but the job has ended: its result is dropped",
        number, to_string(id));
    strangers.attempts.push_back({id, number});
  }
  adopted_.clear();
  self_->send(with_.dispatcher, std::move(strangers));
}

} // namespace wheelwork
