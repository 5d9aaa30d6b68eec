// The rule `drain`: as many consumers as work off the backlog within a target time, from measured rates.
#pragma once

#include "schedule/backlog_rates.hpp"
#include "schedule/scaling.hpp"

namespace wheelwork {

/// More at once, fewer slowly:
/// - While those there are would not drain the backlog within `within`, consumers are added: to what the arrivals and
///   the backlog need and a tenth more, at most four times as many each `settle`. As long as no message was finished
///   since the pool began, twice as many every two `settle`, once those asked for are running.
/// - As long as there is more backlog than a tenth of `within` is worth, none is taken away.
/// - After that, consumers leave when a fifth fewer would have been enough for a whole `cool_down`; an idle pool goes
///   to `min` then. If more are needed again within six cool-downs, the next one is twice as long, up to 16 times.
/// - Additions must be seen to help before they go on for longer than ten `settle`. If they did not raise the
///   throughput they stop, for 30 s at first; then a quarter more is tried, and taken back if that does not help
///   either. Each failure doubles the pause, up to 8 min.
/// - A lag that can't be read changes nothing.
class drain_scaling {
public:
  drain_scaling(const drain_policy& policy, const scaling_bounds& bounds, uint32_t start);

  /// `rates` has seen the reading.
  scaling_decision decide(const backlog_reading& reading, const backlog_rates& rates);
  void change(const drain_policy& policy, const scaling_bounds& bounds);
  uint32_t consumers() const { return count_; }
  const scaling_bounds& bounds() const { return bounds_; }

private:
  /// What one decision is made from.
  struct situation {
    steady_time at;
    uint64_t lag;
    uint64_t handled;
    uint32_t running;
    std::optional<double> service; ///< seconds of a consumer per message
    double arriving;               ///< consumers that are busy with what arrives
    double busy;                   ///< consumers busy in the latest second
  };

  /// Additions since the throughput was last seen to follow.
  struct trial {
    steady_time began;
    uint32_t from;                              ///< consumers before
    double service;                             ///< seconds per message before
    bool probe;                                 ///< tries once more after additions that did not help
    std::optional<steady_time> running_since{}; ///< all that were asked for were seen running
    uint64_t handled = 0;                       ///< in total, then
  };

  enum class verdict { open, helped, no_help };

  double work(const situation& now) const; ///< seconds of one consumer that the backlog takes; service is known
  double needed(const situation& now, double service) const;
  bool drained(const situation& now) const;
  verdict judge(const situation& now);
  std::optional<scaling_decision> end_trial(const situation& now);
  std::optional<scaling_decision> grow(const situation& now);
  std::optional<scaling_decision> grow_unmeasured(const situation& now);
  std::optional<scaling_decision> grow_measured(const situation& now);
  std::optional<scaling_decision> shrink(const situation& now);
  scaling_decision stay(const situation& now) const;
  scaling_decision more(const situation& now, uint32_t count, std::string reason);
  milliseconds cool_down() const { return policy_.cool_down * patience_; }

  drain_policy policy_;
  scaling_bounds bounds_;
  uint32_t count_;
  std::optional<steady_time> grown_at_{};  ///< or the first reading
  std::optional<steady_time> shrunk_at_{}; ///< none as well when more were needed again soon after
  int patience_ = 1;                       ///< how many times as long as asked for a cool-down is
  std::optional<steady_time> calm_since_{};
  uint32_t calm_peak_ = 0; ///< the most that were needed in the second half of the cool-down
  std::optional<trial> trial_{};
  std::optional<steady_time> no_more_until_{}; ///< more did not help; kept until the backlog is drained or more helped
  milliseconds pause_;                         ///< how long the next addition in vain stops others
};

} // namespace wheelwork
