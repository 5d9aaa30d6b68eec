#include "targets/worker_runner.hpp"

#include "targets/deadline_thread.hpp"
#include "targets/native_result.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace wheelwork {

namespace {

constexpr size_t priorities = 10;

class real_worker_runner final : public worker_runner, public std::enable_shared_from_this<real_worker_runner> {
public:
  real_worker_runner(std::shared_ptr<awaited_acks> acks, worker_demand demand, const clock_source& clock,
                     results_sink sink, std::shared_ptr<worker_gauges> gauges, bool own_thread)
      : acks_{std::move(acks)}, demand_{std::move(demand)}, clock_{clock}, sink_{std::make_shared<const results_sink>(
                                                                               std::move(sink))},
        gauges_{gauges ? std::move(gauges) : std::make_shared<worker_gauges>()} {
    if (!own_thread) return;
    time_.emplace(clock_, [this] { return earlier(expire(), acks_->expire()); });
    acks_->on_earlier = [this] { time_->wake(); };
  }
  ~real_worker_runner() override { stop(); }

  void run(std::vector<attempt_order> orders) override;
  void cancel(job_id id, uint32_t number) override;
  bool take_back(job_id id, uint32_t number) override { return take_waiting(id, number).has_value(); }
  void settled(job_id id, uint32_t number) override { acks_->settled(id, number); }
  void not_counted(job_id id, uint32_t number) override { acks_->not_counted(id, number); }
  void stop() override;
  uint64_t poll(worker_poll request, leased_jobs_callback done) override;
  void withdraw(uint64_t poll) override;
  void give_back(const std::vector<std::pair<job_id, uint32_t>>& attempts) override;
  void end_polls() override;
  std::optional<steady_time> expire() override;

private:
  struct waiting_poll {
    worker_poll request;
    leased_jobs_callback done;
    steady_time until;
  };
  using poll_map = std::map<uint64_t, waiting_poll>; ///< the number grows, so the first waits longest
  /// Messages of pools that wait for a worker: by priority, each first in, first out.
  using message_queue = std::array<std::deque<attempt_order>, priorities>;
  struct delivery {
    leased_jobs_callback done;
    std::vector<leased_job> jobs;
  };

  static std::optional<steady_time> earlier(std::optional<steady_time> a, std::optional<steady_time> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
  }
  waiting_poll take(poll_map::iterator found);
  std::vector<attempt_order> take_waiting(const worker_poll& request);
  std::optional<attempt_order> take_waiting(job_id id, uint32_t number);
  poll_map::iterator poll_for(const std::string& queue);
  delivery lease(waiting_poll to, std::vector<attempt_order> orders);
  void serve_messages(std::vector<attempt_order> orders);
  void return_unused(const std::vector<attempt_order>& orders);
  void answer_with_nothing(uint64_t poll);

