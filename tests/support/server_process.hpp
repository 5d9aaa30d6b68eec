// What servers of the tests' own have in common: a process under an account that is not root, which ends with the
// tests, and whose output says when it is ready.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wheelwork {

/// Why no server can be started here: they refuse to run as root, and there is no other account. Empty: one can.
const std::string& missing_server_account();
/// Gives a file or folder to the account that servers run as.
void give_to_server_account(const std::filesystem::path& path);
/// A new folder of that account, in this one or (empty) in that of temporary files.
std::filesystem::path new_server_folder(const std::filesystem::path& in);
/// A port of 127.0.0.1 that nobody listens on, for servers that can't choose one themselves.
std::string free_port();

/// How a program differs from most servers.
struct server_process_options {
  int ended_by = 0;         ///< the signal that ends it; 0: SIGQUIT, which a Java program takes for a question
  bool own_account = false; ///< runs as the user of the tests, be it root
};

/// A program that was started; killed at the end.
class server_process {
public:
  server_process() = default;
  /// `folder` is its working directory. Throws std::runtime_error.
  server_process(const std::vector<std::string>& command, const std::filesystem::path& folder,
                 const server_process_options& options = {});
  ~server_process();
  server_process(server_process&& other) noexcept;
  server_process& operator=(server_process&& other) noexcept;

  /// Returns when its output has this text; throws std::runtime_error with the output when it ends before.
  void wait_until_it_says(const std::string& text);
  /// Waits for its end by itself; throws std::runtime_error with its output unless it was a success.
  void wait();
  /// Sends the signal and waits until it and all that hold its output are gone.
  void end(int signal);
  pid_t pid() const { return pid_; }
  /// False: it ended by itself.
  bool runs() const;

private:
  /// Reads until the text appears (true) or the end (false).
  bool read_until(const std::string& wanted, std::string& seen) const;

  std::string name_;
  server_process_options options_;
  pid_t pid_ = 0;
  int output_ = -1;
};

} // namespace wheelwork
