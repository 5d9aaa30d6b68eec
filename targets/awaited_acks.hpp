// Attempts whose end is told from outside: workers hold them under a lease, or a target with "complete":"on_ack" has
// handed them over.
#pragma once

#include "targets/runner.hpp"
#include "targets/worker_calls.hpp"
#include "targets/worker_gauges.hpp"

#include <deque>
#include <mutex>
#include <set>
#include <unordered_map>

namespace wheelwork {

/// An attempt that waits for its acknowledgement from now on.
struct awaited_attempt {
  attempt_order order;
  wall_time started_at{};
  std::shared_ptr<const results_sink> answer; ///< gets its result, exactly once
  std::string worker{};                       ///< who holds it; empty: nobody, it has no lease
  milliseconds lease{0};                      ///< with a worker: it fails unless this is extended in time
  bool settles = false; ///< settled() or not_counted() will follow its result; acknowledgements are answered then
};

/// Each attempt ends by the first of: its acknowledgement, its lease running out (failed), its timeout (timed_out,
/// counted from expect()), or cancel(). Any thread, several at a time; nothing blocks. No lock is held during callbacks
/// and sinks.
class awaited_acks {
public:
  using steady_time = std::chrono::steady_clock::time_point;

  explicit awaited_acks(const clock_source& clock, std::shared_ptr<worker_gauges> gauges = nullptr);

  /// Called when something is due earlier than next_end() said before. Set before the first use.
  std::function<void()> on_earlier;

  /// Before the attempt is handed over, as the acknowledgement may be quicker than the return of what hands it over.
  void expect(std::vector<awaited_attempt> these);
  /// It could not be handed over: nobody waits any more, and no result is given. The attempt; none: it has ended.
  std::optional<awaited_attempt> forget(job_id id, uint32_t number);
  void acknowledge(attempt_ack ack, ack_callback done);
  /// Begins a new lease (none: as long as the last), at most until the attempt's timeout. How long it is; none: no
  /// worker holds this attempt.
  std::optional<milliseconds> extend(job_id id, uint32_t number, std::optional<milliseconds> lease);
  /// Ends it as cancelled.
  void cancel(job_id id, uint32_t number);
  /// Its result is committed, or came too late to count.
  void settled(job_id id, uint32_t number);
  void not_counted(job_id id, uint32_t number);

  /// Ends what is due by the clock. When the next one is; none: nothing waits.
  std::optional<steady_time> expire();
  /// No result comes after it; what waits is dropped.
  void stop();

private:
  struct name {
    job_id id;
    uint32_t number;
    auto operator<=>(const name&) const = default;
  };
  struct hash_of_name {
    size_t operator()(const name& of) const noexcept { return std::hash<job_id>{}(of.id) ^ of.number; }
  };
  struct entry {
    awaited_attempt what;
    steady_time times_out_at{}, lease_until{};
    std::optional<attempt_ack> given{};  ///< its acknowledgement came and is being committed
    std::vector<ack_callback> waiting{}; ///< for that
    steady_time ends_at() const { return what.worker.empty() ? times_out_at : std::min(times_out_at, lease_until); }
  };
  using entries = std::unordered_map<name, entry, hash_of_name>;

  static attempt_result result_of(const awaited_attempt& what, wall_time now);
  static attempt_result result_of(const entry& ended, steady_time now, wall_time wall);
  void remember(const name& of, attempt_ack given);
  void settle(job_id id, uint32_t number, ack_verdict verdict);
  std::optional<ack_verdict> remembered(const attempt_ack& ack) const;
  entry take(entries::iterator found);
  void no_longer_due(const name& of, const entry& one);
  void count(const entry& one, bool more);

  const clock_source& clock_;
  const std::shared_ptr<worker_gauges> gauges_;
  mutable std::mutex mutex_;
  bool stopped_ = false;
  entries entries_;
  std::set<std::pair<steady_time, name>> ends_;         ///< of those without an acknowledgement
  std::unordered_map<name, size_t, hash_of_name> done_; ///< hashes of acknowledgements that counted
  std::deque<name> done_in_order_;
};

/// What a runner of a target with "complete":"on_ack" takes: the table of the node and this runner's sink. A default
/// one awaits nothing.
class ack_awaiter {
public:
  ack_awaiter() = default;
  ack_awaiter(std::shared_ptr<awaited_acks> acks, results_sink answer)
      : acks_{std::move(acks)}, answer_{std::make_shared<const results_sink>(std::move(answer))} {}

  explicit operator bool() const { return acks_ != nullptr; }
  /// Before the hand-over: from now on the attempt is answered through the sink (acknowledged, timed out, cancelled).
  void operator()(attempt_order order, wall_time started_at) const {
    awaited_attempt awaited{std::move(order), started_at, answer_};
    awaited.settles = awaited.order.from == nullptr; // a message's end is committed by its source
    std::vector<awaited_attempt> one;
    one.push_back(std::move(awaited));
    acks_->expect(std::move(one));
  }
  /// The hand-over failed: the runner answers by itself. False: it has been answered meanwhile.
  bool forget(job_id id, uint32_t number) const { return acks_->forget(id, number).has_value(); }
  /// For the functions of a runner with these names.
  void cancel(job_id id, uint32_t number) const { acks_->cancel(id, number); }
  void settled(job_id id, uint32_t number) const { acks_->settled(id, number); }
  void not_counted(job_id id, uint32_t number) const { acks_->not_counted(id, number); }

private:
  std::shared_ptr<awaited_acks> acks_;
  std::shared_ptr<const results_sink> answer_;
};

} // namespace wheelwork
