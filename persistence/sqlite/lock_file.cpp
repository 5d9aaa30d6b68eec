#include "persistence/sqlite/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wheelwork::sqlite {

namespace {

std::string read_holder(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string holder{text.data(), size > 0 ? static_cast<size_t>(size) : 0};
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "another process" : holder;
}

} // namespace

result<lock_file, std::string> lock_file::take(const std::string& database_path, const std::string& node_name) {
  const std::string path = database_path + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor < 0)
    return wheelwork::failure("the lock file " + path + " can't be opened: " + std::strerror(errno) +
                              ". The node must be able to write the folder of the database");
  lock_file lock{descriptor};
  // flock() belongs to the open file, not to the process, so that a second node in one process is refused as well.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return wheelwork::failure("the lock file " + path + " can't be locked: " + std::strerror(errno));
    return wheelwork::failure("the database " + database_path + " is in use by " + read_holder(descriptor) +
                              ": stop that node first, or name another database");
  }
  const std::string text = "pid " + std::to_string(::getpid()) + " (node " + node_name + ")\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return wheelwork::failure("the lock file " + path + " can't be written: " + std::strerror(errno) +
                              ". Free some space on that disk");
  return lock;
}

lock_file::lock_file(lock_file&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

lock_file& lock_file::operator=(lock_file&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

lock_file::~lock_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

} // namespace wheelwork::sqlite
