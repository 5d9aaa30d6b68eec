// A disk for SQLite that fails as real ones do: power that goes off between a write and its sync, and syncs that fail.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace wheelwork::testing_journal {

/// While it lives it is SQLite's default way to files of this process (a VFS above the usual one). What was written
/// since a file's last sync may be lost with the power, sector by sector; what a failed sync was for is lost for sure,
/// unless it is written again: the operating system takes it for written and never tries a second time.
/// One thread. All connections must be closed before power comes back and before it is destroyed.
class failing_disk {
public:
  explicit failing_disk(uint64_t seed);
  ~failing_disk();
  failing_disk(const failing_disk&) = delete;
  failing_disk& operator=(const failing_disk&) = delete;

  /// The power goes off with the `operations`-th write, truncation or sync from now on, which is lost; reads fail from
  /// then on, too.
  void power_off_after(uint64_t operations) { left_ = operations; }
  bool is_off() const { return left_ == 0; }
  /// Each sync from now on fails with this probability.
  void fail_syncs(double share) { failing_share_ = share; }
  uint64_t failed_syncs() const { return failed_syncs_; }
  /// Brings the files into the state that the power left them in, and serves them again, without faults.
  void power_on();

  // What SQLite calls; public for the functions behind its tables.
  struct file_content {
    std::map<int64_t, std::string> unsynced; ///< what the disk holds of sectors written since the last sync
    std::map<int64_t, std::string> lost;     ///< the same of those that a failed sync was for
    int64_t durable_size = 0;
  };
  struct open_file;
  bool takes_operation();
  bool sync_fails();
  file_content& content_of(const std::string& path) { return files_[path]; }
  sqlite3_vfs* real() { return real_; }

private:
  sqlite3_vfs* real_;
  std::unique_ptr<sqlite3_vfs> own_;
  std::map<std::string, file_content> files_;
  std::mt19937_64 random_;
  uint64_t left_ = UINT64_MAX;
  double failing_share_ = 0;
  uint64_t failed_syncs_ = 0;
};

} // namespace wheelwork::testing_journal
