#include "tests/targets/openssl_server.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace wheelwork::target_test {

namespace {

/// Starts it with its output in `output` (none: thrown away). -1: there is no such program.
pid_t spawn(std::vector<std::string> command, int output = -1) {
  std::vector<char*> arguments;
  for (auto& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (output >= 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  else
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) child = -1;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

bool succeeds(std::vector<std::string> command) {
  const auto child = spawn(std::move(command));
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

} // namespace

bool openssl_server::is_installed() { return succeeds({"openssl", "version"}); }

openssl_server::openssl_server() {
  std::string folder = (std::filesystem::temp_directory_path() / "wheelwork-tls-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error{"no folder for a certificate"};
  folder_ = folder;
  const auto key = key_file();
  if (!succeeds({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-keyout", key, "-out", certificate_file(), "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                 "subjectAltName=IP:127.0.0.1"}))
    throw std::runtime_error{"openssl made no certificate"};
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  server_ =
      spawn({"openssl", "s_server", "-4", "-accept", "127.0.0.1:0", "-cert", certificate_file(), "-key", key, "-www"},
            ends[1]);
  close(ends[1]);
  output_ = ends[0];
  // It tells its port in a line "ACCEPT 127.0.0.1:PORT".
  std::string told;
  for (char c = 0; port_.empty() && read(output_, &c, 1) == 1;) {
    told += c;
    if (c != '\n') continue;
    if (told.starts_with("ACCEPT ")) port_ = told.substr(told.rfind(':') + 1, told.size() - told.rfind(':') - 2);
    told.clear();
  }
  if (port_.empty()) throw std::runtime_error{"openssl s_server did not start"};
}

openssl_server::~openssl_server() {
  kill(server_, SIGKILL);
  waitpid(server_, nullptr, 0);
  close(output_);
  std::filesystem::remove_all(folder_);
}

} // namespace wheelwork::target_test
