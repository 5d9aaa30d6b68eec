#include "targets/transfer_loop.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <system_error>

namespace wheelwork {

namespace {

void check(CURLMcode code) {
  if (code != CURLM_OK) throw std::runtime_error{fmt::format("libcurl: {}", curl_multi_strerror(code))};
}

int checked(int result, const char* call) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), call};
  return result;
}

uint32_t events_of(int what) {
  uint32_t events = 0;
  if (what & CURL_POLL_IN) events |= EPOLLIN;
  if (what & CURL_POLL_OUT) events |= EPOLLOUT;
  return events;
}

int ready_for(uint32_t events) {
  int ready = 0;
  if (events & EPOLLIN) ready |= CURL_CSELECT_IN;
  if (events & EPOLLOUT) ready |= CURL_CSELECT_OUT;
  if (events & (EPOLLERR | EPOLLHUP)) ready |= CURL_CSELECT_ERR;
  return ready;
}

/// Resets an eventfd or a timerfd. False: it was not set, or was set anew since it was seen.
bool read_counter(const descriptor& file) {
  uint64_t calls = 0;
  return ::read(file.get(), &calls, sizeof calls) == sizeof calls;
}

} // namespace

transfer_loop::transfer_loop(size_t connections_max)
    : epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")}, wake_up_{checked(
                                                                          eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                                                          "eventfd")},
      timer_{checked(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")},
      multi_{curl_multi_init(), curl_multi_cleanup} {
  if (!multi_) throw std::bad_alloc{};
  for (int file : {wake_up_.get(), timer_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = file}};
    checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, file, &event), "epoll_ctl");
  }
  check(curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &transfer_loop::socket_changed));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &transfer_loop::timer_changed));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max)));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, 0L));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, 0L));
}

void transfer_loop::add(CURL* handle) { check(curl_multi_add_handle(multi_.get(), handle)); }

void transfer_loop::remove(CURL* handle) { check(curl_multi_remove_handle(multi_.get(), handle)); }

void transfer_loop::turn() {
  constexpr size_t events_max = 256; // more come with the next turn
  std::array<epoll_event, events_max> events;
  const int count = epoll_wait(epoll_.get(), events.data(), events_max, timer_due_ ? 0 : -1);
  if (count < 0 && errno == EINTR) return;
  checked(count, "epoll_wait");
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    if (event.data.fd == wake_up_.get()) {
      read_counter(wake_up_);
    } else if (event.data.fd == timer_.get()) {
      timer_due_ = read_counter(timer_) || timer_due_;
    } else {
      // A socket closed by the work on an earlier event of this turn is no fault: libcurl knows it no longer.
      check(curl_multi_socket_action(multi_.get(), event.data.fd, ready_for(event.events), &running));
    }
  }
  // The call may set the next time.
  if (std::exchange(timer_due_, false)) check(curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running));
}

std::vector<transfer_loop::ended_transfer> transfer_loop::take_ended() {
  std::vector<ended_transfer> ended;
  int waiting = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &waiting))
    if (message->msg == CURLMSG_DONE) ended.push_back({message->easy_handle, message->data.result});
  return ended;
}

void transfer_loop::wake() {
  const uint64_t once = 1;
  // It fails only where so many calls are unread that the loop wakes up anyway.
  [[maybe_unused]] auto size = ::write(wake_up_.get(), &once, sizeof once);
}

int transfer_loop::socket_changed(CURL*, curl_socket_t socket, int what, void* loop, void*) {
  return static_cast<transfer_loop*>(loop)->watch(socket, what) ? 0 : -1;
}

/// False ends every transfer, for libcurl would wait for this one for ever.
bool transfer_loop::watch(curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr); // gone already if it was closed
    return true;
  }
  epoll_event event{.events = events_of(what), .data = {.fd = socket}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket, &event) == 0) return true;
  return errno == ENOENT && epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event) == 0;
}

int transfer_loop::timer_changed(CURLM*, long milliseconds, void* loop) {
  return static_cast<transfer_loop*>(loop)->set_timer(milliseconds) ? 0 : -1;
}

/// Below zero: no more. Zero, which is frequent, needs no timer: the next turn doesn't wait.
bool transfer_loop::set_timer(long milliseconds) {
  timer_due_ = milliseconds == 0;
  if (timer_due_) return true;
  itimerspec once{};
  if (milliseconds > 0) once.it_value = {milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  return timerfd_settime(timer_.get(), 0, &once, nullptr) == 0;
}

} // namespace wheelwork
