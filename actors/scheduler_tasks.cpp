// Edits of tasks: each takes back the prepared fires, commits the new definition with new ones, and only then answers.
#include "actors/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace wheelwork {

namespace {

service_error edit_error(const journal_error& error) {
  if (error.code == journal_errc::conflict) return {service_errc::conflict, error.message, std::chrono::seconds{1}, {}};
  if (error.code == journal_errc::broken) return {service_errc::broken, error.message, std::chrono::seconds{1}, {}};
  if (error.code == journal_errc::unknown_outcome)
    return {service_errc::unknown_outcome, error.message, std::chrono::seconds{1}, {}};
  return {service_errc::unavailable, error.message, std::chrono::seconds{1}, {}};
}

template <class Request>
task_answered refusal(const Request& request, service_errc code, std::string message) {
  return {request.ticket, failure(service_error{code, std::move(message), std::chrono::seconds{1}, {}})};
}

/// Where firing of a new or enabled task starts: fires before now are none, but an `at` in the past is a missed fire,
/// and `first: now` fires now.
wall_time fires_from(const task_definition& task, wall_time now) {
  if (auto* at = std::get_if<at_schedule>(&task.when); at != nullptr && at->time <= now)
    return at->time - milliseconds{1};
  return now - milliseconds{1};
}

bool same_schedule(const task_definition& a, const task_definition& b) {
  if (a.when.index() != b.when.index()) return false;
  if (auto* at = std::get_if<at_schedule>(&a.when)) return at->time == std::get<at_schedule>(b.when).time;
  return true;
}

} // namespace

// ---- one edit of a name at a time

void scheduler_state::edit_in_turn(const std::string& task_name, std::function<void()> operation) {
  if (operation) edits_[task_name].push_back(std::move(operation));
  auto waiting = edits_.find(task_name);
  if (waiting == edits_.end() || editing_.contains(task_name)) return;
  auto* task = task_named(task_name);
  if (task != nullptr && task->planning) return; // its receipt comes back here
  auto next = std::move(waiting->second.front());
  waiting->second.pop_front();
  if (waiting->second.empty()) edits_.erase(waiting);
  editing_.insert(task_name);
  if (task != nullptr) task->editing = true;
  next();
}

void scheduler_state::edit_done(const std::string& task_name) {
  editing_.erase(task_name);
  if (auto* task = task_named(task_name)) {
    task->editing = false;
    journal_change change;
    plan(*task, change);
    write_firing(std::move(change));
  }
  edit_in_turn(task_name, nullptr);
}

task_runtime* scheduler_state::task_named(const std::string& task_name) {
  auto found = task_ids_.find(task_name);
  return found == task_ids_.end() ? nullptr : task_of(found->second);
}

// ---- create and replace

void scheduler_state::put(put_task& request) {
  if (!ready_ || stopping_) {
    self_->send(request.from, refusal(request, service_errc::unavailable,
                                      stopping_ ? "the node stops" : "the node is not ready yet"));
    return;
  }
  auto shared = std::make_shared<put_task>(std::move(request));
  edit_in_turn(shared->definition.name, [this, shared] {
    if (auto* task = task_named(shared->definition.name))
      replace_task(*task, *shared);
    else
      create_task(*shared);
  });
}

void scheduler_state::create_task(put_task& request) {
  auto task_name = request.definition.name;
  if (request.if_version.value_or(0) != 0) {
    self_->send(request.from,
                refusal(request, service_errc::version_mismatch, "there is no task " + task_name + " to replace"));
    return edit_done(task_name);
  }
  journal_change change;
  reserve_ids(change, 2);
  auto definition = std::move(request.definition);
  auto time = now();
  definition.id = task_id{new_id()};
  definition.version = 1;
  definition.created_at = definition.updated_at = time;
  auto id = definition.id;
  task_runtime fresh;
  fresh.active = is_active_in(definition, settings_.environment);
  fresh.state.task = id;
  fresh.state.fired_until = fresh.settled_until = fires_from(definition, time);
  if (definition.enabled)
    fresh.state.enabled_at = time;
  else
    fresh.state.disabled_at = time;
  fresh.definition = std::make_shared<const task_definition>(std::move(definition));
  auto& task = tasks_[id] = std::move(fresh);
  if (task.may_fire())
    for (auto fire_time : coming_fires(task, change)) prepare(task, fire_time, change);
  task.editing = true;
  show_next_fire(task);
  change.tasks_put.push_back({task.definition, task.state, true, 0});
  std::vector<job> prepared;
  for (auto& made : change.inserts) prepared.push_back(made.made);
  write(std::move(change),
        [this, id, prepared, task_name, from = request.from, ticket = request.ticket](const journal_receipt& receipt) {
          auto& made = tasks_[id];
          if (receipt.error) {
            for (auto& fire : prepared) hand_.let_go(fire.id);
            tasks_.erase(id);
            self_->send(from, task_answered{ticket, failure(edit_error(*receipt.error))});
          } else {
            task_ids_[task_name] = id;
            with_.directory->put(made.definition);
            self_->send(from, task_answered{ticket, task_write{true, true, {made.definition, made.state}}});
            arm_or_let_go(prepared);
          }
          edit_done(task_name);
        });
}

