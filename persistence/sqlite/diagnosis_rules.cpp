#include "persistence/sqlite/diagnosis_rules.hpp"

#include "persistence/sqlite/file_system.hpp"

#include <charconv>
#include <cstdio>

namespace wheelwork::sqlite {

finding judge_journal_mode(const std::string& mode) {
  if (mode == "wal") return {"journal_mode", severity::ok, mode, ""};
  return {"journal_mode", severity::warning, mode + " instead of wal: another program changed it",
          "the next start of a node sets it back; let no other program change settings of this file"};
}

finding judge_write_ahead_log(uint64_t wal_bytes, const diagnosis_limits& limits) {
  const std::string found = words_for_bytes(wal_bytes) + " wait in the WAL";
  if (wal_bytes < limits.write_ahead_warning) return {"write-ahead log", severity::ok, found, ""};
  return {"write-ahead log", severity::warning, found,
          "a long reader keeps it from being written into the database: end shells and backups that have been open for "
          "long"};
}

finding judge_pages(const page_use& use, const diagnosis_limits& limits) {
  const uint64_t share = use.pages == 0 ? 0 : use.unused * 100 / use.pages;
  const std::string found = words_for_bytes(use.pages * use.page_bytes) + ", of that " + std::to_string(share) +
                            " % unused (" + words_for_bytes(use.unused * use.page_bytes) + ")";
  const bool large = use.unused * use.page_bytes >= limits.free_space_error;
  if (share < limits.unused_pages_note || !large) return {"size", severity::ok, found, ""};
  return {"size", severity::note, found,
          "new rows use that room again; to give it back to the disk, stop the node and run `vacuum` in sqlite3"};
}

finding judge_file_system(const std::string& folder, long number) {
  if (const auto network = network_file_system(number))
    return {"file system", severity::error, folder + " is on a network (" + *network + ")",
            "SQLite's locks don't hold there: use a local disk, or PostgreSQL"};
  switch (static_cast<unsigned long>(number) & 0xffffffffUL) {
  case 0x01021994: // tmpfs
  case 0x858458f6: // ramfs
    return {"file system", severity::warning, folder + " is in memory (tmpfs)",
            "all jobs are gone with the next start of the machine: name a file on a disk in database.url"};
  case 0x65735546:
    return {"file system", severity::note, folder + " is a FUSE file system",
            "make sure that it is local, keeps locks, and that fsync reaches a disk"};
  case 0x794c7630:
    return {"file system", severity::note, folder + " is the layer of a container (overlayfs)",
            "it goes away with the container: mount a volume for the database"};
  default: return {"file system", severity::ok, folder + " is local", ""};
  }
}

std::optional<std::pair<int64_t, std::string>> read_lock_text(const std::string& text) {
  static constexpr std::string_view pid_word = "pid ", node_word = " (node ";
  const size_t at = text.find(node_word);
  const size_t end = text.rfind(')');
  if (!text.starts_with(pid_word) || at == std::string::npos || end == std::string::npos || end < at)
    return std::nullopt;
  int64_t pid = 0;
  if (std::from_chars(text.data() + pid_word.size(), text.data() + at, pid).ptr != text.data() + at)
    return std::nullopt;
  return std::pair{pid, text.substr(at + node_word.size(), end - at - node_word.size())};
}

bool is_lock_of(const std::string& line, uint64_t device_major, uint64_t device_minor, uint64_t inode, int64_t pid) {
  // 12: FLOCK  ADVISORY  WRITE 4711 08:01:1835010 0 EOF
  long long holder = 0;
  unsigned long long major_found = 0, minor_found = 0, inode_found = 0;
  if (std::sscanf(line.c_str(), "%*d: FLOCK ADVISORY WRITE %lld %llx:%llx:%llu", &holder, &major_found, &minor_found,
                  &inode_found) != 4)
    return false;
  if (inode_found != inode) return false;
  return holder == pid || (major_found == device_major && minor_found == device_minor);
}

} // namespace wheelwork::sqlite
