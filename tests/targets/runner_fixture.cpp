#include "tests/targets/runner_fixture.hpp"

#include <stdexcept>

namespace wheelwork::target_test {

wall_time real_clock::wall_now() const { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }

std::chrono::steady_clock::time_point real_clock::steady_now() const { return std::chrono::steady_clock::now(); }

const clock_source& machine_clock() {
  static const real_clock clock;
  return clock;
}

results_sink result_collector::sink() {
  return [this](std::vector<attempt_result> results) {
    const std::lock_guard lock{mutex_};
    ++batches_;
    results_.insert(results_.end(), std::make_move_iterator(results.begin()), std::make_move_iterator(results.end()));
    changed_.notify_all();
  };
}

std::vector<attempt_result> result_collector::wait(size_t count) {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, std::chrono::seconds{30}, [&] { return results_.size() >= count; }))
    throw std::runtime_error{"only " + std::to_string(results_.size()) + " of " + std::to_string(count) +
                             " results came"};
  return results_;
}

size_t result_collector::count() const {
  const std::lock_guard lock{mutex_};
  return results_.size();
}

size_t result_collector::batches() const {
  const std::lock_guard lock{mutex_};
  return batches_;
}

attempt_order make_order(target how, payload body, milliseconds timeout, uint64_t id) {
  auto resolved = std::make_shared<resolved_target>();
  resolved->how = std::move(how);
  resolved->timeout = timeout;
  attempt_order order;
  order.what.id = job_id{id};
  order.what.how = std::move(resolved);
  order.what.body = std::move(body);
  order.number = 1;
  return order;
}

const attempt_identity& test_identity() {
  static const attempt_identity identity{"test-node", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  return identity;
}

} // namespace wheelwork::target_test
