// To be loaded before all others (LD_PRELOAD) into a program whose disk is to have faults
// (tests/support/faulty_disk.hpp). WHEELWORK_FAULTY_DISK names a file: while somebody else has it locked, syncs wait;
// while the file NAME.read-only exists, nothing is written.
#include <cerrno>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

const char* own_file() {
  static const char* const name = std::getenv("WHEELWORK_FAULTY_DISK");
  return name;
}

void wait_for_the_disk() {
  const int file = own_file() ? ::open(own_file(), O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  ::flock(file, LOCK_SH);
  ::close(file);
}

bool is_read_only() {
  static const std::string name = (own_file() ? own_file() : "") + std::string{".read-only"};
  if (::access(name.c_str(), F_OK) != 0) return false;
  errno = EROFS;
  return true;
}

} // namespace

extern "C" int fsync(int file) {
  wait_for_the_disk();
  return static_cast<int>(::syscall(SYS_fsync, file));
}

extern "C" int fdatasync(int file) {
  wait_for_the_disk();
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

// What SQLite writes with.
extern "C" ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return is_read_only() ? -1 : ::syscall(SYS_pwrite64, file, bytes, size, at);
}

extern "C" ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  return is_read_only() ? -1 : ::syscall(SYS_pwrite64, file, bytes, size, at);
}
