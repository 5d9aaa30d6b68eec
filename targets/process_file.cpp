#include "targets/process_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <time.h>
#include <unistd.h>

namespace wheelwork {

std::string system_text(int error) { return std::generic_category().message(error); }

int write_all(int file, std::string_view data) {
  while (!data.empty()) {
    ssize_t written = ::write(file, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

result<std::string, int> read_all(int file) {
  std::string content;
  if (struct stat status{}; ::fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
    if (::lseek(file, 0, SEEK_SET) < 0) return failure(int{errno});
    content.reserve(static_cast<size_t>(status.st_size) + 1);
  }
  for (;;) {
    size_t before = content.size();
    content.resize(std::max(content.capacity(), before + 4096));
    ssize_t count = ::read(file, content.data() + before, content.size() - before);
    content.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return content;
    if (count < 0 && errno != EINTR) return failure(int{errno});
  }
}

result<std::string, int> read_file(const std::string& path) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return failure(int{errno});
  return read_all(file.get());
}

result<descriptor, int> memory_file(const char* name, std::string_view content) {
  descriptor file{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file) return failure(int{errno});
  if (int error = write_all(file.get(), content)) return failure(int{error});
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return failure(int{errno});
  return file;
}

wall_time helper_wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return wall_time{milliseconds{static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000}};
}

} // namespace wheelwork