  const std::shared_ptr<awaited_acks> acks_;
  const worker_demand demand_;
  const clock_source& clock_;
  const std::shared_ptr<const results_sink> sink_;
  const std::shared_ptr<worker_gauges> gauges_;
  std::mutex mutex_;
  bool no_polls_ = false, stopped_ = false;
  uint64_t last_poll_ = 0;
  poll_map polls_;
  std::set<std::pair<steady_time, uint64_t>> ends_; ///< of polls whose wait is not over
  std::map<std::string, message_queue> messages_;   ///< by the queue's name; none without messages
  std::optional<deadline_thread> time_;
};

const std::string& queue_of(const attempt_order& order) { return std::get<worker_target>(order.what.how->how).queue; }

/// With mutex_ held.
real_worker_runner::waiting_poll real_worker_runner::take(poll_map::iterator found) {
  auto taken = std::move(found->second);
  ends_.erase({taken.until, found->first});
  polls_.erase(found);
  --gauges_->polls;
  return taken;
}

/// With mutex_ held. Messages of pools for this poll, the highest priority first.
std::vector<attempt_order> real_worker_runner::take_waiting(const worker_poll& request) {
  std::vector<attempt_order> taken;
  for (size_t level = priorities; level-- > 0 && !messages_.empty();)
    for (const auto& name : request.queues) {
      const auto found = messages_.find(name);
      if (found == messages_.end()) continue;
      auto& waiting = found->second[level];
      while (!waiting.empty() && taken.size() < request.max) {
        taken.push_back(std::move(waiting.front()));
        waiting.pop_front();
      }
    }
  for (const auto& name : request.queues) {
    const auto found = messages_.find(name);
    const auto is_empty = [](const auto& level) { return level.empty(); };
    if (found != messages_.end() && std::all_of(found->second.begin(), found->second.end(), is_empty))
      messages_.erase(found);
  }
  return taken;
}

/// The attempts begin here. Without mutex_.
real_worker_runner::delivery real_worker_runner::lease(waiting_poll to, std::vector<attempt_order> orders) {
  delivery made{std::move(to.done), {}};
  std::vector<awaited_attempt> held;
  held.reserve(orders.size());
  made.jobs.reserve(orders.size());
  const auto now = clock_.wall_now();
  for (auto& order : orders) {
    const auto timeout = order.what.how->timeout;
    const auto lease = std::min(to.request.lease, timeout);
    const bool of_a_job = order.from == nullptr;
    held.push_back({order, now, sink_, to.request.worker, lease, of_a_job});
    made.jobs.push_back({std::move(order), lease, timeout});
  }
  acks_->expect(std::move(held)); // before the worker hears of them
  return made;
}

uint64_t real_worker_runner::poll(worker_poll request, leased_jobs_callback done) {
  std::unique_lock lock{mutex_};
  const auto number = ++last_poll_;
  auto messages = no_polls_ ? std::vector<attempt_order>{} : take_waiting(request);
  if (!messages.empty()) {
    lock.unlock();
    auto made = lease({std::move(request), std::move(done), {}}, std::move(messages));
    made.done(std::move(made.jobs));
    return number;
  }
  if (no_polls_) {
    lock.unlock();
    done({});
    return number;
  }
  const auto until = clock_.steady_now() + request.wait;
  auto queues = request.queues;
  const auto max = request.max;
  polls_.emplace(number, waiting_poll{std::move(request), std::move(done), until});
  ++gauges_->polls;
  lock.unlock();
  demand_.ask(number, std::move(queues), max);
  lock.lock();
  if (!polls_.contains(number)) return number; // answered
  const bool first = ends_.empty() || until < ends_.begin()->first;
  ends_.emplace(until, number); // not before it has asked
  lock.unlock();
  if (first && time_) time_->wake();
  return number;
}

void real_worker_runner::withdraw(uint64_t poll) {
  std::optional<waiting_poll> gone; // its callback is destroyed without the lock
  {
    const std::lock_guard lock{mutex_};
    const auto found = polls_.find(poll);
    if (found == polls_.end()) return;
    gone = take(found);
  }
  demand_.withdraw(poll);
}

void real_worker_runner::run(std::vector<attempt_order> orders) {
  std::map<uint64_t, std::vector<attempt_order>> by_poll;
  for (auto& order : orders) by_poll[order.poll].push_back(std::move(order));
  for (auto& [poll, of_poll] : by_poll) {
    if (poll == 0) {
      serve_messages(std::move(of_poll));
      continue;
    }
    std::unique_lock lock{mutex_};
    const auto found = polls_.find(poll);
    if (found == polls_.end()) {
      lock.unlock();
      return_unused(of_poll);
      continue;
    }
    auto to = take(found);
    lock.unlock();
    auto made = lease(std::move(to), std::move(of_poll));
    made.done(std::move(made.jobs));
  }
}

/// With mutex_ held. The poll that waits longest for this queue.
real_worker_runner::poll_map::iterator real_worker_runner::poll_for(const std::string& queue) {
  return std::find_if(polls_.begin(), polls_.end(), [&queue](const auto& each) {
    const auto& queues = each.second.request.queues;
    return std::find(queues.begin(), queues.end(), queue) != queues.end();
  });
}

/// Messages of pools: to polls that wait, the rest is kept.
void real_worker_runner::serve_messages(std::vector<attempt_order> orders) {
  std::vector<delivery> ready;
  std::vector<uint64_t> served;
  std::unique_lock lock{mutex_};
  if (stopped_) return;
  std::set<std::string> names;
  for (auto& order : orders) {
    const auto& name = queue_of(order);
    names.insert(name);
    messages_[name][std::min<size_t>(order.what.priority, priorities - 1)].push_back(std::move(order));
  }
  for (const auto& name : names)
    while (messages_.contains(name)) {
      const auto found = poll_for(name);
      if (found == polls_.end()) break;
      served.push_back(found->first);
      auto to = take(found);
      auto taken = take_waiting(to.request);
      ready.push_back(lease(std::move(to), std::move(taken)));
    }
  lock.unlock();
  for (const auto poll : served) demand_.withdraw(poll);
  for (auto& each : ready) each.done(std::move(each.jobs));
}

/// The poll is over, so nobody got them.
void real_worker_runner::return_unused(const std::vector<attempt_order>& orders) {
  std::vector<attempt_result> results;
  const auto now = clock_.wall_now();
  for (const auto& order : orders) {
    auto result = result_for(order);
    result.outcome = attempt_outcome::lost;
    result.started = false;
    result.started_at = result.finished_at = now;
    result.error = "the worker went away before it got the job";
    results.push_back(std::move(result));
  }
  if (!results.empty()) (*sink_)(std::move(results));
}

void real_worker_runner::give_back(const std::vector<std::pair<job_id, uint32_t>>& attempts) {
  std::vector<attempt_order> jobs, messages;
  for (const auto& [id, number] : attempts)
    if (auto held = acks_->forget(id, number)) (held->order.from ? messages : jobs).push_back(std::move(held->order));
  return_unused(jobs);
  if (!messages.empty()) serve_messages(std::move(messages));
}

/// A message that no worker has taken yet.
std::optional<attempt_order> real_worker_runner::take_waiting(job_id id, uint32_t number) {
  const std::lock_guard lock{mutex_};
  const auto is_it = [&](const attempt_order& each) { return each.what.id == id && each.number == number; };
  for (auto& [name, of_queue] : messages_)
    for (auto& level : of_queue) {
      const auto found = std::find_if(level.begin(), level.end(), is_it);
      if (found == level.end()) continue;
      std::optional<attempt_order> taken{std::move(*found)};
      level.erase(found);
      return taken;
    }
  return std::nullopt;
}

void real_worker_runner::cancel(job_id id, uint32_t number) {
  const auto waiting = take_waiting(id, number);
  if (!waiting) return acks_->cancel(id, number);
  auto result = result_for(*waiting);
  result.outcome = attempt_outcome::cancelled;
  result.started = false;
  result.started_at = result.finished_at = clock_.wall_now();
  result.error = "cancelled before a worker took it";
  std::vector<attempt_result> one;
  one.push_back(std::move(result));
  (*sink_)(std::move(one));
}

std::optional<worker_runner::steady_time> real_worker_runner::expire() {
  std::vector<uint64_t> over;
  std::optional<steady_time> next;
  {
    const std::lock_guard lock{mutex_};
    const auto now = clock_.steady_now();
    while (!ends_.empty() && ends_.begin()->first <= now) {
      over.push_back(ends_.begin()->second);
      ends_.erase(ends_.begin());
    }
    if (!ends_.empty()) next = ends_.begin()->first;
  }
  for (const auto number : over)
    demand_.end(number, [weak = weak_from_this(), number] {
      if (const auto self = weak.lock()) self->answer_with_nothing(number);
    });
  return next;
}

void real_worker_runner::answer_with_nothing(uint64_t poll) {
  std::optional<waiting_poll> over;
  {
    const std::lock_guard lock{mutex_};
    const auto found = polls_.find(poll);
    if (found == polls_.end()) return;
    over = take(found);
  }
  over->done({});
}

void real_worker_runner::end_polls() {
  poll_map over;
  {
    const std::lock_guard lock{mutex_};
    no_polls_ = true;
    over.swap(polls_);
    ends_.clear();
    gauges_->polls -= over.size();
  }
  for (auto& [number, each] : over) {
    demand_.withdraw(number);
    each.done({});
  }
}

void real_worker_runner::stop() {
  end_polls();
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(stopped_, true)) return;
    messages_.clear();
  }
  acks_->stop();
  if (time_) time_->stop();
}

} // namespace

std::shared_ptr<worker_runner> make_worker_runner(std::shared_ptr<awaited_acks> acks, worker_demand demand,
                                                  const clock_source& clock, results_sink sink,
                                                  std::shared_ptr<worker_gauges> gauges, bool own_thread) {
  return std::make_shared<real_worker_runner>(std::move(acks), std::move(demand), clock, std::move(sink),
                                              std::move(gauges), own_thread);
}

} // namespace wheelwork
