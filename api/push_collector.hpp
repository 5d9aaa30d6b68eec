// Collects the pushes that one round of the I/O thread brings and hands them to the node at once: one message for sixty
// clients instead of sixty.
#pragma once

#include "actors/node_service.hpp"
#include "api/http_message.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace wheelwork {

/// On the I/O thread; the callbacks of requests run on others.
class push_collector {
public:
  push_collector(node_service& node, uint32_t in_flight_max) : node_{node}, in_flight_max_{in_flight_max} {}

  /// Runs work after what already waits on the I/O thread. Set before the first push.
  std::function<void(std::function<void()>)> post;

  /// Whether as many jobs as allowed are accepted and not yet answered.
  bool is_full() const { return in_flight_->load(std::memory_order_relaxed) >= in_flight_max_; }
  void add(push_request request);
  size_t in_flight() const { return in_flight_->load(std::memory_order_relaxed); }

private:
  void hand_over();

  node_service& node_;
  const uint32_t in_flight_max_;
  bool posted_ = false;
  std::vector<push_request> waiting_;
  std::shared_ptr<std::atomic<size_t>> in_flight_ = std::make_shared<std::atomic<size_t>>(0);
};

/// 429 for a push while is_full().
http_answer too_many_in_flight();

/// Takes a number off a counter when its last copy goes away: also when a callback is dropped without being called.
class count_guard {
public:
  count_guard(std::shared_ptr<std::atomic<size_t>> counter, size_t count)
      : counter_{std::move(counter)}, count_{count} {
    counter_->fetch_add(count_, std::memory_order_relaxed);
  }
  ~count_guard() { counter_->fetch_sub(count_, std::memory_order_relaxed); }
  count_guard(const count_guard&) = delete;
  count_guard& operator=(const count_guard&) = delete;

private:
  std::shared_ptr<std::atomic<size_t>> counter_;
  size_t count_;
};

} // namespace wheelwork
