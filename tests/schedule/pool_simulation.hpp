// A pool whose consumers follow a scaling policy, in simulated time: messages arrive, consumers come late, work and
// leave late. For tests and for the picture in docs/pools.md.
#pragma once

#include "schedule/scaling_state.hpp"

#include <functional>
#include <random>
#include <vector>

namespace wheelwork {

struct pool_load {
  std::function<double(double)> messages_per_second = [](double) { return 0.0; }; ///< at a time in seconds
  uint64_t backlog = 0;                                                           ///< there when it begins
  double service_seconds = 0.02;                                                  ///< of one message
  std::function<double(double)> slower = [](double) { return 1.0; };              ///< times as long, at a time
  /// Messages a second beyond which consumers only make each other slower; 0: none.
  double bottleneck = 0;
  uint32_t can_work = UINT32_MAX; ///< further consumers get no message
  bool by_chance = false;         ///< arrivals are a Poisson process, service times differ
  uint64_t seed = 1;
};

struct pool_setting {
  scaling_policy policy = drain_policy{};
  scaling_bounds bounds{.min = 1, .max = 64};
  double start_up = 0.5; ///< seconds until a new consumer takes messages
  double leaving = 0;    ///< seconds a consumer needs to leave after its last message
  double read_every = 1; ///< seconds
  std::function<bool(double)> readable = [](double) { return true; };
  double step = 0.01; ///< seconds
};

struct pool_moment {
  double at;
  uint64_t lag;
  uint32_t wanted;  ///< what the policy decided
  uint32_t present; ///< consumers there, those that leave included
  std::string reason;
};

class pool_simulation {
public:
  pool_simulation(const pool_setting& setting, const pool_load& load);

  /// Runs until that time in seconds; may be called again with a later one.
  void run(double until);
  void change(const scaling_policy& policy, const scaling_bounds& bounds);

  const std::vector<pool_moment>& moments() const { return moments_; } ///< one for each reading
  uint64_t lag() const { return waiting_; }

private:
  struct consumer {
    double ready_at;
    double left = 0; ///< seconds of work left of its message
    bool has_message = false;
    bool leaves = false;
    double gone_at = 0;
  };

  void arrive();
  void work();
  void work_one(consumer& one, double slowdown);
  void read();
  void follow(uint32_t wanted);

  pool_setting setting_;
  pool_load load_;
  scaling_state policy_;
  std::mt19937_64 random_;
  std::vector<consumer> consumers_;
  std::vector<pool_moment> moments_;
  uint64_t steps_ = 0;
  double now_ = 0;
  double next_reading_ = 0;
  double fraction_ = 0; ///< of a message that arrives next
  uint64_t waiting_;
  uint64_t handled_ = 0;
  double busy_ = 0;
};

/// Seconds from `begin` on until the lag is at most `small`; infinite if never.
double drained_after(const std::vector<pool_moment>& moments, double begin, uint64_t small);
/// How often the count of consumers turned from growing to shrinking or back.
int turns(const std::vector<pool_moment>& moments);
/// How often the count changed.
int changes(const std::vector<pool_moment>& moments);
/// Consumer seconds that were asked for between two times.
double consumer_seconds(const std::vector<pool_moment>& moments, double begin, double end);
/// The count at a time.
uint32_t wanted_at(const std::vector<pool_moment>& moments, double at);

} // namespace wheelwork
