#include "tests/support/small_disk.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace wheelwork {

namespace {

std::string why_no_small_disk() {
  const std::string wrong = "no file system can be mounted here, which needs root (CAP_SYS_ADMIN): ";
  if (::unshare(CLONE_NEWNS) != 0) return wrong + std::strerror(errno);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return wrong + std::strerror(errno);
  return {};
}

} // namespace

const std::string& small_disk::missing() {
  static const std::string reason = why_no_small_disk();
  return reason;
}

small_disk::small_disk(size_t megabytes) {
  if (!missing().empty()) throw std::runtime_error{missing()};
  std::string name = (std::filesystem::temp_directory_path() / "wheelwork-disk-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the disk: " + name};
  path_ = name;
  const std::string size = "size=" + std::to_string(megabytes) + "m";
  if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    ::rmdir(path_.c_str());
    throw std::runtime_error{"no disk of " + size + ": " + why};
  }
}

small_disk::~small_disk() {
  ::umount2(path_.c_str(), MNT_DETACH);
  ::rmdir(path_.c_str());
}

void small_disk::fill() const {
  const int file = ::open((path_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error{"the disk can't be filled: " + path_.string()};
  std::vector<char> bytes(1 << 20, 'x');
  // Large pieces, then small ones: what is left in the end is less than a page.
  for (size_t piece = bytes.size(); piece > 0; piece /= 2)
    while (::write(file, bytes.data(), piece) > 0) continue;
  const bool full = errno == ENOSPC;
  ::close(file);
  if (!full) throw std::runtime_error{"the disk did not get full: " + path_.string()};
}

void small_disk::free() const { std::filesystem::remove(path_ / "filler"); }

} // namespace wheelwork
