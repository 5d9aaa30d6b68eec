#include "persistence/sql/watchdog.hpp"

#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace wheelwork {

namespace {

class watchdog {
public:
  // It lives as long as the process: connections may be closed by whatever ends last.
  static watchdog& of_process() {
    static watchdog* const only = new watchdog;
    return *only;
  }

  int add(int socket) {
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) throw std::system_error{errno, std::generic_category(), "no timer for a connection"};
    const std::lock_guard lock{mutex_};
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = timer;
    if (::epoll_ctl(waiting_, EPOLL_CTL_ADD, timer, &event) != 0) {
      ::close(timer);
      throw std::system_error{errno, std::generic_category(), "no timer for a connection"};
    }
    watched_[timer] = {socket, false};
    return timer;
  }
  void remove(int timer) {
    const std::lock_guard lock{mutex_};
    watched_.erase(timer);
    ::close(timer);
  }
  bool expired(int timer) {
    const std::lock_guard lock{mutex_};
    return watched_[timer].expired;
  }

private:
  struct watched {
    int socket = -1;
    bool expired = false;
  };

  watchdog() : waiting_{::epoll_create1(EPOLL_CLOEXEC)} {
    if (waiting_ < 0) throw std::system_error{errno, std::generic_category(), "no epoll for connections"};
    sigset_t all, before; // signals are for the threads that mind them
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    std::thread{[this] { run(); }}.detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[noreturn]] void run() {
    for (;;) {
      epoll_event event{};
      if (::epoll_wait(waiting_, &event, 1, -1) != 1) continue;
      const std::lock_guard lock{mutex_};
      const auto found = watched_.find(event.data.fd);
      uint64_t times = 0;
      if (found == watched_.end() || ::read(event.data.fd, &times, sizeof times) != sizeof times) continue;
      found->second.expired = true;
      ::shutdown(found->second.socket, SHUT_RDWR);
    }
  }

  int waiting_;
  std::mutex mutex_;
  std::unordered_map<int, watched> watched_; ///< by timer
};

void set_timer(int timer, milliseconds limit) {
  itimerspec when{};
  when.it_value.tv_sec = limit.count() / 1000;
  when.it_value.tv_nsec = limit.count() % 1000 * 1'000'000;
  ::timerfd_settime(timer, 0, &when, nullptr);
}

} // namespace

watched_socket::watched_socket(int socket) : timer_{watchdog::of_process().add(socket)} {}

watched_socket::~watched_socket() { watchdog::of_process().remove(timer_); }

watched_socket::call::call(watched_socket* watched, milliseconds limit) : watched_{watched} {
  if (watched_) set_timer(watched_->timer_, limit);
}

watched_socket::call::~call() {
  if (watched_) set_timer(watched_->timer_, milliseconds{0});
}

bool watched_socket::call::expired() const { return watched_ && watchdog::of_process().expired(watched_->timer_); }

} // namespace wheelwork
