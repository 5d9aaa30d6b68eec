// Pushes, runs by hand, cancelling and retrying by hand.
#include "actors/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace wheelwork {

namespace {

service_error as_service_error(const journal_error& error) {
  switch (error.code) {
  case journal_errc::unavailable: return {service_errc::unavailable, error.message, std::chrono::seconds{1}, {}};
  case journal_errc::conflict: return {service_errc::conflict, error.message, std::chrono::seconds{1}, {}};
  case journal_errc::fenced: return {service_errc::unavailable, error.message, std::chrono::seconds{3}, {}};
  case journal_errc::unknown_outcome:
    return {service_errc::unknown_outcome, error.message, std::chrono::seconds{1}, {}};
  case journal_errc::broken: break;
  }
  return {service_errc::broken, error.message, std::chrono::seconds{1}, {}};
}

bool contains(const std::vector<job_id>& ids, job_id id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

} // namespace

/// Gathers the answers for many jobs; the last one sends them.
struct scheduler_state::bulk_answer {
  scheduler_actor::pointer self = nullptr;
  front_desk_actor to;
  jobs_answered answer;
  size_t missing = 0;
  bool leave_running = false; ///< a running attempt is not told to stop: the job counts as answered

  void add(job_id id, std::optional<service_error> error = std::nullopt) {
    answer.jobs.emplace_back(id, std::move(error));
    if (--missing == 0) self->send(to, std::move(answer));
  }
};

namespace {

/// A cancellation without an asker (overlap `replace`) has nobody to tell.
template <class Bulk>
void tell(const Bulk& to, job_id id, std::optional<service_error> error = std::nullopt) {
  if (to) to->add(id, std::move(error));
}

job_end cancelled_end(const job& what, wall_time now) {
  job_end end;
  end.id = what.id;
  end.state = job_state::cancelled;
  end.finished_at = now;
  end.attempt = what.attempt;
  end.keep = what.how == nullptr || keeps_history(what, job_state::cancelled);
  return end;
}

} // namespace

// ---- new jobs

void scheduler_state::push(submit& request) { insert_jobs(std::move(request.jobs), request.ticket, request.from); }

void scheduler_state::run_by_hand(run_task& request) {
  auto* task = task_named(request.name);
  if (task == nullptr) {
    self_->send(request.from,
                submitted{request.ticket,
                          failure(service_error{service_errc::not_found, "there is no task " + request.name, {}, {}})});
    return;
  }
  new_job made;
  auto& rules = *task->definition;
  made.made.task = rules.id;
  made.made.due_at = now();
  made.made.how = rules.how;
  made.made.body = request.body.value_or(rules.body);
  made.made.priority = rules.priority;
  made.made.origin = job_origin::by_hand;
  made.created_at = now();
  made.task_name = rules.name;
  made.marks = rules.marks;
  made.unique_key = request.unique_key;
  made.unique_until = request.unique_until;
  std::vector<new_job> jobs;
  jobs.push_back(std::move(made));
  insert_jobs(std::move(jobs), request.ticket, request.from);
}

void scheduler_state::insert_jobs(std::vector<new_job> jobs, uint64_t ticket, front_desk_actor from) {
  if (!ready_ || stopping_) {
    service_error no{service_errc::unavailable,
                     stopping_ ? "the node stops" : "the node is not ready yet",
                     std::chrono::seconds{1},
                     {}};
    self_->send(from, submitted{ticket, failure(std::move(no))});
    return;
  }
  journal_change change;
  reserve_ids(change, jobs.size());
  std::vector<job> made;
  made.reserve(jobs.size());
  for (auto& one : jobs) {
    one.made.id = job_id{new_id()};
    hand_.take(one.made, hand_phase::writing);
    made.push_back(one.made);
  }
  change.inserts = std::move(jobs);
  write(std::move(change), [this, made = std::move(made), ticket, from](const journal_receipt& receipt) {
    finish_insert(made, receipt, ticket, from);
  });
}

void scheduler_state::finish_insert(const std::vector<job>& made, const journal_receipt& receipt, uint64_t ticket,
                                    const front_desk_actor& from) {
  if (receipt.error) {
    for (auto& one : made) hand_.let_go(one.id);
    self_->send(from, submitted{ticket, failure(as_service_error(*receipt.error))});
    return;
  }
  std::vector<pushed_job> ids;
  ids.reserve(made.size());
  for (auto& one : made) ids.push_back({one.id, false});
  for (auto& [index, first] : receipt.repeated) ids[index] = {first, true};
  std::vector<job> fresh;
  fresh.reserve(made.size());
  for (size_t at = 0; at < made.size(); ++at) {
    if (ids[at].repeated)
      hand_.let_go(made[at].id);
    else
      fresh.push_back(made[at]);
  }
  with_.statistics->pushed_total += fresh.size();
  with_.statistics->pushed.add(with_.clock->steady_now(), fresh.size());
  self_->send(from, submitted{ticket, std::move(ids)});
  arm_or_let_go(std::move(fresh));
}

// ---- cancelling

void scheduler_state::cancel(const cancel_jobs& request) {
  auto to = std::make_shared<bulk_answer>();
  to->self = self_;
  to->to = request.from;
  to->answer.ticket = request.ticket;
  to->missing = request.jobs.size();
  to->leave_running = request.leave_running;
  for (auto id : request.jobs) cancel_one(id, to);
}

void scheduler_state::cancel_one(job_id id, bulk to) {
  auto* entry = hand_.find(id);
  if (entry == nullptr) return cancel_unknown(id, to);
  switch (entry->phase) {
  case hand_phase::writing: return when_written(id, [this, id, to] { cancel_one(id, to); });
  case hand_phase::waiting: return cancel_waiting(id, to);
  case hand_phase::withdrawn: return cancel_prepared(id, to);
  case hand_phase::armed:
  case hand_phase::handed: return want_back(id, *entry, to);
  case hand_phase::ending:
    return tell(to, id, service_error{service_errc::conflict, "the job is being cancelled already", {}, {}});
  }
}

/// Not in hand: far in the future, or final, or never heard of. The journal knows.
void scheduler_state::cancel_unknown(job_id id, bulk to) {
  job unknown;
  unknown.id = id;
  hand_.take(unknown, hand_phase::writing);
  journal_change change;
  change.must_apply = to == nullptr;
  change.ends.push_back(cancelled_end(unknown, now()));
  write(std::move(change), [this, id, to](const journal_receipt& receipt) {
    hand_.let_go(id);
    if (receipt.error) {
      // A load may have passed over it meanwhile, and when it is due is not known here.
      load_again();
      tell(to, id, as_service_error(*receipt.error));
    } else if (contains(receipt.missing, id)) {
      tell(to, id, service_error{service_errc::not_found, "no job with this id waits or runs", {}, {}});
    } else {
      count_end(job_state::cancelled);
      for (auto& [task, runtime] : tasks_) {
        // A prepared fire of a far day: its task goes on with the next one.
        auto fire = std::find_if(runtime.prepared.begin(), runtime.prepared.end(),
                                 [id](auto& each) { return each.second.id == id; });
        if (fire == runtime.prepared.end() && !runtime.unfinished.contains(id)) continue;
        job ended;
        ended.id = id;
        ended.task = task;
        ended.origin = job_origin::fire;
        if (fire != runtime.prepared.end()) {
          runtime.settled_until = std::max(runtime.settled_until, fire->first);
          runtime.prepared.erase(fire);
        }
        fire_ended(ended, now());
        break;
      }
      tell(to, id);
    }
    written(id);
  });
}

void scheduler_state::want_back(job_id id, const job_in_hand& entry, bulk to) {
  take_back request;
  request.ticket = next_ticket_++;
  request.from = self_;
  request.wanted.push_back({id, entry.due_at, entry.attempt});
  wanted_back_[request.ticket] = {id, to};
  if (entry.phase == hand_phase::armed)
    self_->send(with_.slots[slot_of(entry.due_at, with_.slots.size())], std::move(request));
  else
    self_->send(with_.dispatcher, std::move(request));
}

void scheduler_state::take_given_back(taken_back& answer) {
  auto found = wanted_back_.find(answer.ticket);
  if (found == wanted_back_.end()) return;
  auto [id, to] = std::move(found->second);
  wanted_back_.erase(found);
  auto* entry = hand_.find(id);
  if (!answer.taken.empty()) {
    auto& taken = answer.taken.front();
    if (entry == nullptr || entry->phase != hand_phase::withdrawn) return cancel_pending(std::move(taken), to);
    // An edit takes it away: from now on it is in no slot, which counts if the edit fails.
    hand_.take(taken, hand_phase::writing);
    return cancel_prepared(id, to);
  }
  bool may_run = entry != nullptr && (entry->phase == hand_phase::armed || entry->phase == hand_phase::handed);
  if (!answer.started.empty() && may_run) return cancel_running(answer.started.front(), to);
  if (!answer.by_dispatcher && entry != nullptr && entry->phase == hand_phase::armed) {
    // The slot has sent it to the dispatcher meanwhile.
    entry->phase = hand_phase::handed;
    return want_back(id, *entry, to);
  }
  // Its outcome was on the way and has been taken: as if asked again now.
  cancel_one(id, to);
}

void scheduler_state::cancel_pending(job what, bulk to) {
  auto id = what.id;
  hand_.take(what, hand_phase::writing);
  journal_change change;
  change.must_apply = to == nullptr;
  change.ends.push_back(cancelled_end(what, now()));
  write(std::move(change), [this, id, what = std::move(what), to](const journal_receipt& receipt) {
    if (receipt.error) {
      arm_or_let_go({what});
      return tell(to, id, as_service_error(*receipt.error));
    }
    hand_.let_go(id);
    count_end(job_state::cancelled);
    if (auto* task = task_of(what.task); task && what.is_fire()) {
      auto fire = task->prepared.find(what.fire_time);
      if (fire != task->prepared.end() && fire->second.id == id) task->prepared.erase(fire);
      task->settled_until = std::max(task->settled_until, what.fire_time);
    }
    if (what.is_fire()) fire_ended(what, now());
    tell(to, id);
    written(id);
  });
}

void scheduler_state::cancel_running(const taken_back::started_job& running, bulk to) {
  auto& what = running.what;
  auto id = what.id;
  if (to && to->leave_running) return to->add(id);
  hand_.take(what, hand_phase::ending);
  if (auto* task = task_of(what.task); task && what.is_fire()) task->stopping.insert({id, running.number});
  auto end = cancelled_end(what, now());
  attempt_record record;
  record.number = running.number;
  record.node = settings_.node;
  record.started_at = running.started_at;
  record.finished_at = end.finished_at;
  record.outcome = attempt_outcome::cancelled;
  record.error = "cancelled while it ran";
  end.attempt = running.number;
  end.last = std::move(record);
  journal_change change;
  // Its result counts for nothing from here on, so this must be written.
  change.must_apply = true;
  change.ends.push_back(std::move(end));
  write(std::move(change), [this, id, number = running.number, what = what, to](const journal_receipt& receipt) {
    hand_.let_go(id);
    self_->send(with_.dispatcher, stop_attempts{{{id, number}}});
    if (receipt.error) {
      tell(to, id, as_service_error(*receipt.error));
    } else {
      count_end(job_state::cancelled);
      if (what.is_fire()) fire_ended(what, now());
      tell(to, id);
    }
    written(id);
  });
}

/// A due fire that waits for an earlier one.
void scheduler_state::cancel_waiting(job_id id, bulk to) {
  for (auto& [task, runtime] : tasks_) {
    auto fire =
        std::find_if(runtime.waiting.begin(), runtime.waiting.end(), [id](const job& each) { return each.id == id; });
    if (fire == runtime.waiting.end()) continue;
    auto what = std::move(*fire);
    runtime.waiting.erase(fire);
    return cancel_pending(std::move(what), to);
  }
  tell(to, id, service_error{service_errc::conflict, "the job is about to start; ask again", {}, {}});
}

/// A prepared fire that an edit or the misfire rule is taking away already.
void scheduler_state::cancel_prepared(job_id id, bulk to) {
  tell(to, id, service_error{service_errc::conflict, "the fire is being taken away by a change of its task", {}, {}});
}

// ---- retrying by hand

void scheduler_state::retry(const retry_jobs& request) {
  auto to = std::make_shared<bulk_answer>();
  to->self = self_;
  to->to = request.from;
  to->answer.ticket = request.ticket;
  to->missing = request.jobs.size();
  for (auto id : request.jobs) retry_one(id, to);
}

void scheduler_state::retry_one(job_id id, bulk to) {
  if (auto* entry = hand_.find(id)) {
    if (entry->phase == hand_phase::writing || entry->phase == hand_phase::ending)
      return when_written(id, [this, id, to] { retry_one(id, to); });
    return tell(
        to, id,
        service_error{
            service_errc::conflict, "the job is not final: only a dead or cancelled job can be retried", {}, {}});
  }
  hand_.take_id(id);
  journal_change change;
  job_revive revive;
  revive.id = id;
  revive.due_at = now();
  change.revived.push_back(revive);
  write(std::move(change), [this, id, to](const journal_receipt& receipt) {
    if (receipt.error || receipt.revived.empty()) {
      hand_.let_go(id);
      if (receipt.error)
        tell(to, id, as_service_error(*receipt.error));
      else
        tell(to, id, service_error{service_errc::not_found, "no dead or cancelled job has this id", {}, {}});
    } else {
      auto what = receipt.revived.front();
      hand_.let_go(id); // what was noted knew nothing of its payload
      hand_.take(what, hand_phase::writing);
      if (auto* task = task_of(what.task); task && what.is_fire()) task->unfinished.insert(id);
      tell(to, id);
      arm_or_let_go({std::move(what)});
    }
    written(id);
  });
}

} // namespace wheelwork
