#include "tests/support/server_process.hpp"

#include <cerrno>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork::server_process {

namespace {

void give_up_root(const account& as) {
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(as.group) != 0 || ::setuid(as.user) != 0) ::_exit(126);
}

} // namespace

std::optional<account> account_for(const std::vector<std::string>& names) {
  if (::geteuid() != 0) return account{::geteuid(), ::getegid()};
  for (const std::string& name : names)
    if (const passwd* found = ::getpwnam(name.c_str())) return account{found->pw_uid, found->pw_gid};
  return std::nullopt;
}

std::filesystem::path make_folder(const std::string& name, const account& owner) {
  std::string made = (std::filesystem::temp_directory_path() / ("wheelwork-" + name + "-XXXXXX")).string();
  if (!::mkdtemp(made.data())) throw std::runtime_error{"no folder for the server: " + made};
  if (::geteuid() == 0 && ::chown(made.c_str(), owner.user, owner.group) != 0)
    throw std::runtime_error{"the folder can't be given to the server's user: " + made};
  return made;
}

int log_pipe::open() {
  close();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe for the server's log"};
  from_ = ends[0];
  return ends[1];
}

void log_pipe::close() {
  if (from_ >= 0) ::close(from_);
  from_ = -1;
}

bool log_pipe::read_until(const std::string& wanted, std::string& seen) {
  char bytes[4096];
  for (;;) {
    if (!wanted.empty() && seen.find(wanted) != std::string::npos) return true;
    const ssize_t got = ::read(from_, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    seen.append(bytes, static_cast<size_t>(got));
  }
}

pid_t spawn(const std::vector<std::string>& command, int output, const std::filesystem::path& folder, const account& as,
            int signal_at_end) {
  std::vector<char*> arguments;
  for (const std::string& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"no process for " + command[0]};
  if (child > 0) return child;
  give_up_root(as); // before the next line: a change of user would take it back
  ::prctl(PR_SET_PDEATHSIG, signal_at_end);
  if (::getppid() != parent) ::_exit(126);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::setsid(); // a Ctrl-C at the tests is not for the server, which ends with them
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

void run(const std::vector<std::string>& command, const std::filesystem::path& folder, const account& as) {
  log_pipe log;
  const int output = log.open();
  const pid_t child = spawn(command, output, folder, as, SIGKILL);
  ::close(output);
  std::string said;
  log.read_until({}, said);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error{command[0] + " failed: " + said};
}

} // namespace wheelwork::server_process
