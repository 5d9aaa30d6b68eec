// Hands due jobs to executors: the highest priority first, as many at once as each target kind and host may run.
#pragma once

#include "actors/node_statistics.hpp"
#include "actors/worker_matching.hpp"
#include "messages/firing.hpp"
#include "messages/running.hpp"
#include "schedule/dispatch_queue.hpp"

#include <absl/container/flat_hash_map.h>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>
#include <set>

namespace wheelwork {

struct dispatcher_settings {
  /// How many attempts of a kind run at once, and how many of one lane (host).
  struct bounds {
    size_t at_once = 0;
    size_t per_lane = 0;
  };
  std::array<bounds, target_kinds> of_kind;
  uint16_t writers = 1;           ///< of the journal: a start needs a lease that each of them renewed
  milliseconds long_attempt{100}; ///< an attempt that runs longer gets its start journaled
};

class dispatcher_state {
public:
  static inline const char* name = "dispatcher";

  explicit dispatcher_state(dispatcher_actor::pointer self) : self_{self} {}

  dispatcher_actor::behavior_type make_behavior(dispatcher_settings settings, const clock_source* clock,
                                                std::shared_ptr<node_statistics> statistics);

private:
  struct attempt_in_flight {
    job what;
    wall_time started_at{};
    bool told_long = false;
  };
  struct start_note {
    std::chrono::steady_clock::time_point at;
    attempt_name name;
  };

  void queue_up(dispatch& ready);
  // ---- worker targets, in dispatcher_workers.cpp
  void take_poll(worker_waits& poll);
  void forget_poll(uint64_t number);
  void end_poll(worker_wait_over& poll);
  bool serve_poll(uint64_t number);
  void serve_polls_of(const std::string& queue);
  void serve_all_polls();
  void take_started_for_worker(job what);
  void take_refused(const starts_refused& these);
  void send_to_worker(std::optional<worker_matching::batch> batch);
  std::optional<job> take_back_from_worker(job_id id);
  outcomes ended_unbegun(std::vector<job> jobs) const;
  void expect(expect_results& these);
  /// One writer that can't write would let outcomes pile up, so each must have renewed the lease.
  bool may_start() const;
  void start_what_may(size_t kind);
  void start_all_kinds();
  void end_attempts(finished& results);
  void give_back(const take_back& request);
  void stop_these(const stop_attempts& request);
  void look_for_long_ones();
  void watch_for_long_ones();
  void tell_running(bool all);
  void give_up_recorded_starts();
  void give_up(std::vector<job> recorded, std::map<uint16_t, outcomes>& by_shard);
  void begin_drain(const drain& request);
  void answer_drain(bool grace_is_over);
  size_t attempts_to_wait_for() const;
  void update_gauges();

  dispatcher_actor::pointer self_;
  dispatcher_settings settings_;
  const clock_source* clock_ = nullptr;
  std::shared_ptr<node_statistics> statistics_;
  std::vector<scheduler_actor> schedulers_;
  std::array<executor_actor, target_kinds> executors_;
  std::vector<dispatch_queue<job>> queues_; ///< by kind
  absl::flat_hash_map<attempt_name, attempt_in_flight> in_flight_;
  absl::flat_hash_map<attempt_name, attempt_result>
      early_results_; ///< of attempts that an earlier incarnation started, until a scheduler expects them
  worker_matching workers_;
  absl::flat_hash_map<uint64_t, std::function<void()>> ending_polls_; ///< with jobs on their way
  std::deque<start_note> starts_;                                     ///< in order of time, for look_for_long_ones
  bool watching_ = false;
  std::vector<std::chrono::steady_clock::time_point> starts_allowed_until_; ///< by writer
  keeper_actor drain_to_;
  bool draining_ = false;
};

dispatcher_actor::behavior_type dispatcher(dispatcher_actor::stateful_pointer<dispatcher_state> self,
                                           dispatcher_settings settings, const clock_source* clock,
                                           std::shared_ptr<node_statistics> statistics);

} // namespace wheelwork
