// A node's link to its process host: starts it, hands it orders, takes its answers.
#pragma once

#include "targets/process_helper.hpp"
#include "targets/process_packet.hpp"
#include "targets/process_record.hpp"

#include <optional>

namespace wheelwork {

/// The records folder belongs to whoever holds its lock. Open copies of it are held by the node, its host and each
/// helper until that has written its start record: who gets the lock sees the start of every attempt that an earlier
/// node ordered. Waits for an earlier node's host to end, up to `patience`. Throws std::runtime_error when it does not.
descriptor lock_records(const process_records& records, milliseconds patience);

class process_host {
public:
  process_host(std::string program, const process_records& records, descriptor lock);
  ~process_host();

  /// Starts the host in a session of its own, with nothing of the node's but the socket and the lock. Throws
  /// std::runtime_error when the program is not there.
  void start();
  /// -1: the host does not run.
  int socket() const { return socket_.get(); }

  /// 0 or an errno (EAGAIN: later, when the socket is writable).
  int send(attempt_key key, int order, int payload);
  struct answer {
    attempt_key key;
    int error = 0;      ///< why there is no helper
    descriptor process; ///< pidfd of the helper
  };
  /// The error is an errno; ENOTCONN: the host has gone.
  result<answer, int> receive();

  /// Closes the socket, on which the host ends once it has started what was sent, and waits for that.
  void stop();
  /// Gives the lock back. After stop().
  void release() { lock_.close(); }

private:
  std::string program_;
  std::string folder_;
  descriptor lock_;
  descriptor socket_;
  pid_t pid_ = 0;
};

} // namespace wheelwork
