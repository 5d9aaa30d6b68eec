// What a node and its process helpers tell each other: orders through memory, start and result records through files
// that outlive both.
#pragma once

#include "messages/attempt.hpp"
#include "targets/process_file.hpp"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace wheelwork {

struct attempt_key {
  job_id id{};
  uint32_t number = 0;
  auto operator<=>(const attempt_key&) const = default;
};

/// All that a helper needs to run one attempt. It may hold secrets and is never written to a disk.
struct process_order {
  attempt_key key;
  std::string executable;               ///< the path to start
  std::vector<std::string> arguments;   ///< argv, placeholders filled in
  std::vector<std::string> environment; ///< NAME=value
  bool home_of_user = false;            ///< HOME is to be the home of `user`
  std::string directory = "/";          ///< absolute
  std::string user;                     ///< empty: the node's own
  milliseconds timeout{};
  milliseconds kill_grace{};
  size_t output_limit = 0; ///< bytes
};

/// A process that can't be mistaken for a later one with the same number.
struct process_name {
  pid_t pid = 0;
  uint64_t start_ticks = 0; ///< field 22 of /proc/PID/stat
  std::string boot_id;
  bool operator==(const process_name&) const = default;
};

/// Written by a helper before its command starts.
struct process_start {
  attempt_key key;
  process_name helper;
  wall_time started_at{};
  std::string executable;
};

/// Written by a helper when all processes of its attempt are gone.
struct process_result {
  attempt_key key;
  attempt_outcome outcome = attempt_outcome::failed;
  bool started = true;
  std::string error;
  std::optional<int> exit_code;
  std::optional<int> signal; ///< that ended the command
  std::string output;        ///< stdout and stderr as they came, any bytes
  bool truncated = false;
  wall_time started_at{};
  wall_time finished_at{};
};

std::string encode(const process_order& order);
std::string encode(const process_start& start);
std::string encode(const process_result& result);
/// The error says what is wrong with the bytes.
result<process_order, std::string> decode_order(std::string_view bytes);
result<process_start, std::string> decode_start(std::string_view bytes);
result<process_result, std::string> decode_result(std::string_view bytes);

/// The folder of the records, `<job>-<attempt>.start` and `.result`, which appear whole or not at all.
class process_records {
public:
  /// Makes the folder if it is missing, for its owner only. Throws std::runtime_error when it can't be used safely.
  static process_records open(const std::string& folder);
  /// For helpers: an absolute path that open() returned.
  explicit process_records(std::string folder) : folder_{std::move(folder)} {}

  const std::string& folder() const { return folder_; }
  std::string lock_path() const { return folder_ + "/lock"; }

  /// Refuses when the attempt has a start record already. Not flushed to the disk: it matters only while the machine is
  /// up, for nothing that it tells of survives a restart of the machine, and starts that must not be repeated are in
  /// the journal before.
  result<void, std::string> write_start(const process_start& start) const;
  /// While a node is there it commits the outcome to its journal within milliseconds, so only without one is the record
  /// flushed to the disk: then what the command came to is known nowhere else, for as long as no node starts.
  result<void, std::string> write_result(const process_result& result) const;

  /// None: there is no such record. The error says why it can't be read.
  result<std::optional<process_start>, std::string> read_start(attempt_key key) const;
  result<std::optional<process_result>, std::string> read_result(attempt_key key) const;

  /// Every attempt that has a record, in order.
  result<std::vector<attempt_key>, std::string> list() const;
  /// Removes start records that a crash of the machine cut off. Only while no helper is starting.
  void remove_unfinished_starts() const;
  /// Removes what is left of an attempt.
  void remove(attempt_key key) const;

private:
  bool node_is_there() const;
  std::string path(attempt_key key, const char* ending) const;
  result<void, std::string> write(const std::string& path, const std::string& content, bool flushed) const;

  std::string folder_;
};

} // namespace wheelwork
