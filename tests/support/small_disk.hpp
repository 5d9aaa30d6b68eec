// A real disk that gets full: a file system in memory, mounted for this process and its children alone, so that nothing
// of it is left behind whatever ends the process.
#pragma once

#include <filesystem>
#include <string>

namespace wheelwork {

class small_disk {
public:
  /// Why none can be mounted here; empty: one can.
  static const std::string& missing();

  /// Throws std::runtime_error.
  explicit small_disk(size_t megabytes);
  ~small_disk();
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Leaves no byte to others.
  void fill() const;
  /// Gives back what fill() took.
  void free() const;

private:
  std::filesystem::path path_;
};

} // namespace wheelwork
