// Fires of tasks: what is due, what is skipped, what is prepared ahead.
#include "actors/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

namespace wheelwork {

void scheduler_state::take_due(std::vector<job> jobs) {
  std::map<task_id, std::vector<job>> fires;
  std::vector<job> careful;
  for (auto& one : jobs) {
    auto* entry = hand_.find(one.id);
    if (entry == nullptr) continue;
    if (entry->phase == hand_phase::withdrawn) {
      // Its withdrawal is at the journal: kept until that is answered, in case it fails.
      if (auto* task = task_of(one.task); task && task->editing)
        task->withdrawn_and_due[one.id] = std::move(one);
      else
        hand_.let_go(one.id);
      continue;
    }
    if (entry->phase != hand_phase::armed) continue;
    if (one.is_fire() && one.attempt == 0)
      fires[one.task].push_back(std::move(one));
    else
      careful.push_back(std::move(one));
  }
  if (!careful.empty()) start_or_start_carefully(std::move(careful));
  if (fires.empty()) return;
  journal_change change;
  for (auto& [id, of_task] : fires) {
    if (auto* task = task_of(id))
      take_due_fires(*task, std::move(of_task), change);
    else
      std::move(of_task.begin(), of_task.end(),
                std::back_inserter(to_start_)); // of a task deleted under another owner: it was made, so it runs
  }
  send_started();
  write_firing(std::move(change));
}

void scheduler_state::take_due_fires(task_runtime& task, std::vector<job> jobs, journal_change& change) {
  std::sort(jobs.begin(), jobs.end(), [](const job& a, const job& b) { return a.fire_time < b.fire_time; });
  auto missed = [&](const job& fire) {
    return is_missed(fire.due_at, now(), task.definition->misfire_grace) &&
           !task.admitted_late.contains(fire.fire_time) && task.prepared.contains(fire.fire_time);
  };
  if (std::any_of(jobs.begin(), jobs.end(), missed)) {
    for (auto& fire : jobs) hand_.take(fire, hand_phase::waiting);
    settle_missed_fires(task, change);
  }
  for (auto& fire : jobs) {
    auto* entry = hand_.find(fire.id);
    if (entry == nullptr || entry->phase == hand_phase::writing) continue; // settled as skipped
    task.admitted_late.erase(fire.fire_time);
    task.settled_until = std::max(task.settled_until, fire.fire_time);
    if (task.prepared.erase(fire.fire_time) > 0)
      admit(task, std::move(fire), change);
    else
      to_start_.push_back(std::move(fire)); // handed over before: its retry or its recovery is due
  }
  plan(task, change);
}

/// A fire whose time has come, by the task's rule for overlaps.
void scheduler_state::admit(task_runtime& task, job fire, journal_change& change) {
  auto unfinished = task.unfinished.size() + task.stopping.size();
  auto verdict = decide_overlap(task.definition->overlap, unfinished, task.waiting.size());
  // A fire that is late itself overlaps nothing that started after its time: late fires run each, one after the other.
  if (verdict != overlap_verdict::start && task.busy_since > fire.due_at) verdict = overlap_verdict::wait;
  switch (verdict) {
  case overlap_verdict::start: return start_fire(task, std::move(fire));
  case overlap_verdict::skip: return skip_fire(task, fire, skip_verdict::overlap, change);
  case overlap_verdict::wait:
    hand_.take(fire, hand_phase::waiting);
    task.waiting.push_back(std::move(fire));
    return;
  case overlap_verdict::replace_then_start:
    for (auto& older : task.waiting) skip_fire(task, older, skip_verdict::overlap, change);
    task.waiting.clear();
    hand_.take(fire, hand_phase::waiting);
    task.waiting.push_back(std::move(fire));
    return replace_unfinished(task);
  }
}

void scheduler_state::start_fire(task_runtime& task, job fire) {
  if (task.unfinished.empty() && task.stopping.empty()) task.busy_since = now();
  task.unfinished.insert(fire.id);
  task.last_skip.reset();
  to_start_.push_back(std::move(fire));
}

/// Fires that start at one instant go on in one message.
void scheduler_state::send_started() {
  if (!to_start_.empty()) start_or_start_carefully(std::exchange(to_start_, {}));
}

void scheduler_state::start_waiting(task_runtime& task) {
  if (task.waiting.empty() || !task.unfinished.empty() || !task.stopping.empty()) return;
  auto fire = std::move(task.waiting.front());
  task.waiting.pop_front();
  start_fire(task, std::move(fire));
}

void scheduler_state::replace_unfinished(task_runtime& task) {
  std::vector<job_id> ids{task.unfinished.begin(), task.unfinished.end()};
  for (auto id : ids) cancel_one(id, nullptr);
}

/// Takes a prepared job out of the journal: it is never run.
void scheduler_state::skip_fire(task_runtime& task, const job& fire, skip_verdict verdict, journal_change& change) {
  hand_.take(fire, hand_phase::writing);
  change.unprepared.push_back({fire.id});
  if (task.state.runs > 0) --task.state.runs;
  note_skip(task, {fire.fire_time, fire.fire_time, 1}, verdict, change);
  with_state(task, change);
}

void scheduler_state::note_skip(task_runtime& task, skipped_span span, skip_verdict verdict, journal_change& change) {
  with_.statistics->skipped += span.count;
  if (task.last_skip && task.last_skip->verdict == verdict) {
    task.last_skip->span.to = span.to;
    task.last_skip->span.count += span.count;
  } else {
    task.last_skip = fire_skip{task.definition->id, span, verdict};
  }
  // One change may extend the same run twice: only its newest length counts.
  auto same = [&](const fire_skip& other) {
    return other.task == task.definition->id && other.verdict == verdict &&
           other.span.from == task.last_skip->span.from;
  };
  change.skips.erase(std::remove_if(change.skips.begin(), change.skips.end(), same), change.skips.end());
  change.skips.push_back(*task.last_skip);
}

/// Prepared fires that nobody could hand over in time, and those after them that were not even prepared, by the task's
/// misfire rule.
void scheduler_state::settle_missed_fires(task_runtime& task, journal_change& change) {
  if (!task.may_fire() || task.prepared.empty() || task.editing) return;
  auto& rules = *task.definition;
  auto splay = splay_offset(rules.name, rules.splay);
  auto time = now() - splay;
  auto first = task.prepared.begin()->first;
  if (first > time || !is_missed(first, time, rules.misfire_grace) || task.admitted_late.contains(first)) return;
  auto settled =
      settle_missed(rules.when, rules.frame(), first - milliseconds{1}, time, rules.misfire, rules.misfire_grace);
  std::set<wall_time> chosen{settled.run.begin(), settled.run.end()};
  for (auto at = task.prepared.begin(); at != task.prepared.end() && at->first <= settled.settled_until;) {
    auto& [fire_time, fire] = *at;
    if (chosen.erase(fire_time) > 0) {
      task.admitted_late.insert(fire_time);
      ++at;
      continue;
    }
    auto* entry = hand_.find(fire.id);
    bool in_slot = entry != nullptr && entry->phase == hand_phase::armed;
    hand_.take(fire, in_slot ? hand_phase::withdrawn : hand_phase::writing);
    change.unprepared.push_back({fire.id});
    if (task.state.runs > 0) --task.state.runs;
    at = task.prepared.erase(at);
  }
  if (settled.skipped) note_skip(task, *settled.skipped, skip_verdict::misfire, change);
  task.settled_until = std::max(task.settled_until, settled.settled_until);
  auto settled_until = std::min(settled.settled_until, last_instant(rules));
  bool fresh = false;
  for (auto fire_time : chosen) {
    if (!runs_left(task)) {
      // The rest stays open: the ledger shows it as `max_runs`.
      settled_until = task.prepared.rbegin()->first;
      break;
    }
    task.admitted_late.insert(fire_time);
    prepare(task, fire_time, change);
    fresh = true;
  }
  if (fresh && !task.planning) {
    // No edit may come between: it could not take back what is being written.
    task.planning = true;
    planned_.push_back(task.definition->id);
  }
  task.state.fired_until = std::max(task.state.fired_until, settled_until);
  with_state(task, change);
}

/// The last time at which the task may fire.
wall_time scheduler_state::last_instant(const task_definition& task) {
  return task.ends_at ? *task.ends_at - milliseconds{1} : wall_time::max();
}

bool scheduler_state::runs_left(const task_runtime& task) const {
  return !task.definition->max_runs || task.state.runs < *task.definition->max_runs;
}

/// Prepares the next fires: at least one, at most those of the next two seconds; and settles what was missed since the
/// last one.
void scheduler_state::plan(task_runtime& task, journal_change& change) {
  if (task.planning || task.editing || !task.may_fire()) return;
  auto time = now();
  if (!task.prepared.empty() && task.prepared.rbegin()->first > time + settings_.plan_lead) return;
  auto fires = coming_fires(task, change);
  for (auto fire_time : fires) prepare(task, fire_time, change);
  auto shown = task.state.next_fire;
  show_next_fire(task);
  if (!fires.empty() || shown != task.state.next_fire) with_state(task, change);
  if (fires.empty()) return;
  task.planning = true;
  planned_.push_back(task.definition->id);
}

/// Fire times to prepare now, in order; moves fired_until on, but not over times after the last run or the end: those
/// stay open, and the ledger tells them as `max_runs` and `ended`.
std::vector<wall_time> scheduler_state::coming_fires(task_runtime& task, journal_change& change) {
  auto& rules = *task.definition;
  auto frame = rules.frame();
  std::vector<wall_time> fires;
  auto* every = std::get_if<every_schedule>(&rules.when);
  bool from_end = every != nullptr && every->from_end;
  if (from_end && (!task.unfinished.empty() || !task.waiting.empty() || !task.prepared.empty())) return fires;
  auto splay = splay_offset(rules.name, rules.splay);
  auto time = now() - splay;
  auto after = task.state.fired_until;
  if (!runs_left(task) || after >= last_instant(rules)) return fires;
  if (from_end && task.last_end) after = std::max(after, *task.last_end);
  if (after < time && !from_end) {
    auto settled = settle_missed(rules.when, frame, after, time, rules.misfire, rules.misfire_grace);
    if (settled.skipped) note_skip(task, *settled.skipped, skip_verdict::misfire, change);
    after = std::min(settled.settled_until, last_instant(rules));
    task.settled_until = std::max(task.settled_until, after);
    for (auto fire_time : settled.run) {
      if (task.state.runs + fires.size() >= rules.max_runs.value_or(UINT64_MAX)) {
        after = fires.back();
        break;
      }
      task.admitted_late.insert(fire_time);
      fires.push_back(fire_time);
    }
  }
  auto ahead = time + settings_.plan_ahead;
  for (;;) {
    if (task.state.runs + fires.size() >= rules.max_runs.value_or(UINT64_MAX)) break;
    auto next = next_fire(rules.when, frame, after);
    bool one_is_ahead =
        !fires.empty() ? fires.back() > time : !task.prepared.empty() && task.prepared.rbegin()->first > time;
    if (!next || (*next > ahead && one_is_ahead)) break;
    fires.push_back(*next);
    after = *next;
    if (from_end || *next > ahead) break;
  }
  task.state.fired_until = std::max(task.state.fired_until, after);
  return fires;
}

void scheduler_state::show_next_fire(task_runtime& task) {
  task.state.next_fire.reset();
  if (!task.prepared.empty()) task.state.next_fire = task.prepared.begin()->first;
}

new_job scheduler_state::make_job(const task_definition& task, job_origin origin, wall_time fire_time,
                                  wall_time due_at) {
  new_job made;
  made.made.id = job_id{new_id()};
  made.made.task = task.id;
  made.made.due_at = due_at;
  if (origin == job_origin::fire) made.made.fire_time = fire_time;
  made.made.how = task.how;
  made.made.body = task.body;
  made.made.priority = task.priority;
  made.made.origin = origin;
  made.created_at = now();
  made.task_name = task.name;
  made.marks = task.marks;
  return made;
}

void scheduler_state::prepare(task_runtime& task, wall_time fire_time, journal_change& change) {
  auto& rules = *task.definition;
  reserve_ids(change, 1);
  auto made = make_job(rules, job_origin::fire, fire_time, fire_time + splay_offset(rules.name, rules.splay));
  hand_.take(made.made, hand_phase::writing);
  task.prepared[fire_time] = made.made;
  ++task.state.runs;
  change.inserts.push_back(std::move(made));
}

/// The task's state goes with the change, once, as it is when the change is sent.
void scheduler_state::with_state(task_runtime& task, journal_change& change) {
  show_next_fire(task);
  for (auto& state : change.states) {
    if (state.task != task.definition->id) continue;
    state = task.state;
    return;
  }
  change.states.push_back(task.state);
}

/// Sends what firing wants to be written. It is never refused: what it says has been decided.
void scheduler_state::write_firing(journal_change change) {
  auto planned = std::move(planned_);
  planned_.clear();
  if (change.rows() == 0) return;
  change.must_apply = true;
  for (auto& state : change.states)
    if (auto* task = task_of(state.task)) state = task->state;
  std::vector<job> fresh;
  for (auto& made : change.inserts) fresh.push_back(made.made);
  std::vector<job_id> gone;
  for (auto& one : change.unprepared) gone.push_back(one.id);
  write(std::move(change), [this, fresh = std::move(fresh), gone = std::move(gone),
                            planned = std::move(planned)](const journal_receipt& receipt) {
    if (receipt.error) {
      spdlog::error("fires were refused by the journal: {}", receipt.error->message);
      ++with_.statistics->background_failures;
      self_->send(with_.keeper, node_broken{receipt.error->message});
      return;
    }
    for (auto id : gone) {
      auto* entry = hand_.find(id);
      if (entry != nullptr && entry->phase != hand_phase::withdrawn) hand_.let_go(id);
      written(id);
    }
    for (auto id : planned)
      if (auto* task = task_of(id)) task->planning = false;
    arm_or_let_go(fresh);
    // Time has passed while the plan was written.
    journal_change more;
    std::vector<std::string> names;
    for (auto id : planned)
      if (auto* task = task_of(id)) {
        plan(*task, more);
        if (!task->planning && !task->editing) names.push_back(task->definition->name);
      }
    write_firing(std::move(more));
    for (auto& waiting : names) edit_in_turn(waiting, nullptr);
  });
}

/// A fire is final: what waited for it may start, and a schedule that counts from the end goes on.
void scheduler_state::fire_ended(const job& fire, wall_time ended_at) {
  auto* task = task_of(fire.task);
  if (task == nullptr || !fire.is_fire()) return;
  task->unfinished.erase(fire.id);
  task->last_end = ended_at;
  start_waiting(*task);
  send_started();
  journal_change change;
  plan(*task, change);
  write_firing(std::move(change));
  if (task->deleted && task->unfinished.empty() && task->stopping.empty()) tasks_.erase(fire.task);
}

} // namespace wheelwork
