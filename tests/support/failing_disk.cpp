#include "tests/support/failing_disk.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>

namespace wheelwork::testing_journal {

namespace {

constexpr int64_t sector_size = 4096;

} // namespace

/// SQLite gives the memory, with room for the real file behind it.
struct failing_disk::open_file {
  sqlite3_file base;
  failing_disk* disk;
  std::string* path; ///< none: a file whose loss means nothing
  sqlite3_file* real;

  static open_file& of(sqlite3_file* file) { return *reinterpret_cast<open_file*>(file); }
  file_content& content() const { return disk->content_of(*path); }
  int64_t size() const {
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    return size;
  }

  /// Keeps what the disk holds of the sectors from here to there, before they are changed.
  void remember(int64_t from, int64_t to) const {
    auto& [unsynced, lost, durable] = content();
    const auto now = size();
    for (auto sector = from / sector_size * sector_size; sector < to; sector += sector_size) {
      if (unsynced.contains(sector)) continue;
      if (auto found = lost.extract(sector)) {
        unsynced.insert(std::move(found));
        continue;
      }
      auto there = std::clamp<int64_t>(now - sector, 0, sector_size);
      std::string old(static_cast<size_t>(there), '\0');
      if (there > 0) real->pMethods->xRead(real, old.data(), static_cast<int>(there), sector);
      unsynced.emplace(sector, std::move(old));
    }
  }
};

namespace {

using file = failing_disk::open_file;

int close_file(sqlite3_file* any) {
  auto& self = file::of(any);
  const int code = self.real->pMethods->xClose(self.real);
  delete self.path;
  return code;
}

int read_file(sqlite3_file* any, void* to, int size, sqlite3_int64 offset) {
  auto& self = file::of(any);
  if (self.disk->is_off()) return SQLITE_IOERR_READ;
  return self.real->pMethods->xRead(self.real, to, size, offset);
}

int write_file(sqlite3_file* any, const void* from, int size, sqlite3_int64 offset) {
  auto& self = file::of(any);
  if (!self.disk->takes_operation()) return SQLITE_IOERR_WRITE;
  if (self.path) self.remember(offset, offset + size);
  return self.real->pMethods->xWrite(self.real, from, size, offset);
}

int truncate_file(sqlite3_file* any, sqlite3_int64 size) {
  auto& self = file::of(any);
  if (!self.disk->takes_operation()) return SQLITE_IOERR_TRUNCATE;
  if (self.path) self.remember(size, self.size());
  return self.real->pMethods->xTruncate(self.real, size);
}

int sync_file(sqlite3_file* any, int) {
  auto& self = file::of(any);
  if (!self.disk->takes_operation()) return SQLITE_IOERR_FSYNC;
  if (!self.path) return SQLITE_OK;
  auto& content = self.content();
  if (self.disk->sync_fails()) {
    content.lost.merge(content.unsynced);
    content.unsynced.clear();
    return SQLITE_IOERR_FSYNC;
  }
  content.unsynced.clear();
  content.durable_size = self.size();
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* any, sqlite3_int64* size) {
  auto& self = file::of(any);
  if (self.disk->is_off()) return SQLITE_IOERR_FSTAT;
  return self.real->pMethods->xFileSize(self.real, size);
}

// The rest goes to the real file as it is.
template <auto Member, class... Arguments>
auto pass_on(sqlite3_file* any, Arguments... arguments) {
  auto* real = file::of(any).real;
  return (real->pMethods->*Member)(real, arguments...);
}

constexpr sqlite3_io_methods methods{
    .iVersion = 2, // no memory-mapped reads: they would pass by
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = pass_on<&sqlite3_io_methods::xLock>,
    .xUnlock = pass_on<&sqlite3_io_methods::xUnlock>,
    .xCheckReservedLock = pass_on<&sqlite3_io_methods::xCheckReservedLock>,
    .xFileControl = pass_on<&sqlite3_io_methods::xFileControl>,
    .xSectorSize = pass_on<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = pass_on<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = pass_on<&sqlite3_io_methods::xShmMap>,
    .xShmLock = pass_on<&sqlite3_io_methods::xShmLock>,
    .xShmBarrier = pass_on<&sqlite3_io_methods::xShmBarrier>,
    .xShmUnmap = pass_on<&sqlite3_io_methods::xShmUnmap>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

failing_disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<failing_disk*>(vfs->pAppData); }

int open_any(sqlite3_vfs* vfs, const char* name, sqlite3_file* any, int flags, int* out_flags) {
  auto& disk = disk_of(vfs);
  auto* self =
      new (any) file{{}, &disk, nullptr, reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(any) + sizeof(file))};
  if (disk.is_off()) return SQLITE_CANTOPEN;
  const int code = disk.real()->xOpen(disk.real(), name, self->real, flags, out_flags);
  if (code != SQLITE_OK) return code;
  self->base.pMethods = &methods;
  if (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) {
    self->path = new std::string{name};
    auto& content = self->content();
    if (content.unsynced.empty() && content.lost.empty()) content.durable_size = self->size();
  }
  return SQLITE_OK;
}

int delete_any(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  auto& disk = disk_of(vfs);
  if (!disk.takes_operation()) return SQLITE_IOERR_DELETE;
  disk.content_of(name) = {};
  return disk.real()->xDelete(disk.real(), name, sync_folder);
}

} // namespace

failing_disk::failing_disk(uint64_t seed)
    : real_{sqlite3_vfs_find(nullptr)}, own_{std::make_unique<sqlite3_vfs>(*real_)}, random_{seed} {
  own_->zName = "failing_disk";
  own_->pNext = nullptr;
  own_->pAppData = this;
  own_->szOsFile = static_cast<int>(sizeof(open_file)) + real_->szOsFile;
  own_->xOpen = open_any;
  own_->xDelete = delete_any;
  sqlite3_vfs_register(own_.get(), 1);
}

failing_disk::~failing_disk() {
  sqlite3_vfs_unregister(own_.get());
  sqlite3_vfs_register(real_, 1);
}

bool failing_disk::takes_operation() {
  if (left_ == 0) return false;
  return --left_ > 0;
}

bool failing_disk::sync_fails() {
  if (std::uniform_real_distribution<double>{0, 1}(random_) >= failing_share_) return false;
  ++failed_syncs_;
  return true;
}

void failing_disk::power_on() {
  for (auto& [path, content] : files_) {
    if (!std::filesystem::exists(path)) continue;
    std::fstream disk{path, std::ios::in | std::ios::out | std::ios::binary};
    const auto put_back = [&](int64_t sector, std::string old) {
      old.resize(sector_size); // what a file system gives where nothing was written
      disk.seekp(sector);
      disk.write(old.data(), sector_size);
    };
    const auto size = static_cast<int64_t>(std::filesystem::file_size(path));
    for (auto& [sector, old] : content.lost) put_back(sector, old);
    for (auto& [sector, old] : content.unsynced)
      if (random_() % 2 == 0) put_back(sector, old);
    disk.close();
    std::filesystem::resize_file(path, static_cast<uintmax_t>(random_() % 2 == 0 ? size : content.durable_size));
    std::filesystem::remove(path + "-shm"); // lies in memory
  }
  files_.clear();
  left_ = UINT64_MAX;
  failing_share_ = 0;
}

} // namespace wheelwork::testing_journal
