// Runs the attempts of one target kind: hands them to the kind's runner, whose results go straight to the dispatcher.
#pragma once

#include "actors/consumer_table.hpp"
#include "actors/node_statistics.hpp"
#include "messages/running.hpp"
#include "targets/runner.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace wheelwork {

class executor_state {
public:
  static inline const char* name = "executor";

  explicit executor_state(executor_actor::pointer self) : self_{self} {}

  executor_actor::behavior_type make_behavior(std::shared_ptr<runner> with, const clock_source* clock,
                                              std::shared_ptr<node_statistics> statistics);

private:
  void start(run& batch);

  executor_actor::pointer self_;
  std::shared_ptr<runner> runner_;
  const clock_source* clock_ = nullptr;
  std::shared_ptr<node_statistics> statistics_;
};

/// The runner's sink must send `finished` to the dispatcher (see results_to).
executor_actor::behavior_type executor(executor_actor::stateful_pointer<executor_state> self,
                                       std::shared_ptr<runner> with, const clock_source* clock,
                                       std::shared_ptr<node_statistics> statistics);

/// A sink for a runner of this kind: results of jobs go to the dispatcher, those of messages to their consumers.
/// Callable on any thread.
results_sink results_to(dispatcher_actor dispatcher, std::shared_ptr<const consumer_table> consumers, target_kind kind);

} // namespace wheelwork
