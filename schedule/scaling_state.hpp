// How many consumers a pool should have: decided from readings of its backlog, one after the other. Plain state without
// a clock or any I/O. docs/pools.md shows what it does to a backlog over time.
#pragma once

#include "schedule/backlog_rates.hpp"
#include "schedule/drain_scaling.hpp"
#include "schedule/lag_step_scaling.hpp"
#include "schedule/scaling.hpp"

#include <variant>

namespace wheelwork {

/// One pool's place in its policy. Not thread-safe. Decisions are made for the consumers that a pool should have; how
/// long they take to come or to leave is the pool's affair, and the policy sees it in `backlog_reading::consumers`.
class scaling_state {
public:
  /// `start`: how many the pool has already, after a take-over; brought into the bounds.
  scaling_state(const scaling_policy& policy, const scaling_bounds& bounds, uint32_t start = 0);

  /// How many consumers the pool should have now. To be called for each reading, in the order of time; once a second
  /// suits all policies. Never more than `max` or `useful`, never less than `min` unless that is above those.
  scaling_decision decide(const backlog_reading& reading);

  /// Other rules from now on; what was measured and the count stay, as far as the new bounds allow. consumers() tells
  /// the new count at once.
  void change(const scaling_policy& policy, const scaling_bounds& bounds);

  /// What the latest decision was.
  uint32_t consumers() const;
  /// What was measured, for those who show the pool.
  const backlog_rates& rates() const { return rates_; }

private:
  backlog_rates rates_;
  std::variant<drain_scaling, lag_step_scaling> rule_;
};

} // namespace wheelwork
