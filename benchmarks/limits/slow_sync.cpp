// Makes the disk of a program slower (LD_PRELOAD): each sync takes WHEELWORK_SYNC_MILLISECONDS more, 1 if that is not
// set, as on a disk without a battery behind its cache. For the goal that is a ratio to single commits, which says
// nothing where a sync costs next to nothing.
#include <algorithm>
#include <cstdlib>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

int slowed(long system_call, int file) {
  static const int milliseconds = [] {
    const char* text = std::getenv("WHEELWORK_SYNC_MILLISECONDS");
    return text ? std::max(std::atoi(text), 1) : 1;
  }();
  const auto done = static_cast<int>(::syscall(system_call, file));
  ::poll(nullptr, 0, milliseconds);
  return done;
}

} // namespace

extern "C" int fsync(int file) { return slowed(SYS_fsync, file); }
extern "C" int fdatasync(int file) { return slowed(SYS_fdatasync, file); }