void scheduler_state::replace_task(task_runtime& task, put_task& request) {
  auto& old = *task.definition;
  auto task_name = old.name;
  if (request.if_version && *request.if_version != old.version) {
    self_->send(request.from, refusal(request, service_errc::version_mismatch,
                                      "the task has changed: its version is " + std::to_string(old.version)));
    return edit_done(task_name);
  }
  if (request.definition.spec == old.spec) {
    self_->send(request.from, task_answered{request.ticket, task_write{false, false, {task.definition, task.state}}});
    return edit_done(task_name);
  }
  auto time = now();
  auto next = std::move(request.definition);
  next.id = old.id;
  next.version = old.version + 1;
  next.created_at = old.created_at;
  next.updated_at = std::max(time, old.updated_at);

  journal_change change;
  reserve_ids(change, 1);
  // A trial copy: what fails leaves the task as it was.
  auto last_skip = task.last_skip;
  if (next.enabled || old.enabled) note_idle_span(task, change);
  auto before = task.state;
  auto before_definition = task.definition;
  auto withdrawn = withdraw(task, !next.enabled, change);
  if (next.enabled != old.enabled) (next.enabled ? task.state.enabled_at : task.state.disabled_at) = time;
  if (next.enabled && !old.enabled) task.state.disabled_at.reset();
  task.state.fired_until = planning_base(task, next, withdrawn);
  task.definition = std::make_shared<const task_definition>(std::move(next));
  task.active = is_active_in(*task.definition, settings_.environment);
  if (task.may_fire())
    for (auto fire_time : coming_fires(task, change)) prepare(task, fire_time, change);
  show_next_fire(task);
  change.tasks_put.push_back({task.definition, task.state, false, old.version});
  change.states.clear();
  std::vector<job> prepared;
  for (auto& made : change.inserts) prepared.push_back(made.made);
  auto id = old.id;
  write(std::move(change), [this, id, prepared, withdrawn, before, before_definition, last_skip, task_name,
                            from = request.from, ticket = request.ticket](const journal_receipt& receipt) {
    auto& edited = tasks_[id];
    if (receipt.error) {
      for (auto& fire : prepared) {
        edited.prepared.erase(fire.fire_time);
        hand_.let_go(fire.id);
      }
      edited.state = before;
      edited.definition = before_definition;
      edited.last_skip = last_skip;
      edited.active = is_active_in(*before_definition, settings_.environment);
      finish_withdrawal(edited, withdrawn, false);
      self_->send(from, task_answered{ticket, failure(edit_error(*receipt.error))});
    } else {
      finish_withdrawal(edited, withdrawn, true);
      with_.directory->put(edited.definition);
      self_->send(from, task_answered{ticket, task_write{false, true, {edited.definition, edited.state}}});
      arm_or_let_go(prepared);
      if (edited.definition->partition == settings_.partition && before_definition->partition != settings_.partition) {
        // Its jobs that waited for another node may run here now.
        load_again();
      }
    }
    edit_done(task_name);
  });
}

/// From where the new definition fires: never at a time that has been fired already, and not before now, but for fires
/// that the splay held back until the edit took them.
wall_time scheduler_state::planning_base(const task_runtime& task, const task_definition& next,
                                         const std::vector<job>& withdrawn) const {
  auto time = now();
  if (std::holds_alternative<at_schedule>(next.when) &&
      (!same_schedule(*task.definition, next) || !task.definition->enabled))
    return fires_from(next, time);
  auto counts_from_end = [](const task_definition& any) {
    auto* every = std::get_if<every_schedule>(&any.when);
    return every != nullptr && every->from_end;
  };
  bool fired_before = task.may_fire();
  if (fired_before && counts_from_end(*task.definition) && counts_from_end(next)) return task.state.fired_until;
  if (fired_before && !withdrawn.empty()) time = std::min(time, withdrawn.front().fire_time - milliseconds{1});
  return std::max(task.state.fired_until, time);
}

/// The ledger keeps what the task would have fired up to now, had it not been disabled, had its last run or its end
/// behind it: after an edit nobody could tell any more.
void scheduler_state::note_idle_span(task_runtime& task, journal_change& change) {
  auto& rules = *task.definition;
  auto* every = std::get_if<every_schedule>(&rules.when);
  bool from_end = every != nullptr && every->from_end; // without a run there is no next time
  if (!task.active || from_end) return;
  auto idle_since = task.state.fired_until;
  if (!rules.enabled) {
    if (!task.state.disabled_at) return;
    idle_since = *task.state.disabled_at;
    task.last_skip.reset();
    note_idle_fires(task, rules.frame(), idle_since, skip_verdict::disabled, change);
  } else if (!runs_left(task)) {
    note_idle_fires(task, rules.frame(), idle_since, skip_verdict::max_runs, change);
  }
  if (!rules.ends_at) return;
  auto endless = rules.frame();
  endless.ends_at.reset();
  note_idle_fires(task, endless, std::max(idle_since, last_instant(rules)), skip_verdict::ended, change);
}

