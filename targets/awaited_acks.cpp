#include "targets/awaited_acks.hpp"

#include "schedule/time_text.hpp"
#include "targets/native_result.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr size_t done_max = 100'000; ///< acknowledgements that are remembered, for those who send them again

size_t hash_of(const attempt_ack& ack) {
  const auto text = [](const std::string& of) { return std::hash<std::string>{}(of); };
  return (text(ack.error) * 31 + text(ack.response)) * 2 + (ack.succeeded ? 1 : 0);
}

void answer_all(std::vector<ack_callback>& waiting, ack_verdict verdict) {
  for (auto& each : waiting) each(verdict);
}

} // namespace

awaited_acks::awaited_acks(const clock_source& clock, std::shared_ptr<worker_gauges> gauges)
    : clock_{clock}, gauges_{gauges ? std::move(gauges) : std::make_shared<worker_gauges>()} {}

void awaited_acks::count(const entry& one, bool more) {
  const auto add = [more](std::atomic<uint64_t>& gauge) { more ? ++gauge : --gauge; };
  add(gauges_->acks);
  if (!one.what.worker.empty()) add(gauges_->leases);
}

void awaited_acks::expect(std::vector<awaited_attempt> these) {
  bool earlier = false;
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) return;
    const auto now = clock_.steady_now();
    const auto before = ends_.empty() ? steady_time::max() : ends_.begin()->first;
    for (auto& one : these) {
      const name of{one.order.what.id, one.order.number};
      entry made{std::move(one)};
      made.times_out_at = now + made.what.order.what.how->timeout;
      made.lease_until = now + made.what.lease;
      const auto [place, fresh] = entries_.emplace(of, std::move(made));
      if (!fresh) continue;
      ends_.emplace(place->second.ends_at(), of);
      count(place->second, true);
    }
    earlier = !ends_.empty() && ends_.begin()->first < before;
  }
  if (earlier && on_earlier) on_earlier();
}

/// With mutex_ held.
void awaited_acks::no_longer_due(const name& of, const entry& one) {
  ends_.erase({one.ends_at(), of});
  count(one, false);
}

/// With mutex_ held.
awaited_acks::entry awaited_acks::take(entries::iterator found) {
  auto taken = std::move(found->second);
  if (!taken.given) no_longer_due(found->first, taken);
  entries_.erase(found);
  return taken;
}

std::optional<awaited_attempt> awaited_acks::forget(job_id id, uint32_t number) {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find({id, number});
  if (found == entries_.end() || found->second.given) return std::nullopt;
  return std::move(take(found).what);
}

attempt_result awaited_acks::result_of(const awaited_attempt& what, wall_time now) {
  auto result = result_for(what.order);
  result.started_at = what.started_at;
  result.finished_at = now;
  return result;
}

/// With mutex_ held. None: nothing is known of it.
std::optional<ack_verdict> awaited_acks::remembered(const attempt_ack& ack) const {
  const auto done = done_.find({ack.id, ack.number});
  if (done == done_.end()) return std::nullopt;
  return done->second == hash_of(ack) ? ack_verdict::accepted : ack_verdict::refused;
}

void awaited_acks::acknowledge(attempt_ack ack, ack_callback done) {
  const name of{ack.id, ack.number};
  std::unique_lock lock{mutex_};
  const auto found = entries_.find(of);
  if (found == entries_.end()) {
    const auto verdict = remembered(ack).value_or(ack_verdict::unknown);
    lock.unlock();
    return done(verdict);
  }
  auto& one = found->second;
  if (one.given) {
    if (*one.given == ack) return one.waiting.push_back(std::move(done));
    lock.unlock();
    return done(ack_verdict::refused);
  }
  auto result = result_of(one.what, clock_.wall_now());
  result.outcome = ack.succeeded ? attempt_outcome::succeeded : attempt_outcome::failed;
  result.error = ack.error;
  result.response = ack.response;
  const auto answer = one.what.answer;
  no_longer_due(of, one);
  ack_callback at_once;
  if (one.what.settles) {
    one.given = std::move(ack);
    one.waiting.push_back(std::move(done));
  } else {
    at_once = std::move(done);
    entries_.erase(found);
    remember(of, std::move(ack));
  }
  lock.unlock();
  std::vector<attempt_result> results;
  results.push_back(std::move(result));
  (*answer)(std::move(results));
  if (at_once) at_once(ack_verdict::accepted);
}

