// The program behind process targets: a host that a node starts once, and a helper that the host forks for each
// attempt.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace wheelwork {

/// The body of `wheelwork process-helper FOLDER`: the host. It has little in memory and one thread, so that forking a
/// helper costs a fraction of starting a program. It leaves the node's session, ends when the node does, and the
/// helpers stay until their attempts have ended. Started by a node only, with its socket and the lock of the records
/// folder as open files; by hand it says so and returns 2.
int process_helper_main(int argc, char** argv);

/// Where the host finds what the node gives it.
inline constexpr int host_socket_number = 3;
inline constexpr int host_lock_number = 4;

/// Node → host, with the order and, if there is one, the payload as open files. One packet each.
struct host_order {
  uint64_t job = 0;
  uint32_t attempt = 0;
};

/// Host → node: once with job 0 when it is ready; then for each order, with the helper's pidfd unless that could not be
/// started.
struct host_answer {
  uint64_t job = 0;
  uint32_t attempt = 0;
  int32_t error = 0; ///< an errno
};

} // namespace wheelwork
