#include "tests/support/server_process.hpp"

#include <cerrno>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

namespace {

struct account {
  uid_t user;
  gid_t group;
};

std::optional<account> account_of_servers() {
  if (::geteuid() != 0) return account{::geteuid(), ::getegid()};
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* found = ::getpwnam(name)) return account{found->pw_uid, found->pw_gid};
  return std::nullopt;
}

void give_up_root(const account& as) {
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(as.group) != 0 || ::setuid(as.user) != 0) ::_exit(126);
}

/// Its output goes to the descriptor. The process ends with this one.
pid_t spawn(const std::vector<std::string>& command, int output, const std::filesystem::path& folder,
            const server_process_options& options) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  const auto as = account_of_servers();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"no process for " + command[0]};
  if (child > 0) return child;
  if (as && !options.own_account) give_up_root(*as); // before the next line: a change of user would take it back
  ::prctl(PR_SET_PDEATHSIG, options.ended_by);
  if (::getppid() != parent) ::_exit(126);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::setsid(); // a Ctrl-C at the tests is not for the server, which ends with them
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

} // namespace

const std::string& missing_server_account() {
  static const std::string reason =
      account_of_servers() ? "" : "servers do not run as root, and there is no user postgres or nobody";
  return reason;
}

void give_to_server_account(const std::filesystem::path& path) {
  if (::geteuid() != 0) return;
  const auto as = account_of_servers();
  if (!as || ::chown(path.c_str(), as->user, as->group) != 0)
    throw std::runtime_error{"it can't be given to the user of servers: " + path.string()};
}

std::filesystem::path new_server_folder(const std::filesystem::path& in) {
  std::string name = ((in.empty() ? std::filesystem::temp_directory_path() : in) / "wheelwork-db-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the server: " + name};
  give_to_server_account(name);
  return name;
}

std::string free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof place;
  auto* const address = reinterpret_cast<sockaddr*>(&place);
  const bool found = ::bind(probe, address, size) == 0 && ::getsockname(probe, address, &size) == 0;
  ::close(probe);
  if (!found) throw std::runtime_error{"there is no free port on 127.0.0.1"};
  return std::to_string(ntohs(place.sin_port));
}

server_process::server_process(const std::vector<std::string>& command, const std::filesystem::path& folder,
                               const server_process_options& options)
    : name_{command.at(0)}, options_{options} {
  if (options_.ended_by == 0) options_.ended_by = SIGQUIT;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe for the output of " + name_};
  output_ = ends[0];
  try {
    pid_ = spawn(command, ends[1], folder, options_);
  } catch (...) {
    ::close(ends[0]);
    ::close(ends[1]);
    throw;
  }
  ::close(ends[1]);
}

server_process::~server_process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGCONT);
    ::kill(pid_, options_.ended_by);
    ::waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
}

server_process::server_process(server_process&& other) noexcept
    : name_{std::move(other.name_)}, options_{other.options_}, pid_{std::exchange(other.pid_, 0)},
      output_{std::exchange(other.output_, -1)} {}

server_process& server_process::operator=(server_process&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(options_, other.options_);
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  return *this;
}

bool server_process::read_until(const std::string& wanted, std::string& seen) const {
  char bytes[4096];
  for (;;) {
    if (!wanted.empty() && seen.find(wanted) != std::string::npos) return true;
    const ssize_t got = ::read(output_, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    seen.append(bytes, static_cast<size_t>(got));
  }
}

void server_process::wait_until_it_says(const std::string& text) {
  std::string said;
  if (!read_until(text, said)) throw std::runtime_error{name_ + " did not start: " + said};
  // Few lines follow, so the pipe takes them all without being read.
}

void server_process::wait() {
  std::string said;
  read_until({}, said);
  int status = 0;
  ::waitpid(std::exchange(pid_, 0), &status, 0);
  if (status != 0) throw std::runtime_error{name_ + " failed: " + said};
}

bool server_process::runs() const {
  siginfo_t ended{};
  return pid_ > 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

void server_process::end(int signal) {
  ::kill(pid_, signal);
  ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  std::string said;
  read_until({}, said);
}

} // namespace wheelwork
