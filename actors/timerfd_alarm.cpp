#include "actors/alarm.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace wheelwork {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

class timerfd_alarm final : public alarm {
public:
  ~timerfd_alarm() override { stop(); }

  void start(std::function<void(bool)> ring) override {
    timer_ = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer_ < 0) fail("timerfd_create");
    wake_ = eventfd(0, EFD_CLOEXEC);
    if (wake_ < 0) fail("eventfd");
    // Without any time set the kernel would not report that the clock was set.
    set(latest_wall_time);
    thread_ = std::thread{[this, ring = std::move(ring)] { sleep_and_ring(ring); }};
  }

  void set(wall_time time) override {
    auto since = std::max(time.time_since_epoch(), milliseconds{1}); // zero would switch the timer off
    itimerspec spec{};
    spec.it_value.tv_sec = since.count() / 1000;
    spec.it_value.tv_nsec = (since.count() % 1000) * 1'000'000;
    // ECANCELED: the clock was set just now. The time is taken all the same, and the thread hears of the jump.
    if (timerfd_settime(timer_, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr) != 0 && errno != ECANCELED)
      fail("timerfd_settime");
  }

  void stop() override {
    if (!thread_.joinable()) return;
    eventfd_write(wake_, 1);
    thread_.join();
    close(timer_);
    close(wake_);
  }

private:
  void sleep_and_ring(const std::function<void(bool)>& ring) const {
    for (;;) {
      pollfd waiting[] = {{timer_, POLLIN, 0}, {wake_, POLLIN, 0}};
      if (poll(waiting, 2, -1) < 0 && errno != EINTR) fail("poll");
      if (waiting[1].revents != 0) return;
      uint64_t expirations = 0;
      auto size = read(timer_, &expirations, sizeof expirations);
      if (size == static_cast<ssize_t>(sizeof expirations))
        ring(false);
      else if (errno == ECANCELED)
        ring(true);
    }
  }

  int timer_ = -1;
  int wake_ = -1;
  std::thread thread_;
};

} // namespace

std::unique_ptr<alarm> make_timerfd_alarm() { return std::make_unique<timerfd_alarm>(); }

} // namespace wheelwork
