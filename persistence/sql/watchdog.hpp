// Ends a connection whose server does not answer: libraries wait for ever where a server hangs or a network swallows
// everything. The socket is shut down from another thread, so that the waiting call returns with an error.
#pragma once

#include "schedule/time.hpp"

namespace wheelwork {

/// The socket of one connection. Costs a system call at begin and end of each call; one thread of the process waits for
/// all of them.
class watched_socket {
public:
  /// Throws std::system_error where the system gives no timer.
  explicit watched_socket(int socket);
  ~watched_socket();
  watched_socket(const watched_socket&) = delete;
  watched_socket& operator=(const watched_socket&) = delete;

  /// While it lives, the time runs. `watched` null: nothing happens.
  class call {
  public:
    call(watched_socket* watched, milliseconds limit);
    ~call();
    call(const call&) = delete;
    call& operator=(const call&) = delete;
    /// The time was over and the socket was shut down.
    bool expired() const;

  private:
    watched_socket* watched_;
  };

private:
  int timer_;
};

} // namespace wheelwork
