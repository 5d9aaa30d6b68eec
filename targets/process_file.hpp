// Whole reads and writes: the little of the operating system that all process files share.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"
#include "targets/descriptor.hpp"

#include <string>
#include <string_view>

namespace wheelwork {

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
