#include "schedule/drain_scaling.hpp"

#include <cmath>
#include <utility>

namespace wheelwork {

namespace {

constexpr double reserve = 1.1;       ///< added to what a backlog needs
constexpr double utilization = 0.8;   ///< of those who stay when the backlog is gone
constexpr double worth_leaving = 0.8; ///< consumers leave only if no more than this share of them is needed
constexpr double drained_share = 0.1; ///< a backlog worth less than this share of `within` is none
constexpr uint32_t growth_max = 4;    ///< times as many in one addition
constexpr double probe_growth = 1.25;
constexpr double help_least = 0.3; ///< share of the hoped-for gain in throughput
constexpr int patience_max = 16;
constexpr int soon = 6;                      ///< cool-downs
constexpr int additions_in_trial = 10;       ///< times `settle`
constexpr milliseconds start_up_max{60'000}; ///< consumers that need longer are not waited for
constexpr milliseconds pause_first{30'000};
constexpr milliseconds pause_max{480'000};

double seconds(std::chrono::nanoseconds span) { return std::chrono::duration<double>{span}.count(); }

/// Rounded up, but not because of a rounding error; saturates.
uint32_t whole(double consumers) { return static_cast<uint32_t>(std::clamp(std::ceil(consumers - 1e-9), 0.0, 1e9)); }

std::string in_words(double span) {
  auto text = std::to_string(span < 1 ? std::llround(span * 1000) : std::llround(span));
  return text + (span < 1 ? " ms" : " s");
}

} // namespace

drain_scaling::drain_scaling(const drain_policy& policy, const scaling_bounds& bounds, uint32_t start)
    : policy_{policy}, bounds_{bounds}, count_{bounds.bound(start)}, pause_{pause_first} {}

void drain_scaling::change(const drain_policy& policy, const scaling_bounds& bounds) {
  policy_ = policy;
  bounds_ = bounds;
  auto count = bounds_.bound(count_);
  if (count != count_) trial_.reset(); // its consumers are no longer there
  count_ = count;
  calm_since_.reset();
}

scaling_decision drain_scaling::decide(const backlog_reading& reading, const backlog_rates& rates) {
  if (!reading.lag) {
    calm_since_.reset();
    trial_.reset();
    return {count_, "the lag can't be read: " + std::to_string(count_) + " stay"};
  }
  if (!grown_at_) grown_at_ = reading.at;
  auto service = rates.service_seconds();
  situation now{.at = reading.at,
                .lag = *reading.lag,
                .handled = reading.handled_total,
                .running = reading.consumers,
                .service = service,
                .arriving = rates.arrivals_per_second() * service.value_or(0),
                .busy = rates.busy_consumers().value_or(count_)};
  if (auto fewer = end_trial(now)) return *fewer;
  if (auto change = grow(now)) return *change;
  if (auto change = shrink(now)) return *change;
  return stay(now);
}

double drain_scaling::work(const situation& now) const { return static_cast<double>(now.lag) * *now.service; }

double drain_scaling::needed(const situation& now, double service) const {
  auto share = service / *now.service; // of the service time measured now
  return share * (now.arriving + work(now) / seconds(policy_.within));
}

bool drain_scaling::drained(const situation& now) const {
  return now.lag == 0 || (now.service && work(now) <= count_ * seconds(policy_.within) * drained_share);
}

drain_scaling::verdict drain_scaling::judge(const situation& now) {
  if (!trial_->running_since || now.handled < trial_->handled) {
    if (now.running < count_) return now.at - *grown_at_ < start_up_max ? verdict::open : verdict::helped;
    trial_->running_since = now.at;
    trial_->handled = now.handled;
    return verdict::open;
  }
  auto watched = seconds(now.at - *trial_->running_since);
  if (watched < std::clamp(2 * trial_->service, 2.0, 10.0)) return verdict::open;
  auto handled = static_cast<double>(now.handled - trial_->handled);
  auto gain = static_cast<double>(count_ - trial_->from);
  // The fewer were added, the more messages it takes to see a difference.
  auto scatter = (1 - help_least) / 2 * gain / count_;
  if (count_ * watched / trial_->service * scatter * scatter < 1)
    return watched < std::clamp(3 * trial_->service, 10.0, 60.0) ? verdict::open : verdict::helped;
  auto at_work = handled / watched * trial_->service; // consumers that would do this as fast as before
  return at_work >= trial_->from + help_least * gain ? verdict::helped : verdict::no_help;
}

/// Fewer, when consumers that were tried once more did not help either.
std::optional<scaling_decision> drain_scaling::end_trial(const situation& now) {
  if (drained(now)) {
    trial_.reset();
    no_more_until_.reset();
    pause_ = pause_first;
    return std::nullopt;
  }
  if (!trial_) return std::nullopt;
  auto seen = judge(now);
  if (seen == verdict::open) return std::nullopt;
  auto ended = *std::exchange(trial_, std::nullopt);
  if (seen == verdict::helped) {
    no_more_until_.reset();
    pause_ = pause_first;
    return std::nullopt;
  }
  no_more_until_ = now.at + pause_;
  pause_ = std::min(pause_ * 2, pause_max);
  if (!ended.probe || bounds_.bound(ended.from) >= count_) return std::nullopt;
  auto back = count_ - bounds_.bound(ended.from);
  count_ -= back;
  return scaling_decision{count_, std::to_string(back) + " more did not raise the throughput: back to " +
                                      std::to_string(count_)};
}

std::optional<scaling_decision> drain_scaling::grow(const situation& now) {
  if (now.lag == 0 || count_ >= bounds_.ceiling()) return std::nullopt;
  if (count_ == 0) return more(now, 1, "lag " + std::to_string(now.lag) + ": awake");
  if (no_more_until_ && now.at < *no_more_until_) return std::nullopt;
  return now.service ? grow_measured(now) : grow_unmeasured(now);
}

std::optional<scaling_decision> drain_scaling::grow_unmeasured(const situation& now) {
  if (now.running < count_ || now.at - *grown_at_ < 2 * policy_.settle) return std::nullopt;
  auto count = bounds_.bound(std::min<uint64_t>(uint64_t{count_} * 2, count_ + now.lag));
  return more(now, count, "lag " + std::to_string(now.lag) + ", nothing finished yet: twice as many");
}

std::optional<scaling_decision> drain_scaling::grow_measured(const situation& now) {
  if (now.at - *grown_at_ < policy_.settle) return std::nullopt;
  // A second's work that waits is no backlog, unless that is a long time to the user.
  if (work(now) <= count_ * std::min(1.0, seconds(policy_.within) * drained_share)) return std::nullopt;
  // Until more consumers are seen to help, messages that take longer are no reason to add still more.
  auto service = trial_ ? std::min(trial_->service, *now.service) : *now.service;
  auto need = needed(now, service);
  if (need <= count_) return std::nullopt;
  if (trial_ && (trial_->probe || now.at - trial_->began >= additions_in_trial * policy_.settle)) return std::nullopt;
  bool probe = no_more_until_.has_value();
  auto most = probe ? whole(count_ * probe_growth) : uint64_t{count_} * growth_max;
  // Nobody is added for whom there would be no message.
  most = std::min<uint64_t>(most, std::max<uint64_t>(count_, whole(now.busy) + now.lag));
  auto count = bounds_.bound(std::min<uint64_t>(whole(need * reserve), most));
  if (count <= count_) return std::nullopt;
  if (trial_)
    trial_->running_since.reset();
  else
    trial_ = trial{.began = now.at, .from = count_, .service = service, .probe = probe};
  auto reason = "lag " + std::to_string(now.lag) + " at " + in_words(service) +
                " each: " + std::to_string(count - count_) + " more to drain it within " +
                in_words(seconds(policy_.within));
  return more(now, count, std::move(reason));
}

scaling_decision drain_scaling::more(const situation& now, uint32_t count, std::string reason) {
  if (shrunk_at_ && now.at - *shrunk_at_ <= soon * cool_down()) {
    patience_ = std::min(patience_ * 2, patience_max);
    shrunk_at_.reset();
  }
  count_ = bounds_.bound(count);
  grown_at_ = now.at;
  calm_since_.reset();
  return {count_, std::move(reason)};
}

std::optional<scaling_decision> drain_scaling::shrink(const situation& now) {
  bool idle = now.lag == 0 && now.busy <= 0;
  auto waiting = now.service ? work(now) / seconds(policy_.within) : 0;
  auto need = idle ? bounds_.floor() : bounds_.bound(whole(now.busy / utilization + waiting));
  bool fewer = need < count_ && (idle || need <= count_ * worth_leaving);
  if (!fewer || !drained(now)) {
    calm_since_.reset();
    return std::nullopt;
  }
  if (!calm_since_) calm_since_ = now.at;
  auto calm = now.at - *calm_since_;
  calm_peak_ = calm < cool_down() / 2 ? need : std::max(calm_peak_, need);
  if (calm < cool_down()) return std::nullopt;
  if (shrunk_at_) patience_ = std::max(patience_ / 2, 1); // the last time was not too soon
  auto leave = count_ - calm_peak_;
  count_ = calm_peak_;
  shrunk_at_ = now.at;
  calm_since_.reset();
  return scaling_decision{count_, (idle ? "nothing to do" : "lag " + std::to_string(now.lag)) + " for " +
                                      in_words(seconds(calm)) + ": " + std::to_string(leave) + " fewer"};
}

scaling_decision drain_scaling::stay(const situation& now) const {
  auto text = "lag " + std::to_string(now.lag) + ": ";
  auto those = std::to_string(count_);
  if (drained(now)) return {count_, text + those + (calm_since_ ? " stay for the cool-down" : " are enough")};
  if (count_ == bounds_.ceiling()) return {count_, text + "all of " + those + " in use"};
  if (no_more_until_ && now.at < *no_more_until_) {
    auto wait = in_words(seconds(*no_more_until_ - now.at));
    return {count_, text + "more than " + those + " did not raise the throughput, next try in " + wait};
  }
  return {count_, text + those + " are at work on it"};
}

} // namespace wheelwork