void scheduler_state::note_idle_fires(task_runtime& task, const firing_frame& frame, wall_time after,
                                      skip_verdict verdict, journal_change& change) {
  if (after >= now()) return;
  auto span = fires_between(task.definition->when, frame, after, now(), 0);
  if (span.count > 0) note_skip(task, {*span.first, *span.last, span.count}, verdict, change);
}

/// Takes prepared fires back: those whose time has not come, or all of them. They stay in hand until the change is
/// answered.
std::vector<job> scheduler_state::withdraw(task_runtime& task, bool all, journal_change& change) {
  std::vector<job> withdrawn;
  auto time = now();
  for (auto at = task.prepared.begin(); at != task.prepared.end();) {
    auto& fire = at->second;
    auto* entry = hand_.find(fire.id);
    bool started = entry != nullptr && entry->phase != hand_phase::armed;
    if (started || (!all && fire.due_at <= time)) {
      ++at;
      continue;
    }
    // Beyond the watermark it is in nobody's hand; then a load must not pick it up while this is written.
    hand_.take(fire, entry != nullptr ? hand_phase::withdrawn : hand_phase::writing);
    change.unprepared.push_back({fire.id});
    withdrawn.push_back(std::move(fire));
    at = task.prepared.erase(at);
  }
  if (!withdrawn.empty()) {
    task.state.runs -= std::min<uint64_t>(task.state.runs, withdrawn.size());
    // What was withdrawn was never fired, so another rule may fire from before it on.
    task.state.fired_until = task.settled_until;
    if (!task.prepared.empty())
      task.state.fired_until = std::max(task.state.fired_until, task.prepared.rbegin()->first);
  }
  return withdrawn;
}

void scheduler_state::finish_withdrawal(task_runtime& task, const std::vector<job>& withdrawn, bool committed) {
  std::vector<job> due_meanwhile, back;
  for (auto& fire : withdrawn) {
    auto* entry = hand_.find(fire.id);
    bool was_due = task.withdrawn_and_due.erase(fire.id) > 0;
    bool in_slot = entry != nullptr && entry->phase == hand_phase::withdrawn && !was_due;
    if (committed) {
      // In its slot it stays withdrawn, and is dropped when the slot sends it.
      if (!in_slot) hand_.let_go(fire.id);
      written(fire.id);
      continue;
    }
    task.prepared[fire.fire_time] = fire;
    if (in_slot)
      entry->phase = hand_phase::armed;
    else
      back.push_back(fire);
  }
  // Those of an earlier edit are gone from the journal already.
  for (auto& [id, fire] : task.withdrawn_and_due) hand_.let_go(id);
  task.withdrawn_and_due.clear();
  if (!committed) arm_or_let_go(std::move(back));
}

// ---- delete

void scheduler_state::remove(delete_task& request) {
  if (!ready_ || stopping_) {
    self_->send(request.from, refusal(request, service_errc::unavailable,
                                      stopping_ ? "the node stops" : "the node is not ready yet"));
    return;
  }
  auto shared = std::make_shared<delete_task>(std::move(request));
  edit_in_turn(shared->name, [this, shared] {
    auto* task = task_named(shared->name);
    if (task == nullptr) {
      self_->send(shared->from, refusal(*shared, service_errc::not_found, "there is no task " + shared->name));
      return edit_done(shared->name);
    }
    remove_task(*task, *shared);
  });
}

void scheduler_state::remove_task(task_runtime& task, const delete_task& request) {
  auto task_name = request.name;
  if (request.if_version && *request.if_version != task.definition->version) {
    self_->send(request.from,
                refusal(request, service_errc::version_mismatch,
                        "the task has changed: its version is " + std::to_string(task.definition->version)));
    return edit_done(task_name);
  }
  journal_change change;
  auto before = task.state;
  auto withdrawn = withdraw(task, true, change);
  auto id = task.definition->id;
  change.tasks_deleted.push_back({id});
  write(std::move(change), [this, id, before, withdrawn, task_name, from = request.from,
                            ticket = request.ticket](const journal_receipt& receipt) {
    auto& removed = tasks_[id];
    if (receipt.error) {
      removed.state = before;
      finish_withdrawal(removed, withdrawn, false);
      self_->send(from, task_answered{ticket, failure(edit_error(*receipt.error))});
      return edit_done(task_name);
    }
    finish_withdrawal(removed, withdrawn, true);
    removed.deleted = true;
    removed.editing = false;
    task_ids_.erase(task_name);
    with_.directory->remove(task_name);
    // The front desk cancels the task's waiting jobs next, wherever they are.
    self_->send(from, task_answered{ticket, task_write{false, true, {removed.definition, removed.state}}});
    if (removed.unfinished.empty() && removed.stopping.empty() && removed.waiting.empty()) tasks_.erase(id);
    edit_done(task_name);
  });
}

} // namespace wheelwork
