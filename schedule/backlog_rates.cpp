#include "schedule/backlog_rates.hpp"

#include <cmath>
#include <limits>

namespace wheelwork {

namespace {

constexpr milliseconds closest_samples{200};
constexpr milliseconds rate_span{4'000};
constexpr size_t rate_spans = 3;
constexpr milliseconds handled_span{5'000};
constexpr milliseconds kept_for{15'000};
constexpr milliseconds busy_span{1'000};
constexpr double service_fades_in_seconds = 10;

double seconds_in(std::chrono::nanoseconds span) { return std::chrono::duration<double>{span}.count(); }

} // namespace

void backlog_rates::add(const backlog_reading& reading) {
  if (!reading.lag) return;
  sample now{reading.at, *reading.lag, reading.handled_total, reading.busy_total};
  bool begins = samples_.empty();
  if (!begins) {
    const auto& last = samples_.back();
    begins = now.handled < last.handled || now.busy < last.busy || now.at < last.at;
    if (!begins && now.at - last.at < closest_samples) return;
  }
  if (begins) {
    samples_.clear();
    counted_ = now; // a service time that is known stays known
  }
  measure_service(now);
  samples_.push_back(now);
  // Some are kept however old they are, for those who read seldom.
  while (samples_.size() > rate_spans + 1 && now.at - samples_[1].at >= kept_for) samples_.pop_front();
}

void backlog_rates::measure_service(const sample& now) {
  auto handled = now.handled - counted_.handled;
  if (handled == 0) return; // the time goes on counting for the message in work
  auto fades = std::exp(-seconds_in(now.at - counted_.at) / service_fades_in_seconds);
  service_busy_ = service_busy_ * fades + seconds_in(now.busy - counted_.busy);
  service_handled_ = service_handled_ * fades + static_cast<double>(handled);
  counted_ = now;
}

std::optional<double> backlog_rates::service_seconds() const {
  if (service_handled_ <= 0) return std::nullopt;
  constexpr double shortest = 1e-7; // whatever is faster looks the same, and nothing is divided by 0
  return std::max(service_busy_ / service_handled_, shortest);
}

/// The latest sample at least `ago` older than the one at `from`; the first one if there is none.
size_t backlog_rates::latest_before(size_t from, milliseconds ago) const {
  auto index = from;
  while (index > 0 && samples_[from].at - samples_[index].at < ago) --index;
  return index;
}

double backlog_rates::arrivals_per_second() const {
  if (samples_.size() <= rate_spans) return 0; // fewer intervals can't tell a burst from a rate
  auto rate = [&](size_t from, size_t to) {
    auto arrived = [&](size_t index) { return static_cast<double>(samples_[index].lag + samples_[index].handled); };
    return std::max(0.0, arrived(to) - arrived(from)) / seconds_in(samples_[to].at - samples_[from].at);
  };
  auto lowest = std::numeric_limits<double>::infinity();
  auto to = samples_.size() - 1;
  for (size_t spans = rate_spans; spans > 0 && to > 0; --spans) {
    // In the first seconds of a pool shorter spans must do.
    auto from = std::max(latest_before(to, rate_span), to - std::max<size_t>(to / spans, 1));
    lowest = std::min(lowest, rate(from, to));
    to = from;
  }
  return lowest;
}

std::optional<double> backlog_rates::busy_consumers() const {
  if (samples_.size() < 2) return std::nullopt;
  const auto& last = samples_.back();
  const auto& from = samples_[latest_before(samples_.size() - 1, busy_span)];
  return seconds_in(last.busy - from.busy) / seconds_in(last.at - from.at);
}

double backlog_rates::handled_per_second() const {
  if (samples_.size() < 2) return 0;
  const auto& last = samples_.back();
  const auto& from = samples_[latest_before(samples_.size() - 1, handled_span)];
  return static_cast<double>(last.handled - from.handled) / seconds_in(last.at - from.at);
}

} // namespace wheelwork
