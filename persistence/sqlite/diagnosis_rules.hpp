// How the diagnosis judges what only SQLite has: pure functions from what was read to findings.
#pragma once

#include "persistence/diagnosis_rules.hpp"

namespace wheelwork::sqlite {

finding judge_journal_mode(const std::string& mode);

/// `wal_bytes`: size of the file beside the database that holds what was not yet written into it.
finding judge_write_ahead_log(uint64_t wal_bytes, const diagnosis_limits& limits);

struct page_use {
  uint64_t pages = 0, unused = 0, page_bytes = 0;
};
finding judge_pages(const page_use& use, const diagnosis_limits& limits);

/// By the number of statfs(2).
finding judge_file_system(const std::string& folder, long number);

/// The pid and node that a lock file names, if it does: `pid 12 (node a)`.
std::optional<std::pair<int64_t, std::string>> read_lock_text(const std::string& text);
/// Whether one line of /proc/locks is an exclusive flock() of this file. Where a file system shows another device
/// there than to programs, the pid must be the one that the lock file names.
bool is_lock_of(const std::string& line, uint64_t device_major, uint64_t device_minor, uint64_t inode, int64_t pid);

} // namespace wheelwork::sqlite
