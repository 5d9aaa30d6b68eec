// Drives libcurl's transfers by the sockets that are ready (curl_multi_socket_action with epoll): a transfer that waits
// for its answer costs nothing, however many do. curl_multi_perform would visit each of them at every turn.
#pragma once

#include "targets/descriptor.hpp"

#include <curl/curl.h>
#include <memory>
#include <vector>

namespace wheelwork {

/// One thread's, but for wake(). Handles must be removed before it is destroyed. Throws std::system_error when the
/// kernel refuses, std::runtime_error when libcurl does.
class transfer_loop {
public:
  struct ended_transfer {
    CURL* handle;
    CURLcode code;
  };

  /// `connections_max`: open at most, busy ones included; past it idle ones are closed. How many transfers run at once
  /// is for the caller to bound.
  explicit transfer_loop(size_t connections_max);

  void add(CURL* handle);
  void remove(CURL* handle);
  /// Waits until a transfer can go on, a time of libcurl's is over or wake() was called, and lets libcurl work.
  void turn();
  /// Those that ended in the last turns; to be removed by the caller, and may then be added again.
  std::vector<ended_transfer> take_ended();
  /// Ends the wait of turn(), of the next one if none waits. Any thread.
  void wake();

private:
  static int socket_changed(CURL* handle, curl_socket_t socket, int what, void* loop, void* known);
  static int timer_changed(CURLM* multi, long milliseconds, void* loop);
  bool watch(curl_socket_t socket, int what);
  bool set_timer(long milliseconds);

  descriptor epoll_, wake_up_, timer_; ///< used by libcurl's callbacks until the very end of multi_
  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;
  bool timer_due_ = false; ///< libcurl wants to be called without a socket
};

} // namespace wheelwork