std::optional<milliseconds> awaited_acks::extend(job_id id, uint32_t number, std::optional<milliseconds> lease) {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find({id, number});
  if (found == entries_.end() || found->second.given || found->second.what.worker.empty()) return std::nullopt;
  auto& one = found->second;
  const auto now = clock_.steady_now();
  if (one.ends_at() <= now) return std::nullopt; // it only was not noticed yet
  ends_.erase({one.ends_at(), found->first});
  if (lease) one.what.lease = *lease;
  one.what.lease = std::min(one.what.lease, one.what.order.what.how->timeout);
  one.lease_until = std::min(now + one.what.lease, one.times_out_at);
  ends_.emplace(one.ends_at(), found->first);
  return std::chrono::floor<milliseconds>(one.lease_until - now);
}

void awaited_acks::cancel(job_id id, uint32_t number) {
  std::unique_lock lock{mutex_};
  const auto found = entries_.find({id, number});
  if (found == entries_.end() || found->second.given) return; // it has its result already
  const auto taken = take(found);
  lock.unlock();
  auto result = result_of(taken.what, clock_.wall_now());
  result.outcome = attempt_outcome::cancelled;
  result.error = taken.what.worker.empty() ? "cancelled before it was acknowledged"
                                           : "cancelled while worker " + taken.what.worker + " had it";
  std::vector<attempt_result> results;
  results.push_back(std::move(result));
  (*taken.what.answer)(std::move(results));
}

/// With mutex_ held.
void awaited_acks::remember(const name& of, attempt_ack given) {
  if (!done_.emplace(of, hash_of(given)).second) return;
  done_in_order_.push_back(of);
  if (done_in_order_.size() <= done_max) return;
  done_.erase(done_in_order_.front());
  done_in_order_.pop_front();
}

void awaited_acks::settle(job_id id, uint32_t number, ack_verdict verdict) {
  std::vector<ack_callback> waiting;
  {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find({id, number});
    if (found == entries_.end() || !found->second.given) return;
    auto taken = take(found);
    waiting = std::move(taken.waiting);
    if (verdict == ack_verdict::accepted) remember({id, number}, std::move(*taken.given));
  }
  answer_all(waiting, verdict);
}

void awaited_acks::settled(job_id id, uint32_t number) { settle(id, number, ack_verdict::accepted); }
void awaited_acks::not_counted(job_id id, uint32_t number) { settle(id, number, ack_verdict::refused); }

/// Of one that ended by the clock.
attempt_result awaited_acks::result_of(const entry& ended, steady_time now, wall_time wall) {
  const auto& what = ended.what;
  auto result = result_of(what, wall);
  if (ended.times_out_at <= now) {
    result.outcome = attempt_outcome::timed_out;
    result.error = "not acknowledged within " + format_duration(what.order.what.how->timeout) + " (timeout)";
    if (!what.worker.empty()) result.error += " by worker " + what.worker;
  } else {
    result.error = "worker " + what.worker + " let its lease of " + format_duration(what.lease) +
                   " run out: no heartbeat, no acknowledgement";
  }
  return result;
}

std::optional<awaited_acks::steady_time> awaited_acks::expire() {
  std::vector<std::pair<std::shared_ptr<const results_sink>, std::vector<attempt_result>>> ended;
  std::optional<steady_time> next;
  {
    const std::lock_guard lock{mutex_};
    const auto now = clock_.steady_now();
    const auto wall = clock_.wall_now();
    while (!ends_.empty() && ends_.begin()->first <= now) {
      const auto taken = take(entries_.find(ends_.begin()->second));
      const auto same = [&taken](const auto& each) { return each.first == taken.what.answer; };
      auto place = std::find_if(ended.begin(), ended.end(), same);
      if (place == ended.end()) place = ended.insert(ended.end(), {taken.what.answer, {}});
      place->second.push_back(result_of(taken, now, wall));
    }
    if (!ends_.empty()) next = ends_.begin()->first;
  }
  for (auto& [answer, results] : ended) (*answer)(std::move(results));
  return next;
}

void awaited_acks::stop() {
  entries dropped;
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  dropped.swap(entries_);
  for (const auto& [of, one] : dropped)
    if (!one.given) count(one, false);
  ends_.clear();
}

} // namespace wheelwork
