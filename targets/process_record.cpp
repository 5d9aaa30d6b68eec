#include "targets/process_record.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wheelwork {

namespace {

constexpr const char* start_ending = ".start";
constexpr const char* result_ending = ".result";
constexpr const char* unfinished_ending = ".unfinished";

/// `<job>-<attempt>` of a record's name; none for other files.
std::optional<attempt_key> parse_name(std::string_view name) {
  size_t dot = name.find('.');
  size_t dash = name.find('-');
  if (dot == name.npos || dash == name.npos || dash > dot) return std::nullopt;
  auto ending = name.substr(dot);
  if (ending != start_ending && ending != result_ending) return std::nullopt;
  auto id = parse_job_id(name.substr(0, dash));
  auto digits = name.substr(dash + 1, dot - dash - 1);
  uint32_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (!id || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return attempt_key{*id, number};
}

template <class Value, class Decode>
result<std::optional<Value>, std::string> read_record(const std::string& path, attempt_key key, Decode decode) {
  auto content = read_file(path);
  if (!content) {
    if (content.error() == ENOENT) return std::optional<Value>{};
    return failure(path + ": " + system_text(content.error()));
  }
  auto value = decode(*content);
  if (!value) return failure(path + ": " + value.error());
  if (value->key != key) return failure(path + ": is the record of another attempt");
  return std::optional<Value>{std::move(*value)};
}

} // namespace

process_records process_records::open(const std::string& folder) {
  auto refuse = [&](const std::string& why) { throw std::runtime_error("process records in " + folder + ": " + why); };
  std::error_code error;
  std::filesystem::path path{folder};
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) refuse(system_text(errno));
  descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0) refuse(system_text(errno));
  if (status.st_uid != ::geteuid()) refuse("belongs to another user; it must belong to the one that runs the node");
  // Whoever may write here could forge results.
  if ((status.st_mode & 0077) != 0 && ::fchmod(opened.get(), 0700) != 0) refuse(system_text(errno));
  std::unique_ptr<char, decltype(&std::free)> real{::realpath(folder.c_str(), nullptr), &std::free};
  if (!real) refuse(system_text(errno));
  return process_records{real.get()};
}

std::string process_records::path(attempt_key key, const char* ending) const {
  return folder_ + "/" + to_string(key.id) + "-" + std::to_string(key.number) + ending;
}

result<void, std::string> process_records::write(const std::string& path, const std::string& content,
                                                 bool flushed) const {
  auto refuse = [&](int error) { return failure("could not write " + path + ": " + system_text(error)); };
  std::string unfinished = path + unfinished_ending;
  descriptor file{::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return refuse(errno);
  int error = write_all(file.get(), content);
  if (!error && flushed && ::fsync(file.get()) != 0) error = errno;
  if (!error && ::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) error = errno;
  if (error) {
    ::unlink(unfinished.c_str());
    return refuse(error);
  }
  if (!flushed) return {};
  descriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder || ::fsync(folder.get()) != 0) return refuse(errno);
  return {};
}

/// A node and its host hold the lock for as long as they live.
bool process_records::node_is_there() const {
  descriptor lock{::open(lock_path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  return lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

result<void, std::string> process_records::write_start(const process_start& start) const {
  return write(path(start.key, start_ending), encode(start), false);
}
result<void, std::string> process_records::write_result(const process_result& result) const {
  return write(path(result.key, result_ending), encode(result), !node_is_there());
}

result<std::optional<process_start>, std::string> process_records::read_start(attempt_key key) const {
  return read_record<process_start>(path(key, start_ending), key, decode_start);
}
result<std::optional<process_result>, std::string> process_records::read_result(attempt_key key) const {
  return read_record<process_result>(path(key, result_ending), key, decode_result);
}

result<std::vector<attempt_key>, std::string> process_records::list() const {
  std::unique_ptr<DIR, int (*)(DIR*)> entries{::opendir(folder_.c_str()), &::closedir};
  if (!entries) return failure(folder_ + ": " + system_text(errno));
  std::vector<attempt_key> keys;
  while (const dirent* entry = ::readdir(entries.get()))
    if (auto key = parse_name(entry->d_name)) keys.push_back(*key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

void process_records::remove_unfinished_starts() const {
  std::unique_ptr<DIR, int (*)(DIR*)> entries{::opendir(folder_.c_str()), &::closedir};
  if (!entries) return;
  const std::string ending = std::string{start_ending} + unfinished_ending;
  while (const dirent* entry = ::readdir(entries.get()))
    if (std::string_view{entry->d_name}.ends_with(ending)) ::unlinkat(::dirfd(entries.get()), entry->d_name, 0);
}

void process_records::remove(attempt_key key) const {
  // The start goes first: a result alone is complete, a start alone would read as lost.
  for (const char* ending : {start_ending, result_ending}) {
    ::unlink(path(key, ending).c_str());
    ::unlink((path(key, ending) + unfinished_ending).c_str());
  }
}

} // namespace wheelwork
