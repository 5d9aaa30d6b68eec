// What runs attempts of one target kind, outside the actors: the executor actor of that kind owns one.
#pragma once

#include "targets/attempt.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace wheelwork {

/// Called with finished attempts, in batches, on a thread of the runner; must not block and must not call back into the
/// runner.
using results_sink = std::function<void(std::vector<attempt_result>)>;

/// Runs attempts of one kind at the same time, as many as it is given: bounds are the dispatcher's. Each attempt that
/// was given is answered exactly once through the sink, within its timeout plus the time that stopping takes. Calls
/// come from one actor at a time and never block.
class runner {
public:
  virtual ~runner() = default;
  /// Starts these attempts now.
  virtual void run(std::vector<attempt_order> orders) = 0;
  /// Runs an attempt within the call and answers it, where that takes microseconds only. None: it is on its way and is
  /// answered through the sink. Any thread, several at a time.
  virtual std::optional<attempt_result> run_now(attempt_order order) {
    std::vector<attempt_order> one;
    one.push_back(std::move(order));
    run(std::move(one));
    return std::nullopt;
  }
  /// Asks an attempt to stop; it answers through the sink all the same, as cancelled or with whatever it came to.
  virtual void cancel(job_id id, uint32_t number) = 0;
  /// Takes back an attempt that has not begun. True: it never will, and is not answered. False: it has, or is over.
  /// Any thread.
  virtual bool take_back(job_id, uint32_t) { return false; }
  /// The result of this attempt is committed: a runner that keeps results for a restarted node may forget it.
  virtual void settled(job_id, uint32_t) {}
  /// The result of this attempt came too late: the job had been cancelled or had a newer attempt.
  virtual void not_counted(job_id, uint32_t) {}
  /// Stops taking part: what still runs is abandoned (http, native) or left to its helper (process). No sink call after
  /// it returns. May block shortly; called once, at the node's end.
  virtual void stop() = 0;
};

} // namespace wheelwork
