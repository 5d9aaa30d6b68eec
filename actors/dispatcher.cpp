#include "actors/dispatcher.hpp"

#include "actors/guard.hpp"
#include "actors/start_rules.hpp"

namespace wheelwork {

namespace {

constexpr size_t batch_max = 1000;

size_t kind_index(const job& any) { return static_cast<size_t>(kind_of(any.how->how)); }

} // namespace

dispatcher_actor::behavior_type dispatcher_state::make_behavior(dispatcher_settings settings, const clock_source* clock,
                                                                std::shared_ptr<node_statistics> statistics) {
  guard(self_, name);
  settings_ = std::move(settings);
  clock_ = clock;
  statistics_ = std::move(statistics);
  starts_allowed_until_.resize(settings_.writers);
  for (auto& bounds : settings_.of_kind) queues_.emplace_back(bounds.at_once, bounds.per_lane);
  return {
      [this](const owners& all) { schedulers_ = all.of_shard; },
      [this](const use_executors& these) { executors_ = these.of_kind; },
      [this](dispatch& ready) { queue_up(ready); },
      [this](expect_results& these) { expect(these); },
      [this](const take_back& request) { give_back(request); },
      [this](worker_waits& poll) { take_poll(poll); },
      [this](const worker_left& gone) { forget_poll(gone.poll); },
      [this](worker_wait_over& poll) { end_poll(poll); },
      [this](const starts_refused& these) { take_refused(these); },
      [this](const stop_attempts& request) { stop_these(request); },
      [this](const settled_attempts& these) {
        for (auto& attempt : these.attempts) early_results_.erase(attempt);
        self_->send(executors_[static_cast<size_t>(these.kind)], these);
      },
      [this](finished& results) { end_attempts(results); },
      [this](const starts_allowed& lease) {
        starts_allowed_until_.at(lease.writer) = lease.until;
        start_all_kinds();
      },
      [this](const drain& request) { begin_drain(request); },
      [this](look_for_long_attempts) { look_for_long_ones(); },
      [this](grace_over) { answer_drain(true); },
  };
}

void dispatcher_state::queue_up(dispatch& ready) {
  std::array<bool, target_kinds> touched{};
  std::set<std::string> worker_queues;
  for (auto& one : ready.jobs) {
    auto kind = kind_index(one);
    if (waits_for_worker(one)) {
      if (one.start_recorded) {
        take_started_for_worker(std::move(one));
        continue;
      }
      worker_queues.insert(one.how->lane);
    }
    touched[kind] = true;
    auto priority = one.priority;
    auto how = one.how; // the lane's name must outlive the move of the job
    queues_[kind].push(std::move(one), how->lane, priority);
  }
  for (size_t kind = 0; kind < target_kinds; ++kind)
    if (touched[kind]) start_what_may(kind);
  for (auto& queue : worker_queues) serve_polls_of(queue);
  if (draining_) give_up_recorded_starts();
  update_gauges();
}

/// Starts in the journal that will never be: their schedulers take them back, else the next owner would take them for
/// lost attempts.
void dispatcher_state::give_up_recorded_starts() {
  std::map<uint16_t, outcomes> by_shard;
  for (auto& queue : queues_) give_up(queue.take_back([](const job& any) { return any.start_recorded; }), by_shard);
  auto for_workers = workers_.take_all_started();
  for (auto& one : for_workers) queues_[kind_index(one)].finished(one.how->lane);
  give_up(std::move(for_workers), by_shard);
  for (auto& [shard, ended] : by_shard) self_->send(schedulers_[shard], std::move(ended));
}

void dispatcher_state::give_up(std::vector<job> recorded, std::map<uint16_t, outcomes>& by_shard) {
  auto time = clock_->wall_now();
  for (auto& one : recorded) {
    attempt_result nothing;
    nothing.id = one.id;
    nothing.number = one.attempt;
    nothing.outcome = attempt_outcome::lost;
    nothing.started = false;
    nothing.started_at = nothing.finished_at = time;
    auto& of_shard = by_shard[value_of(shard_of(one.id))];
    of_shard.draining = draining_;
    of_shard.ended.push_back({std::move(one), std::move(nothing)});
  }
}

void dispatcher_state::expect(expect_results& these) {
  finished early;
  for (auto& one : these.jobs) {
    auto kind = kind_index(one);
    queues_[kind].running_already(one.how->lane);
    attempt_name name_of{one.id, one.attempt};
    in_flight_[name_of] = attempt_in_flight{std::move(one), clock_->wall_now(), true};
    if (auto result = early_results_.find(name_of); result != early_results_.end()) {
      early.kind = static_cast<target_kind>(kind);
      early.results.push_back(std::move(result->second));
      early_results_.erase(result);
    }
  }
  if (!early.results.empty()) end_attempts(early);
  update_gauges();
}

bool dispatcher_state::may_start() const {
  const auto now = clock_->steady_now();
  return std::all_of(starts_allowed_until_.begin(), starts_allowed_until_.end(),
                     [now](const auto until) { return now < until; });
}

void dispatcher_state::start_what_may(size_t kind) {
  if (draining_ || !may_start()) return;
  for (;;) {
    auto jobs = queues_[kind].take(batch_max);
    if (jobs.empty()) return;
    run batch;
    batch.orders.reserve(jobs.size());
    auto wall = clock_->wall_now();
    auto steady = clock_->steady_now();
    for (auto& one : jobs) {
      auto number = one.start_recorded ? one.attempt : one.attempt + 1;
      in_flight_[{one.id, number}] = attempt_in_flight{one, wall, one.start_recorded};
      if (!one.start_recorded) starts_.push_back({steady, {one.id, number}});
      batch.orders.push_back({std::move(one), number});
    }
    self_->send(executors_[kind], std::move(batch));
    watch_for_long_ones();
  }
}

void dispatcher_state::start_all_kinds() {
  for (size_t kind = 0; kind < target_kinds; ++kind) start_what_may(kind);
  serve_all_polls();
  update_gauges();
}

void dispatcher_state::end_attempts(finished& results) {
  std::map<uint16_t, outcomes> by_shard;
  for (auto& result : results.results) {
    attempt_name name_of{result.id, result.number};
    auto found = in_flight_.find(name_of);
    if (found == in_flight_.end()) {
      early_results_[name_of] = std::move(result);
      continue;
    }
    queues_[static_cast<size_t>(results.kind)].finished(found->second.what.how->lane);
    auto& of_shard = by_shard[value_of(shard_of(result.id))];
    of_shard.ended.push_back({std::move(found->second.what), std::move(result)});
    in_flight_.erase(found);
  }
  for (auto& [shard, ended] : by_shard) self_->send(schedulers_[shard], std::move(ended));
  start_what_may(static_cast<size_t>(results.kind));
  update_gauges();
  if (draining_) answer_drain(false);
}

void dispatcher_state::give_back(const take_back& request) {
  absl::flat_hash_map<job_id, wanted_job> wanted;
  for (auto& one : request.wanted) wanted[one.id] = one;
  taken_back answer;
  answer.ticket = request.ticket;
  answer.by_dispatcher = true;
  std::vector<job> unbegun; // their starts are committed, but no worker has them yet
  for (auto& queue : queues_) {
    if (queue.size() == 0) continue;
    for (auto& one : queue.take_back([&](const job& any) { return wanted.contains(any.id); })) {
      wanted.erase(one.id);
      answer.taken.push_back(std::move(one));
    }
  }
  for (auto& [id, one] : wanted) {
    auto running = in_flight_.find({id, one.number});
    if (auto begun = take_back_from_worker(id))
      unbegun.push_back(std::move(*begun));
    else if (running != in_flight_.end())
      answer.started.push_back({running->second.what, one.number, running->second.started_at});
    else
      answer.missing.push_back(one);
  }
  for (auto& one : unbegun) answer.started.push_back({one, one.attempt, clock_->wall_now()});
  self_->send(request.from, std::move(answer));
  if (!unbegun.empty()) self_->send(request.from, ended_unbegun(std::move(unbegun)));
  update_gauges();
}

void dispatcher_state::stop_these(const stop_attempts& request) {
  std::array<stop_attempts, target_kinds> by_kind;
  for (auto& attempt : request.attempts) {
    auto running = in_flight_.find(attempt);
    if (running != in_flight_.end()) by_kind[kind_index(running->second.what)].attempts.push_back(attempt);
  }
  for (size_t kind = 0; kind < target_kinds; ++kind)
    if (!by_kind[kind].attempts.empty()) self_->send(executors_[kind], std::move(by_kind[kind]));
}

void dispatcher_state::watch_for_long_ones() {
  if (watching_ || starts_.empty()) return;
  watching_ = true;
  auto wait = std::max(starts_.front().at + settings_.long_attempt - clock_->steady_now(),
                       std::chrono::steady_clock::duration{milliseconds{1}});
  self_->delayed_send(self_, std::chrono::duration_cast<caf::timespan>(wait), look_for_long_attempts{});
}

void dispatcher_state::look_for_long_ones() {
  watching_ = false;
  tell_running(false);
  watch_for_long_ones();
}

/// Tells schedulers of attempts that run long enough, or of all of them.
void dispatcher_state::tell_running(bool all) {
  auto limit = clock_->steady_now() - settings_.long_attempt;
  std::map<uint16_t, still_running> by_shard;
  while (!starts_.empty() && (all || starts_.front().at <= limit)) {
    auto note = starts_.front();
    starts_.pop_front();
    auto running = in_flight_.find(note.name);
    if (running == in_flight_.end() || running->second.told_long) continue;
    running->second.told_long = true;
    auto& attempt = running->second;
    by_shard[value_of(shard_of(note.name.id))].attempts.push_back(
        {note.name.id, note.name.number, attempt.started_at, kind_of(attempt.what.how->how)});
  }
  for (auto& [shard, attempts] : by_shard) self_->send(schedulers_[shard], std::move(attempts));
}

void dispatcher_state::begin_drain(const drain& request) {
  draining_ = true;
  drain_to_ = request.to;
  self_->delayed_send(self_, request.grace, grace_over{});
  give_up_recorded_starts();
  answer_drain(false);
}

/// Processes outlive the node under their helpers, so a clean stop does not wait for them. Workers may acknowledge as
/// long as the grace lasts.
size_t dispatcher_state::attempts_to_wait_for() const {
  return in_flight_.size() - queues_[static_cast<size_t>(target_kind::process)].running();
}

void dispatcher_state::answer_drain(bool grace_is_over) {
  if (!drain_to_ || (!grace_is_over && attempts_to_wait_for() > 0)) return;
  // What still runs gets its start journaled: after a clean stop nothing else counts as possibly started.
  tell_running(true);
  self_->send(drain_to_, drained{in_flight_.size()});
  drain_to_ = nullptr;
}

void dispatcher_state::update_gauges() {
  size_t waiting = 0;
  for (auto& queue : queues_) waiting += queue.size();
  statistics_->queued = waiting;
  statistics_->in_flight = in_flight_.size();
}

dispatcher_actor::behavior_type dispatcher(dispatcher_actor::stateful_pointer<dispatcher_state> self,
                                           dispatcher_settings settings, const clock_source* clock,
                                           std::shared_ptr<node_statistics> statistics) {
  return self->state.make_behavior(std::move(settings), clock, std::move(statistics));
}

} // namespace wheelwork
