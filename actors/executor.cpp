#include "actors/executor.hpp"

#include "actors/guard.hpp"
#include "actors/start_rules.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace wheelwork {

executor_actor::behavior_type executor_state::make_behavior(std::shared_ptr<runner> with, const clock_source* clock,
                                                            std::shared_ptr<node_statistics> statistics) {
  guard(self_, name);
  runner_ = std::move(with);
  clock_ = clock;
  statistics_ = std::move(statistics);
  return {
      [this](run& batch) { start(batch); },
      [this](const stop_attempts& these) {
        for (auto& attempt : these.attempts) runner_->cancel(attempt.id, attempt.number);
      },
      [this](const settled_attempts& these) {
        for (auto& attempt : these.attempts)
          these.counted ? runner_->settled(attempt.id, attempt.number)
                        : runner_->not_counted(attempt.id, attempt.number);
      },
  };
}

void executor_state::start(run& batch) {
  auto now = clock_->precise_now();
  auto steady = clock_->steady_now();
  std::vector<std::chrono::microseconds> lateness;
  lateness.reserve(batch.orders.size());
  for (auto& order : batch.orders) {
    if (waits_for_worker(order.what)) continue; // how long a queue waits for workers says nothing about the node
    // A job pushed with a time in the past could not start before there was a job. After a restart ids are ahead of the
    // clock for a while and don't say when that was.
    const wall_time made_at{milliseconds{static_cast<int64_t>(milliseconds_of(order.what.id))}};
    const wall_time could_start = made_at > now ? order.what.due_at : std::max(order.what.due_at, made_at);
    lateness.push_back(std::max<std::chrono::microseconds>(now - could_start, std::chrono::microseconds{0}));
  }
  if (!lateness.empty()) statistics_->lateness.add(steady, lateness);
  statistics_->started.add(steady, batch.orders.size());
  statistics_->started_total += batch.orders.size();
  runner_->run(std::move(batch.orders));
}

executor_actor::behavior_type executor(executor_actor::stateful_pointer<executor_state> self,
                                       std::shared_ptr<runner> with, const clock_source* clock,
                                       std::shared_ptr<node_statistics> statistics) {
  return self->state.make_behavior(std::move(with), clock, std::move(statistics));
}

results_sink results_to(dispatcher_actor dispatcher, std::shared_ptr<const consumer_table> consumers,
                        target_kind kind) {
  return [dispatcher, consumers = std::move(consumers), kind](std::vector<attempt_result> results) {
    const auto of_messages = std::stable_partition(results.begin(), results.end(), [](const attempt_result& result) {
      return !consumer_table::is_message(result.id);
    });
    if (of_messages != results.end()) {
      consumers->route(kind, {std::make_move_iterator(of_messages), std::make_move_iterator(results.end())});
      results.erase(of_messages, results.end());
    }
    if (!results.empty()) caf::anon_send(dispatcher, finished{kind, std::move(results)});
  };
}

} // namespace wheelwork
