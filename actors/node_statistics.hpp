// What a node counts: totals since its start, rates and lateness over the last minute. Written by actors, read by API
// and metrics.
#pragma once

#include "messages/job.hpp"
#include "targets/worker_gauges.hpp"

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

namespace wheelwork {

/// Counts per second for the last 60 whole seconds.
class rate_meter {
public:
  void add(std::chrono::steady_clock::time_point now, uint64_t count);
  /// Average per second over the last minute (or since the first count, if that is less).
  double per_second(std::chrono::steady_clock::time_point now) const;

private:
  mutable std::mutex mutex_;
  std::array<uint64_t, 61> counts_{};
  int64_t newest_second_ = -1, first_second_ = -1;
};

/// Lateness of starts over the last minute; values to 1 % in logarithmic buckets.
class lateness_meter {
public:
  void add(std::chrono::steady_clock::time_point now, const std::vector<std::chrono::microseconds>& values);
  struct summary {
    double p50_ms = 0, p99_ms = 0, max_ms = 0;
    uint64_t count = 0;
  };
  summary summarize(std::chrono::steady_clock::time_point now) const;

private:
  static constexpr size_t windows = 7; ///< of ten seconds each; the oldest is being left
  static constexpr size_t buckets = 1024;
  mutable std::mutex mutex_;
  struct window {
    int64_t number = -1;
    std::array<uint32_t, buckets> counts{};
    int64_t max_us = 0;
  };
  std::array<window, windows> windows_{};
};

/// Live jobs: counted once in the background, then kept by the changes of each commit.
class live_counter {
public:
  /// A commit of this writer changed the number.
  void add(uint16_t writer, uint64_t batch, int64_t live);
  /// The database counted, seeing all batches up to these, by writer.
  void set_base(const std::vector<uint64_t>& batches, uint64_t live);
  /// None until counted.
  std::optional<uint64_t> now() const;

private:
  struct change {
    uint16_t writer;
    uint64_t batch;
    int64_t live;
  };
  mutable std::mutex mutex_;
  std::optional<int64_t> live_;
  std::vector<change> since_; ///< only until counted
};

/// Whether the journal can be written, as /readyz tells it. It can be if each of its writers can.
class journal_condition {
public:
  using steady_time = std::chrono::steady_clock::time_point;

  void set_failing(uint16_t writer, std::string reason);
  void set_working(uint16_t writer);
  /// The writer has committed something, or begins.
  void answered(uint16_t writer, steady_time now);
  /// Empty: it works. Else of the first writer that fails.
  std::string failure() const;
  /// Also when a writer is silent for longer than `patience`: what it waits for (a disk, a server) neither does its
  /// work nor fails.
  std::string failure(steady_time now, milliseconds patience) const;

private:
  mutable std::mutex mutex_;
  std::map<uint16_t, std::string> failures_;     ///< by writer
  std::map<uint16_t, steady_time> last_answers_; ///< by writer
};

struct node_statistics {
  std::atomic<uint64_t> succeeded{0}, dead{0}, cancelled{0}; ///< jobs
  std::atomic<uint64_t> attempts_succeeded{0}, failed{0}, timed_out{0}, lost{0}, late{0};
  std::atomic<uint64_t> skipped{0}; ///< fires
  std::atomic<uint64_t> pushed_total{0}, started_total{0}, finished_total{0};
  std::atomic<uint64_t> commits{0}, commit_failures{0}, journal_rows{0};
  std::atomic<uint64_t> armed{0}, queued{0}, in_flight{0}; ///< gauges
  worker_gauges workers;
  std::atomic<uint64_t> clock_jumps{0}, background_failures{0};
  rate_meter pushed, started, finished;
  lateness_meter lateness;
  live_counter live;
  journal_condition journal;
};

} // namespace wheelwork
