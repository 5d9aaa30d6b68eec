#include "tests/schedule/pool_simulation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wheelwork {

pool_simulation::pool_simulation(const pool_setting& setting, const pool_load& load)
    : setting_{setting}, load_{load}, policy_{setting.policy, setting.bounds}, random_{load.seed}, waiting_{
                                                                                                       load.backlog} {
  follow(policy_.consumers());
}

void pool_simulation::change(const scaling_policy& policy, const scaling_bounds& bounds) {
  policy_.change(policy, bounds);
  follow(policy_.consumers());
}

void pool_simulation::run(double until) {
  while (now_ < until) {
    if (now_ >= next_reading_) read();
    arrive();
    work();
    now_ = static_cast<double>(++steps_) * setting_.step;
  }
}

void pool_simulation::arrive() {
  auto mean = load_.messages_per_second(now_) * setting_.step;
  if (load_.by_chance) {
    if (mean > 0) waiting_ += std::poisson_distribution<uint64_t>{mean}(random_);
    return;
  }
  fraction_ += mean;
  auto whole = std::floor(fraction_);
  waiting_ += static_cast<uint64_t>(whole);
  fraction_ -= whole;
}

void pool_simulation::work() {
  auto busy = std::count_if(consumers_.begin(), consumers_.end(), [](const auto& one) { return one.has_message; });
  auto slowdown = load_.slower(now_);
  if (load_.bottleneck > 0)
    slowdown = std::max(slowdown, static_cast<double>(busy) / load_.bottleneck / load_.service_seconds);
  uint32_t working = 0;
  for (auto& one : consumers_)
    if (now_ >= one.ready_at && working < load_.can_work) {
      ++working;
      work_one(one, slowdown);
    }
  std::erase_if(consumers_, [&](auto& one) {
    if (!one.leaves || one.has_message) return false;
    if (one.gone_at == 0) one.gone_at = now_ + setting_.leaving;
    return now_ >= one.gone_at;
  });
}

void pool_simulation::work_one(consumer& one, double slowdown) {
  auto left = setting_.step;
  while (left > 0) {
    if (!one.has_message) {
      if (waiting_ == 0 || one.leaves) return;
      --waiting_;
      auto longer = load_.by_chance ? std::exponential_distribution<double>{1.0}(random_) : 1.0;
      one.left = load_.service_seconds * longer;
      one.has_message = true;
    }
    auto worked = std::min(left, one.left * slowdown);
    left -= worked;
    busy_ += worked;
    one.left -= worked / slowdown;
    if (one.left > 1e-12) continue;
    one.has_message = false;
    ++handled_;
  }
}

void pool_simulation::read() {
  next_reading_ += setting_.read_every;
  auto running = std::count_if(consumers_.begin(), consumers_.end(),
                               [&](const auto& one) { return !one.leaves && now_ >= one.ready_at; });
  backlog_reading reading;
  reading.at = steady_time{} + std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>{now_});
  if (setting_.readable(now_)) reading.lag = waiting_;
  reading.handled_total = handled_;
  reading.busy_total = std::chrono::microseconds{std::llround(busy_ * 1e6)};
  reading.consumers = static_cast<uint32_t>(running);
  auto decided = policy_.decide(reading);
  follow(decided.consumers);
  moments_.push_back(
      {now_, waiting_, decided.consumers, static_cast<uint32_t>(consumers_.size()), std::move(decided.reason)});
}

void pool_simulation::follow(uint32_t wanted) {
  auto staying = std::count_if(consumers_.begin(), consumers_.end(), [](const auto& one) { return !one.leaves; });
  for (; staying < wanted; ++staying) consumers_.push_back({.ready_at = now_ + setting_.start_up});
  for (auto one = consumers_.rbegin(); one != consumers_.rend() && staying > wanted; ++one)
    if (!one->leaves) {
      one->leaves = true;
      --staying;
    }
}

double drained_after(const std::vector<pool_moment>& moments, double begin, uint64_t small) {
  for (const auto& moment : moments)
    if (moment.at > begin && moment.lag <= small) return moment.at - begin;
  return std::numeric_limits<double>::infinity();
}

int turns(const std::vector<pool_moment>& moments) {
  int count = 0, direction = 0;
  for (size_t index = 1; index < moments.size(); ++index) {
    auto before = moments[index - 1].wanted, after = moments[index].wanted;
    if (before == after) continue;
    auto now = after > before ? 1 : -1;
    if (direction != 0 && now != direction) ++count;
    direction = now;
  }
  return count;
}

int changes(const std::vector<pool_moment>& moments) {
  int count = 0;
  for (size_t index = 1; index < moments.size(); ++index)
    if (moments[index].wanted != moments[index - 1].wanted) ++count;
  return count;
}

double consumer_seconds(const std::vector<pool_moment>& moments, double begin, double end) {
  double sum = 0;
  for (size_t index = 1; index < moments.size(); ++index)
    if (moments[index].at > begin && moments[index].at <= end)
      sum += moments[index - 1].wanted * (moments[index].at - moments[index - 1].at);
  return sum;
}

uint32_t wanted_at(const std::vector<pool_moment>& moments, double at) {
  uint32_t wanted = 0;
  for (const auto& moment : moments)
    if (moment.at <= at) wanted = moment.wanted;
  return wanted;
}

} // namespace wheelwork
