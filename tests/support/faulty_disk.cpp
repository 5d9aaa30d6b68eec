#include "tests/support/faulty_disk.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace wheelwork {

namespace {

std::filesystem::path read_only_mark(std::filesystem::path name) { return name += ".read-only"; }

} // namespace

faulty_disk::faulty_disk(const std::filesystem::path& folder) : name_{folder / "faulty-disk"} {
  file_ = ::open(name_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) throw std::runtime_error{"no file for the disk: " + name_.string()};
  ::setenv("WHEELWORK_FAULTY_DISK", name_.c_str(), 1);
  ::setenv("LD_PRELOAD", WHEELWORK_FAULTY_DISK_LIBRARY, 1);
  // The sanitizer of addresses wants to be loaded first.
  const char* own = std::getenv("ASAN_OPTIONS");
  ::setenv("ASAN_OPTIONS", ((own ? own : "") + std::string{":verify_asan_link_order=0"}).c_str(), 1);
}

faulty_disk::~faulty_disk() {
  ::unsetenv("LD_PRELOAD");
  ::unsetenv("WHEELWORK_FAULTY_DISK");
  ::close(file_);
}

void faulty_disk::stall() const {
  if (::flock(file_, LOCK_EX) != 0) throw std::runtime_error{"the disk can't be stalled"};
}

void faulty_disk::go_on() const { ::flock(file_, LOCK_UN); }

void faulty_disk::make_read_only() const {
  if (!(std::ofstream{read_only_mark(name_)} << "yes")) throw std::runtime_error{"the disk can't be made read-only"};
}

void faulty_disk::make_writable() const { std::filesystem::remove(read_only_mark(name_)); }

} // namespace wheelwork
