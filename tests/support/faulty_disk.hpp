// A disk with faults: one that answers no sync until it is told to go on, and then has done all of them (as network
// storage does, or a controller that tries a bad sector again), or one that became read-only under its files (as Linux
// makes a file system after an error).
#pragma once

#include <filesystem>

namespace wheelwork {

/// Programs that this process starts while it lives have such a disk. One at a time.
class faulty_disk {
public:
  /// `folder`: where it may have files of its own. Throws std::runtime_error.
  explicit faulty_disk(const std::filesystem::path& folder);
  ~faulty_disk();
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;

  void stall() const;
  void go_on() const;
  void make_read_only() const;
  void make_writable() const;

private:
  std::filesystem::path name_;
  int file_ = -1;
};

} // namespace wheelwork
