// File descriptors that close themselves, and whole reads and writes: the little of the operating system that all
// process files share.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace wheelwork {

/// Owns an open file. -1: none.
class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int number) : number_{number} {}
  descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { close(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

private:
  int number_ = -1;
};

/// What the operating system says to an errno.
std::string system_text(int error);

/// Writes all of it; 0 or an errno.
int write_all(int file, std::string_view data);
/// Reads to the end, from the start where the file has one. The error is an errno.
result<std::string, int> read_all(int file);
/// A whole file by its path. The error is an errno.
result<std::string, int> read_file(const std::string& path);
/// Memory that looks like a file, for what must not lie on a disk. The error is an errno.
result<descriptor, int> memory_file(const char* name, std::string_view content);

/// The wall clock of a helper: a program of its own, without a node whose clock it could be handed.
wall_time helper_wall_now();

} // namespace wheelwork
