// A runner whose attempts end as and when the test says.
#pragma once

#include "targets/runner.hpp"

#include <algorithm>

namespace wheelwork::testing {

class scripted_runner final : public runner {
public:
  struct start {
    job what;
    uint32_t number = 0;
    wall_time at{};
  };

  scripted_runner(const clock_source& clock, results_sink sink) : clock_{clock}, sink_{std::move(sink)} {}

  void run(std::vector<attempt_order> orders) override {
    for (auto& order : orders) {
      if (on_order) on_order(order);
      starts.push_back({order.what, order.number, clock_.wall_now()});
      open.push_back(starts.back());
      if (!next) continue;
      auto result = next(starts.back());
      if (result) finish(result->id, *result);
    }
  }
  void cancel(job_id id, uint32_t number) override {
    cancelled.emplace_back(id, number);
    if (obeys) finish(id, result_of(id, attempt_outcome::cancelled, number));
  }
  bool take_back(job_id id, uint32_t number) override {
    const auto found = std::find_if(open.begin(), open.end(), [&](const start& one) {
      return one.what.id == id && one.number == number && may_take_back && may_take_back(one.what);
    });
    if (found == open.end()) return false;
    open.erase(found);
    return true;
  }
  void settled(job_id id, uint32_t number) override { settled_ones.emplace_back(id, number); }
  void stop() override {}

  /// The result of the newest open attempt of this job, or of the given one.
  attempt_result result_of(job_id id, attempt_outcome outcome, uint32_t number = 0) const {
    attempt_result result;
    result.id = id;
    result.number = number;
    for (auto& one : open)
      if (one.what.id == id && (number == 0 || one.number == number)) {
        result.number = one.number;
        result.started_at = one.at;
      }
    result.finished_at = clock_.wall_now();
    result.outcome = outcome;
    if (outcome != attempt_outcome::succeeded) result.error = "as the test says";
    return result;
  }

  void finish(job_id id, const attempt_result& result) {
    auto found = std::find_if(open.begin(), open.end(),
                              [&](const start& one) { return one.what.id == id && one.number == result.number; });
    if (found == open.end()) throw std::logic_error{"no such attempt runs"};
    open.erase(found);
    sink_({result});
  }
  void finish(job_id id, attempt_outcome outcome = attempt_outcome::succeeded) { finish(id, result_of(id, outcome)); }

  size_t starts_of(job_id id) const {
    return static_cast<size_t>(
        std::count_if(starts.begin(), starts.end(), [id](const start& one) { return one.what.id == id; }));
  }

  /// The result of an attempt that has just started; none: it runs until finish(). Unset: all run until finish().
  std::function<std::optional<attempt_result>(const start&)> next;
  std::function<void(const attempt_order&)> on_order; ///< sees each before it starts
  std::function<bool(const job&)> may_take_back;      ///< those that have not begun; unset: none
  bool obeys = false;                                 ///< ends attempts that are told to stop

  std::vector<start> starts;
  std::vector<start> open;
  std::vector<std::pair<job_id, uint32_t>> cancelled, settled_ones;

private:
  const clock_source& clock_;
  results_sink sink_;
};

} // namespace wheelwork::testing
