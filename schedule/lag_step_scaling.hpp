// The rule `lag_step`: every so often one consumer more per so many messages, each for a fixed time.
#pragma once

#include "schedule/scaling.hpp"

#include <deque>

namespace wheelwork {

/// Looks at the lag at the first reading and then every `interval`. Between two looks nobody is added, except that a
/// pool without any consumer (min 0) takes each reading for a look. Those who were added together leave together, so
/// the count goes up at most once an interval and down at most once an interval; with `hold` a multiple of `interval`
/// both fall on one reading and are one change.
class lag_step_scaling {
public:
  lag_step_scaling(const lag_step_policy& policy, const scaling_bounds& bounds, uint32_t start);

  scaling_decision decide(const backlog_reading& reading);
  void change(const lag_step_policy& policy, const scaling_bounds& bounds);
  uint32_t consumers() const { return base_ + extra_; }
  const scaling_bounds& bounds() const { return bounds_; }

private:
  struct group {
    uint32_t consumers;
    steady_time leaves_at;
  };

  uint32_t end_holds(steady_time now);
  uint32_t look(uint64_t lag, steady_time now);
  void shed();
  std::string reason(uint64_t lag, uint32_t added, uint32_t left) const;

  lag_step_policy policy_;
  scaling_bounds bounds_;
  uint32_t base_ = 0;        ///< min, within the bounds
  uint32_t extra_ = 0;       ///< all groups together
  uint32_t unheld_ = 0;      ///< of those, from before the first reading: their time is not yet set
  std::deque<group> groups_; ///< the first ones leave first, unless `hold` was changed
  std::optional<steady_time> next_look_{};
};

} // namespace wheelwork
