#include "targets/native_runner.hpp"

#include "schedule/time_text.hpp"
#include "targets/native_attempts.hpp"
#include "targets/native_result.hpp"

#include <condition_variable>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mutex>
#include <thread>

namespace wheelwork {

namespace {

using phase = native_attempt::phase;

/// All that the threads share. They hold it by shared_ptr, for a handler that never returns outlives the runner.
class native_core {
public:
  native_core(std::shared_ptr<const native_registry> registry, size_t threads, attempt_identity identity,
              const clock_source& clock, results_sink sink)
      : registry_{std::move(registry)}, identity_{std::move(identity)}, clock_{clock}, sink_{std::move(sink)},
        ended_(threads) {}

  void run(std::vector<attempt_order> orders);
  std::optional<attempt_result> run_now(attempt_order order);
  void cancel(job_id id, uint32_t number);
  /// After it no sink call is under way or comes. Gives which pool threads have ended.
  std::vector<bool> stop();

  void keep_time();           ///< the timer thread
  void work(size_t position); ///< a pool thread

private:
  std::optional<attempt_result> begin(attempt_order& order, std::vector<native_attempt_ptr>& unanswered);
  native_call call_for(const attempt_order& order, std::stop_token stop) const;
  attempt_result result_of(const attempt_order& order, native_outcome outcome, wall_time started_at) const;
  attempt_result unfinished(const native_attempt& attempt, attempt_outcome outcome, std::string error) const;
  attempt_result result_when_due(native_attempt& attempt, steady_time now) const;
  void take_in(const std::vector<native_attempt_ptr>& unanswered);
  void wait_for(const native_attempt_ptr& attempt);
  std::optional<attempt_result> returned(const native_attempt_ptr& attempt, native_outcome outcome);
  void answer(std::vector<attempt_result> results);

  const std::shared_ptr<const native_registry> registry_;
  const attempt_identity identity_;
  const clock_source& clock_;
  const results_sink sink_;

  std::mutex sink_mutex_; ///< never taken inside mutex_
  bool answering_ = true;

