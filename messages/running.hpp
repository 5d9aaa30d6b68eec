// What dispatcher, executors and schedulers say to each other about attempts.
#pragma once

#include "messages/actor_types.hpp"
#include "messages/attempt.hpp"

#include <chrono>
#include <functional>

namespace wheelwork {

/// Slot or scheduler → dispatcher: these are due. A job with start_recorded runs as attempt `attempt`, any other as
/// `attempt + 1`.
struct dispatch {
  std::vector<job> jobs;
};

/// Scheduler → dispatcher: attempts that an earlier incarnation started and that go on; their numbers are in
/// job::attempt.
struct expect_results {
  std::vector<job> jobs;
};

/// Dispatcher → executor: start these now.
struct run {
  std::vector<attempt_order> orders;
};

struct attempt_name {
  job_id id{};
  uint32_t number = 0;
  friend bool operator==(const attempt_name&, const attempt_name&) = default;
  template <class Hash>
  friend Hash AbslHashValue(Hash hash, const attempt_name& name) {
    return Hash::combine(std::move(hash), value_of(name.id), name.number);
  }
};

/// Scheduler → dispatcher → executor: tell them to stop. Results come all the same.
struct stop_attempts {
  std::vector<attempt_name> attempts;
};

/// Scheduler → dispatcher → executor: what became of them is committed.
struct settled_attempts {
  target_kind kind{};
  std::vector<attempt_name> attempts;
  bool counted = true; ///< false: the results came too late and are kept as such
};

/// A worker waits: take up to `max` jobs of these queues to it, as soon as there is one. From a runner's thread.
struct worker_waits {
  uint64_t poll = 0;
  std::vector<std::string> queues;
  size_t max = 1;
};
/// It does no longer.
struct worker_left {
  uint64_t poll = 0;
};
/// It has waited as long as it wanted: `free` is called when no job is on its way to it, and it gets none from then on.
struct worker_wait_over {
  uint64_t poll = 0;
  std::function<void()> free;
};

/// Dispatcher → scheduler: workers wait for these jobs; commit their starts and send them again. Answered for each by
/// `dispatch` or `starts_refused`.
struct begin_starts {
  std::vector<job> jobs;
};
/// Scheduler → dispatcher: these can't start.
struct starts_refused {
  std::vector<job> jobs;
};

/// To the dispatcher: index is the target kind.
struct use_executors {
  std::array<executor_actor, target_kinds> of_kind;
};

/// A runner's thread → dispatcher.
struct finished {
  target_kind kind{};
  std::vector<attempt_result> results;
};

/// Dispatcher → scheduler: attempts of its jobs ended.
struct outcomes {
  struct ended_attempt {
    job what;
    attempt_result result;
  };
  std::vector<ended_attempt> ended;
  bool draining = false; ///< the node stops: what was not begun will not be
};

/// Dispatcher → scheduler: these attempts run for a while now; their start is worth a row.
struct still_running {
  struct running_attempt {
    job_id id{};
    uint32_t number = 0;
    wall_time started_at{};
    target_kind kind{};
  };
  std::vector<running_attempt> attempts;
};

/// Persistence → dispatcher: the lease holds until then, and this writer could renew it.
struct starts_allowed {
  uint16_t writer = 0;
  std::chrono::steady_clock::time_point until{};
};

struct drain {
  keeper_actor to;
  milliseconds grace{};
};

/// Dispatcher → keeper: nothing runs any more, or so much still does after the grace.
struct drained {
  size_t still_running = 0;
};

/// INTERNAL to the dispatcher.
struct look_for_long_attempts {};
/// INTERNAL to the dispatcher.
struct grace_over {};

} // namespace wheelwork
