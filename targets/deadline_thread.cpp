#include "targets/deadline_thread.hpp"

#include <algorithm>

namespace wheelwork {

deadline_thread::deadline_thread(const clock_source& clock, std::function<std::optional<steady_time>()> work)
    : clock_{clock}, work_{std::move(work)}, thread_{[this] { keep_time(); }} {}

deadline_thread::~deadline_thread() { stop(); }

void deadline_thread::wake() {
  const std::lock_guard lock{mutex_};
  woken_ = true;
  changed_.notify_one();
}

void deadline_thread::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void deadline_thread::keep_time() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    woken_ = false;
    lock.unlock();
    const auto next = work_();
    lock.lock();
    const auto rung = [this] { return woken_ || stopping_; };
    if (!next)
      changed_.wait(lock, rung);
    else if (const auto now = clock_.steady_now(); *next > now)
      // At most a minute at a time, so that no clock arithmetic can overflow.
      changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(*next - now, std::chrono::minutes{1}), rung);
  }
}

} // namespace wheelwork
