// What is measured of a pool: how fast messages arrive, how long one takes, how many consumers are at work.
#pragma once

#include "schedule/scaling.hpp"

#include <deque>

namespace wheelwork {

/// Fed with readings in the order of time; keeps about 15 seconds of them. Readings without a lag are left out: the
/// time without one counts as one long interval.
class backlog_rates {
public:
  void add(const backlog_reading& reading);

  /// Consumer seconds per message, over about the last ten seconds in which messages were finished. None: no message
  /// was finished yet.
  std::optional<double> service_seconds() const;

  /// Messages a second that come into the source: the lowest rate of the last three spans of four seconds. A burst is
  /// no rate, it is part of the lag already. 0 until known.
  double arrivals_per_second() const;

  /// Consumers with a message in work, on average over the latest second. None until known.
  std::optional<double> busy_consumers() const;

  /// Messages finished a second, over the latest five. 0 until known.
  double handled_per_second() const;

private:
  struct sample {
    steady_time at;
    uint64_t lag;
    uint64_t handled;
    std::chrono::microseconds busy;
  };

  void measure_service(const sample& now);
  size_t latest_before(size_t from, milliseconds ago) const;

  std::deque<sample> samples_;
  sample counted_{};           ///< the service time is measured up to here
  double service_busy_ = 0;    ///< consumer seconds, older ones fading
  double service_handled_ = 0; ///< messages, older ones fading
};

} // namespace wheelwork
