#include "actors/node_statistics.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>
#include <cmath>

namespace wheelwork {

namespace {

int64_t seconds_of(std::chrono::steady_clock::time_point now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

// Buckets grow by 2 % each: bucket b holds up to 1.02^b microseconds; 1,024 of them reach beyond ten minutes, the last
// takes the rest.
const double bucket_growth = std::log(1.02);

size_t bucket_of(int64_t microseconds, size_t buckets) {
  if (microseconds <= 1) return 0;
  auto bucket = static_cast<size_t>(std::log(static_cast<double>(microseconds)) / bucket_growth) + 1;
  return std::min(bucket, buckets - 1);
}

double bucket_top_ms(size_t bucket) { return std::exp(static_cast<double>(bucket) * bucket_growth) / 1000.0; }

} // namespace

void rate_meter::add(std::chrono::steady_clock::time_point now, uint64_t count) {
  auto second = seconds_of(now);
  std::lock_guard lock{mutex_};
  if (first_second_ < 0) first_second_ = newest_second_ = second;
  auto forget = std::min<int64_t>(second - newest_second_, static_cast<int64_t>(counts_.size()));
  for (int64_t ahead = 1; ahead <= forget; ++ahead)
    counts_[static_cast<size_t>(newest_second_ + ahead) % counts_.size()] = 0;
  if (forget == static_cast<int64_t>(counts_.size())) counts_.fill(0);
  newest_second_ = std::max(newest_second_, second);
  counts_[static_cast<size_t>(second) % counts_.size()] += count;
}

double rate_meter::per_second(std::chrono::steady_clock::time_point now) const {
  auto second = seconds_of(now);
  std::lock_guard lock{mutex_};
  if (first_second_ < 0) return 0;
  // The second that has just begun is not whole, so it does not count.
  auto from = std::max(first_second_, second - 60);
  uint64_t sum = 0;
  for (auto at = from; at < second; ++at)
    if (at <= newest_second_ && newest_second_ - at < static_cast<int64_t>(counts_.size()))
      sum += counts_[static_cast<size_t>(at) % counts_.size()];
  auto seconds = std::max<int64_t>(second - from, 1);
  return static_cast<double>(sum) / static_cast<double>(seconds);
}

void lateness_meter::add(std::chrono::steady_clock::time_point now,
                         const std::vector<std::chrono::microseconds>& values) {
  auto number = seconds_of(now) / 10;
  std::lock_guard lock{mutex_};
  auto& current = windows_[static_cast<size_t>(number) % windows];
  if (current.number != number) current = window{number, {}, 0};
  for (auto value : values) {
    auto microseconds = std::max<int64_t>(value.count(), 0);
    ++current.counts[bucket_of(microseconds, buckets)];
    current.max_us = std::max(current.max_us, microseconds);
  }
}

lateness_meter::summary lateness_meter::summarize(std::chrono::steady_clock::time_point now) const {
  auto newest = seconds_of(now) / 10;
  std::array<uint64_t, buckets> counts{};
  summary all;
  int64_t max_us = 0;
  {
    std::lock_guard lock{mutex_};
    for (auto& one : windows_) {
      if (one.number < 0 || newest - one.number >= static_cast<int64_t>(windows)) continue;
      for (size_t bucket = 0; bucket < buckets; ++bucket) {
        counts[bucket] += one.counts[bucket];
        all.count += one.counts[bucket];
      }
      max_us = std::max(max_us, one.max_us);
    }
  }
  if (all.count == 0) return all;
  all.max_ms = static_cast<double>(max_us) / 1000.0;
  auto at_share = [&](double share) {
    auto rank = static_cast<uint64_t>(std::ceil(share * static_cast<double>(all.count)));
    uint64_t below = 0;
    for (size_t bucket = 0; bucket < buckets; ++bucket) {
      below += counts[bucket];
      if (below >= rank) return std::min(bucket_top_ms(bucket), all.max_ms);
    }
    return all.max_ms;
  };
  all.p50_ms = at_share(0.50);
  all.p99_ms = at_share(0.99);
  return all;
}

void live_counter::add(uint16_t writer, uint64_t batch, int64_t live) {
  std::lock_guard lock{mutex_};
  if (live_)
    *live_ += live;
  else
    since_.push_back({writer, batch, live});
}

void live_counter::set_base(const std::vector<uint64_t>& batches, uint64_t live) {
  std::lock_guard lock{mutex_};
  live_ = static_cast<int64_t>(live);
  for (auto& later : since_)
    if (later.writer >= batches.size() || later.batch > batches[later.writer]) *live_ += later.live;
  since_ = {};
}

std::optional<uint64_t> live_counter::now() const {
  std::lock_guard lock{mutex_};
  if (!live_) return std::nullopt;
  return static_cast<uint64_t>(std::max<int64_t>(*live_, 0));
}

void journal_condition::set_failing(uint16_t writer, std::string reason) {
  std::lock_guard lock{mutex_};
  failures_[writer] = std::move(reason);
}

void journal_condition::set_working(uint16_t writer) {
  std::lock_guard lock{mutex_};
  failures_.erase(writer);
}

std::string journal_condition::failure() const {
  std::lock_guard lock{mutex_};
  return failures_.empty() ? std::string{} : failures_.begin()->second;
}

void journal_condition::answered(uint16_t writer, steady_time now) {
  std::lock_guard lock{mutex_};
  last_answers_[writer] = now;
}

std::string journal_condition::failure(steady_time now, milliseconds patience) const {
  if (auto failing = failure(); !failing.empty()) return failing;
  std::lock_guard lock{mutex_};
  for (const auto& [writer, at] : last_answers_)
    if (const auto silence = std::chrono::floor<milliseconds>(now - at); silence > patience)
      return "nothing was committed for " + format_duration(silence) + ": the disk or the server does not answer";
  return {};
}

} // namespace wheelwork
