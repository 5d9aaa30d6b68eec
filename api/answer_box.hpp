// Where answers that other threads make wait for the I/O thread: one wake-up for all that came since the last.
#pragma once

#include "api/http_message.hpp"
#include "schedule/time.hpp"

#include <utility> // asio's awaitable.hpp of Boost 1.74 misses it

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace wheelwork {

struct boxed_answer {
  uint64_t connection = 0, exchange = 0;
  http_answer answer;
};

/// Outlives the server in the callbacks that hold it; after close() what is put in is dropped.
class answer_box : public std::enable_shared_from_this<answer_box> {
public:
  using sink = std::function<void(boxed_answer&)>;
  /// See responder::wait_long.
  using long_wait = std::function<void(uint64_t connection, uint64_t exchange, milliseconds, std::function<void()>)>;
  answer_box(boost::asio::io_context& context, sink deliver, long_wait wait)
      : wait_long{std::move(wait)}, context_{&context}, deliver_{std::move(deliver)} {}

  /// On the I/O thread.
  const long_wait wait_long;

  /// The I/O thread says so before it runs; its own answers go straight to the sink.
  void owned_by_this_thread() { owner_ = std::this_thread::get_id(); }

  void put(boxed_answer answer) {
    if (std::this_thread::get_id() == owner_) return deliver_(answer);
    std::unique_lock lock{mutex_};
    if (!context_) {
      lock.unlock();
      return drop(answer);
    }
    waiting_.push_back(std::move(answer));
    if (std::exchange(posted_, true)) return;
    boost::asio::post(*context_, [self = shared_from_this()] { self->deliver_waiting(); });
  }

  void close() {
    std::vector<boxed_answer> dropped;
    {
      const std::lock_guard lock{mutex_};
      context_ = nullptr;
      dropped.swap(waiting_);
    }
    for (auto& each : dropped) drop(each);
  }

  /// Nobody will get it.
  static void drop(boxed_answer& answer) {
    if (auto undelivered = std::exchange(answer.answer.undelivered, nullptr)) undelivered();
  }

private:
  void deliver_waiting() {
    std::vector<boxed_answer> ready;
    {
      const std::lock_guard lock{mutex_};
      posted_ = false;
      ready.swap(waiting_);
    }
    for (auto& each : ready) deliver_(each);
  }

  std::mutex mutex_;
  boost::asio::io_context* context_; ///< none: closed
  std::vector<boxed_answer> waiting_;
  bool posted_ = false;
  std::atomic<std::thread::id> owner_{};
  sink deliver_;
};

} // namespace wheelwork