  std::mutex mutex_;
  bool stopping_ = false;
  native_attempts attempts_;
  std::deque<native_attempt_ptr> queue_;
  size_t busy_ = 0;
  std::vector<bool> ended_;
  std::condition_variable earlier_, queued_, thread_ended_;
};

void native_core::answer(std::vector<attempt_result> results) {
  if (results.empty()) return;
  const std::lock_guard lock{sink_mutex_};
  if (answering_) sink_(std::move(results));
}

native_call native_core::call_for(const attempt_order& order, std::stop_token stop) const {
  const auto& what = order.what;
  return {what.id,   order.number,   what.body.data(), what.body.content_type(), what.nominal_time(),
          identity_, std::move(stop)};
}

attempt_result native_core::result_of(const attempt_order& order, native_outcome outcome, wall_time started_at) const {
  auto result = result_for(order);
  result.started_at = started_at;
  result.finished_at = clock_.wall_now();
  result.outcome = outcome.succeeded ? attempt_outcome::succeeded : attempt_outcome::failed;
  if (!outcome.succeeded)
    result.error = outcome.error.empty() ? "the handler failed and gave no reason" : std::move(outcome.error);
  result.response = native_response(std::move(outcome.result));
  return result;
}

attempt_result native_core::unfinished(const native_attempt& attempt, attempt_outcome outcome,
                                       std::string error) const {
  auto result = result_for(attempt.order);
  result.finished_at = clock_.wall_now();
  result.started = attempt.now != phase::queued;
  result.started_at = result.started ? attempt.started_at : result.finished_at;
  result.outcome = outcome;
  result.error = std::move(error);
  return result;
}

/// Runs a quick handler, or lays the attempt aside with those that are answered later.
std::optional<attempt_result> native_core::begin(attempt_order& order, std::vector<native_attempt_ptr>& unanswered) {
  const auto* how = std::get_if<native_target>(&order.what.how->how);
  const auto* known = how ? registry_->find(how->handler) : nullptr;
  const auto started_at = clock_.wall_now();
  if (!known) {
    auto result = result_for(order);
    result.started_at = result.finished_at = started_at;
    result.started = false;
    result.error = how ? fmt::format("no native handler {}: this program has {}", how->handler,
                                     fmt::join(registry_->names(), ", "))
                       : "this is no native target";
    return result;
  }
  const bool quick = known->kind == handler_kind::quick;
  native_outcome outcome;
  if (quick) {
    outcome = call_handler(known->handler, call_for(order, {}));
    if (outcome.finish_after <= milliseconds{0}) return result_of(order, std::move(outcome), started_at);
  }
  const auto now = clock_.steady_now();
  auto attempt = std::make_shared<native_attempt>();
  attempt->handler = &known->handler;
  attempt->now = quick ? phase::sleeping : phase::queued;
  attempt->started_at = started_at;
  attempt->times_out_at = now + order.what.how->timeout;
  attempt->finish_at = now + std::min(outcome.finish_after, order.what.how->timeout + milliseconds{1});
  attempt->outcome = std::move(outcome);
  attempt->order = std::move(order);
  unanswered.push_back(std::move(attempt));
  return std::nullopt;
}

void native_core::run(std::vector<attempt_order> orders) {
  std::vector<attempt_result> results;
  results.reserve(orders.size());
  std::vector<native_attempt_ptr> unanswered;
  for (auto& order : orders)
    if (auto result = begin(order, unanswered)) results.push_back(std::move(*result));
  take_in(unanswered);
  answer(std::move(results));
}

std::optional<attempt_result> native_core::run_now(attempt_order order) {
  std::vector<native_attempt_ptr> unanswered;
  auto result = begin(order, unanswered);
  take_in(unanswered);
  return result;
}

void native_core::take_in(const std::vector<native_attempt_ptr>& unanswered) {
  if (unanswered.empty()) return;
  const std::lock_guard lock{mutex_};
  if (stopping_) return;
  for (const auto& attempt : unanswered) {
    wait_for(attempt);
    if (attempt->now != phase::queued) continue;
    queue_.push_back(attempt);
    queued_.notify_one();
  }
}

/// With mutex_ held.
void native_core::wait_for(const native_attempt_ptr& attempt) {
  const auto before = attempts_.earliest();
  attempts_.add(attempt);
  if (!before || attempt->due() < *before) earlier_.notify_one();
}

void native_core::cancel(job_id id, uint32_t number) {
  native_attempt_ptr attempt;
  std::vector<attempt_result> results;
  {
    const std::lock_guard lock{mutex_};
    attempt = attempts_.find(id, number);
    if (!attempt) return; // answered meanwhile
    attempts_.remove(attempt);
    results.push_back(unfinished(*attempt, attempt_outcome::cancelled,
                                 attempt->now == phase::queued    ? "cancelled before a thread was free for it"
                                 : attempt->now == phase::running ? "cancelled while its handler ran"
                                                                  : "cancelled before its time was over"));
  }
  attempt->stop.request_stop();
  answer(std::move(results));
}

attempt_result native_core::result_when_due(native_attempt& attempt, steady_time now) const {
  if (attempt.now == phase::sleeping && attempt.finish_at <= std::min(now, attempt.times_out_at))
    return result_of(attempt.order, std::move(attempt.outcome), attempt.started_at);
  const auto timeout = format_duration(attempt.order.what.how->timeout);
  std::string error = fmt::format("not done within {} (timeout)", timeout);
  if (attempt.now == phase::queued)
    error =
        fmt::format("no thread was free for it within {} (timeout): {} of {} are busy", timeout, busy_, ended_.size());
  return unfinished(attempt, attempt_outcome::timed_out, std::move(error));
}

void native_core::keep_time() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    const auto earliest = attempts_.earliest();
    const auto now = clock_.steady_now();
    if (!earliest) {
      earlier_.wait(lock);
    } else if (*earliest > now) {
      // At most a minute at a time, so that no clock arithmetic can overflow.
      earlier_.wait_for(lock, std::min<std::chrono::nanoseconds>(*earliest - now, std::chrono::minutes{1}));
    } else {
      std::vector<attempt_result> results;
      const auto due = attempts_.take_due(now);
      results.reserve(due.size());
      for (const auto& attempt : due) results.push_back(result_when_due(*attempt, now));
      lock.unlock();
      for (const auto& attempt : due) attempt->stop.request_stop();
      answer(std::move(results));
      lock.lock();
    }
  }
}

