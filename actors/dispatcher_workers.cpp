// The dispatcher's part for worker targets: a job goes out only when a worker waits for it, and after its start is
// committed.
#include "actors/dispatcher.hpp"

namespace wheelwork {

namespace {

constexpr size_t worker_kind = static_cast<size_t>(target_kind::worker);
/// So many bytes of payload end an answer: one with a thousand jobs of 4 MiB would fill the memory.
constexpr size_t answer_bytes_max = 4u << 20;

size_t weight_of(const job& any) { return any.body.data().size(); }

} // namespace

void dispatcher_state::take_poll(worker_waits& poll) {
  const auto number = poll.poll;
  workers_.add({number, std::move(poll.queues), poll.max});
  serve_poll(number);
  update_gauges();
}

void dispatcher_state::forget_poll(uint64_t number) {
  workers_.remove(number);
  ending_polls_.erase(number);
}

/// A poll of no patience at all still gets what waits for it: that takes a commit.
void dispatcher_state::end_poll(worker_wait_over& poll) {
  if (workers_.gathers_for(poll.poll)) {
    ending_polls_[poll.poll] = std::move(poll.free);
    return;
  }
  workers_.remove(poll.poll);
  poll.free();
}

/// True: jobs are on their way to it, so it waits no longer.
bool dispatcher_state::serve_poll(uint64_t number) {
  const auto* poll = workers_.find(number);
  if (draining_ || poll == nullptr || !may_start()) return false;
  auto jobs = queues_[worker_kind].take_of(poll->queues, poll->max, weight_of, answer_bytes_max);
  if (jobs.empty()) return false;
  workers_.reserve(number, jobs);
  std::map<uint16_t, begin_starts> by_shard;
  for (auto& one : jobs) by_shard[value_of(shard_of(one.id))].jobs.push_back(std::move(one));
  for (auto& [shard, starts] : by_shard) self_->send(schedulers_[shard], std::move(starts));
  return true;
}

void dispatcher_state::serve_polls_of(const std::string& queue) {
  while (const auto* poll = workers_.first_for(queue))
    if (!serve_poll(poll->number)) return;
}

void dispatcher_state::serve_all_polls() {
  if (queues_[worker_kind].size() == 0) return;
  for (auto number : workers_.numbers()) serve_poll(number);
}

void dispatcher_state::take_started_for_worker(job what) {
  if (workers_.is_reserved(what.id)) {
    if (!draining_) return send_to_worker(workers_.started(std::move(what)));
    queues_[worker_kind].finished(what.how->lane);
    workers_.refused(what.id);
  }
  // Nobody waits for it here any more: its scheduler takes it back.
  std::map<uint16_t, outcomes> by_shard;
  std::vector<job> one;
  one.push_back(std::move(what));
  give_up(std::move(one), by_shard);
  for (auto& [shard, ended] : by_shard) self_->send(schedulers_[shard], std::move(ended));
}

void dispatcher_state::take_refused(const starts_refused& these) {
  for (auto& one : these.jobs) {
    if (!workers_.is_reserved(one.id)) continue;
    queues_[worker_kind].finished(one.how->lane);
    send_to_worker(workers_.refused(one.id));
  }
  update_gauges();
}

/// Cancelled between the commit of its start and its worker.
std::optional<job> dispatcher_state::take_back_from_worker(job_id id) {
  std::optional<worker_matching::batch> whole;
  auto taken = workers_.take_back(id, whole);
  if (taken) queues_[worker_kind].finished(taken->how->lane);
  send_to_worker(std::move(whole));
  return taken;
}

/// Who cancels a started attempt waits for its end.
outcomes dispatcher_state::ended_unbegun(std::vector<job> jobs) const {
  outcomes ended;
  for (auto& one : jobs) {
    attempt_result cancelled;
    cancelled.id = one.id;
    cancelled.number = one.attempt;
    cancelled.outcome = attempt_outcome::cancelled;
    cancelled.started = false;
    cancelled.started_at = cancelled.finished_at = clock_->wall_now();
    cancelled.error = "cancelled before a worker got it";
    ended.ended.push_back({std::move(one), std::move(cancelled)});
  }
  return ended;
}

void dispatcher_state::send_to_worker(std::optional<worker_matching::batch> batch) {
  if (!batch) return;
  const auto ending = ending_polls_.find(batch->poll);
  if (batch->jobs.empty()) { // all its jobs were refused or cancelled: it waits again
    if (serve_poll(batch->poll) || ending == ending_polls_.end()) return;
    const auto free = std::move(ending->second);
    forget_poll(batch->poll);
    return free();
  }
  if (ending != ending_polls_.end()) ending_polls_.erase(ending);
  run orders;
  orders.orders.reserve(batch->jobs.size());
  const auto wall = clock_->wall_now();
  for (auto& one : batch->jobs) {
    const auto number = one.attempt;
    in_flight_[{one.id, number}] = attempt_in_flight{one, wall, true};
    orders.orders.push_back({std::move(one), number, nullptr, batch->poll});
  }
  self_->send(executors_[worker_kind], std::move(orders));
  update_gauges();
}

} // namespace wheelwork
