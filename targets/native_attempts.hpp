// The attempts of native targets that are not answered yet, with the instant at which each is due. Not thread-safe,
// reads no clock.
#pragma once

#include "targets/native_runner.hpp"

#include <deque>
#include <set>
#include <unordered_map>

namespace wheelwork {

using steady_time = std::chrono::steady_clock::time_point;

/// An attempt between run() and its answer.
struct native_attempt {
  enum class phase : uint8_t {
    queued,   ///< waits for a thread
    running,  ///< its handler runs on a thread
    sleeping, ///< its handler returned, `outcome` is told at `finish_at`
  };
  attempt_order order;
  const native_handler* handler = nullptr;
  phase now = phase::queued;
  wall_time started_at{};
  steady_time times_out_at{};
  steady_time finish_at{}; ///< sleeping
  native_outcome outcome;  ///< sleeping
  std::stop_source stop{std::nostopstate};

  steady_time due() const { return now == phase::sleeping ? std::min(finish_at, times_out_at) : times_out_at; }
};

using native_attempt_ptr = std::shared_ptr<native_attempt>;

class native_attempts {
public:
  void add(const native_attempt_ptr& attempt);
  /// No longer waited for. False: it is answered already.
  bool remove(const native_attempt_ptr& attempt);
  /// Null: answered already, or never known.
  native_attempt_ptr find(job_id id, uint32_t number) const;
  bool holds(const native_attempt_ptr& attempt) const {
    return find(attempt->order.what.id, attempt->order.number) == attempt;
  }
  /// Takes out all that are due, earliest first.
  std::vector<native_attempt_ptr> take_due(steady_time now);
  /// None: nothing waits.
  std::optional<steady_time> earliest() const;
  /// Takes out all.
  std::vector<native_attempt_ptr> take_all();

private:
  using key = std::pair<uint64_t, uint32_t>;
  static key key_of(const native_attempt& attempt) { return {value_of(attempt.order.what.id), attempt.order.number}; }
  struct hash_of_key {
    size_t operator()(const key& any) const { return std::hash<job_id>{}(job_id{any.first}) ^ any.second; }
  };
  struct entry {
    native_attempt_ptr attempt;
    steady_time due; ///< as it was when added, for `order_`
  };
  std::unordered_map<key, entry, hash_of_key> entries_;
  std::set<std::pair<steady_time, key>> order_;
};

} // namespace wheelwork