void native_core::work(size_t position) {
  std::unique_lock lock{mutex_};
  for (;;) {
    queued_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) break;
    const auto attempt = std::move(queue_.front());
    queue_.pop_front();
    if (!attempts_.holds(attempt)) continue; // timed out or cancelled in the queue
    attempt->now = phase::running;
    attempt->started_at = clock_.wall_now();
    attempt->stop = std::stop_source{};
    ++busy_;
    lock.unlock();
    auto outcome = call_handler(*attempt->handler, call_for(attempt->order, attempt->stop.get_token()));
    lock.lock();
    --busy_;
    auto result = returned(attempt, std::move(outcome));
    lock.unlock();
    if (result) answer({std::move(*result)});
    lock.lock();
  }
  ended_[position] = true;
  thread_ended_.notify_one();
}

/// With mutex_ held. None: nobody waits for it any more, or it is told later.
std::optional<attempt_result> native_core::returned(const native_attempt_ptr& attempt, native_outcome outcome) {
  if (stopping_ || !attempts_.remove(attempt)) return std::nullopt;
  if (outcome.finish_after <= milliseconds{0})
    return result_of(attempt->order, std::move(outcome), attempt->started_at);
  attempt->now = phase::sleeping;
  attempt->finish_at =
      clock_.steady_now() + std::min(outcome.finish_after, attempt->order.what.how->timeout + milliseconds{1});
  attempt->outcome = std::move(outcome);
  wait_for(attempt);
  return std::nullopt;
}

std::vector<bool> native_core::stop() {
  {
    const std::lock_guard lock{sink_mutex_};
    answering_ = false;
  }
  std::vector<native_attempt_ptr> abandoned;
  std::unique_lock lock{mutex_};
  stopping_ = true;
  abandoned = attempts_.take_all();
  queue_.clear();
  earlier_.notify_all();
  queued_.notify_all();
  lock.unlock();
  for (const auto& attempt : abandoned) attempt->stop.request_stop();
  lock.lock();
  constexpr milliseconds patience{100};
  thread_ended_.wait_for(lock, patience,
                         [this] { return std::find(ended_.begin(), ended_.end(), false) == ended_.end(); });
  return ended_;
}

class native_runner final : public runner {
public:
  native_runner(std::shared_ptr<native_core> core, size_t threads)
      : core_{std::move(core)}, timer_{[core = core_] { core->keep_time(); }} {
    for (size_t position = 0; position < threads; ++position)
      pool_.emplace_back([core = core_, position] { core->work(position); });
  }
  ~native_runner() override { stop(); }
  void run(std::vector<attempt_order> orders) override { core_->run(std::move(orders)); }
  std::optional<attempt_result> run_now(attempt_order order) override { return core_->run_now(std::move(order)); }
  void cancel(job_id id, uint32_t number) override { core_->cancel(id, number); }
  void stop() override {
    if (!timer_.joinable()) return;
    const auto ended = core_->stop();
    timer_.join();
    for (size_t position = 0; position < pool_.size(); ++position)
      ended[position] ? pool_[position].join() : pool_[position].detach();
  }

private:
  std::shared_ptr<native_core> core_;
  std::thread timer_;
  std::vector<std::thread> pool_;
};

} // namespace

std::unique_ptr<runner> make_native_runner(std::shared_ptr<const native_registry> registry, size_t threads,
                                           attempt_identity identity, const clock_source& clock, results_sink sink) {
  threads = std::max<size_t>(threads, 1);
  auto core = std::make_shared<native_core>(std::move(registry), threads, std::move(identity), clock, std::move(sink));
  return std::make_unique<native_runner>(std::move(core), threads);
}

} // namespace wheelwork
