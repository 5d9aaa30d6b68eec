// What tests need to run a database server of their own: a process under another user than root, whose log is read
// through a pipe and which ends with the tests.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wheelwork::server_process {

struct account {
  uid_t user;
  gid_t group;
};
/// Of this process, or the first of these names where it is root: servers refuse to run as that.
std::optional<account> account_for(const std::vector<std::string>& names);

/// A new folder in the temporary one that belongs to the account. Throws std::runtime_error.
std::filesystem::path make_folder(const std::string& name, const account& owner);

/// Reads what the process says.
class log_pipe {
public:
  log_pipe() = default;
  log_pipe(const log_pipe&) = delete;
  log_pipe& operator=(const log_pipe&) = delete;
  ~log_pipe() { close(); }
  /// Opens it anew and answers the end to write to, which the caller closes.
  int open();
  void close();
  /// Reads until the text appears (true) or the end (false); none: until the end.
  bool read_until(const std::string& wanted, std::string& seen);

private:
  int from_ = -1;
};

/// Starts a process with its output to the descriptor. It gets `signal_at_end` when this one ends.
pid_t spawn(const std::vector<std::string>& command, int output, const std::filesystem::path& folder, const account& as,
            int signal_at_end);

/// Runs a command to its end. Throws std::runtime_error with what it said, if it failed.
void run(const std::vector<std::string>& command, const std::filesystem::path& folder, const account& as);

} // namespace wheelwork::server_process
