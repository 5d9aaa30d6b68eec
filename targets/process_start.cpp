#include "targets/process_start.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

namespace {

struct account {
  std::string name, home;
  uid_t user = 0;
  gid_t group = 0;
};

/// By name, or by number where the text is one.
result<account, std::string> find_account(const std::string& user) {
  errno = 0;
  const passwd* entry = ::getpwnam(user.c_str());
  if (!entry) {
    uid_t number = 0;
    auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), number);
    if (error == std::errc{} && end == user.data() + user.size()) entry = ::getpwuid(number);
  }
  if (!entry) return failure("the user `" + user + "` does not exist on this node");
  return account{entry->pw_name, entry->pw_dir, entry->pw_uid, entry->pw_gid};
}

/// None: the command runs as the node does.
result<std::optional<account>, std::string> account_to_become(const process_order& order) {
  if (order.user.empty()) return std::optional<account>{};
  auto found = find_account(order.user);
  if (!found) return failure(std::move(found.error()));
  if (::geteuid() != 0 && found->user != ::geteuid())
    return failure("only a node that runs as root can start commands as user `" + order.user +
                   "`; this one runs with uid " + std::to_string(::geteuid()));
  return std::optional<account>{std::move(*found)};
}

/// What the new process did when something failed, told through a pipe that closes when the program starts.
enum class start_step : int { streams, session, user, directory, execute };

struct start_fault {
  start_step step;
  int error;
};

[[noreturn]] void give_up(int report, start_step step) {
  start_fault fault{step, errno};
  (void)!::write(report, &fault, sizeof fault);
  ::_exit(127);
}

void become(const account& who, int report) {
  if (::geteuid() != 0) return;
  if (::initgroups(who.name.c_str(), who.group) != 0 || ::setgid(who.group) != 0 || ::setuid(who.user) != 0)
    give_up(report, start_step::user);
}

void connect_streams(int input, int output, int report) {
  descriptor nothing;
  if (input < 0) {
    nothing = descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    input = nothing.get();
  }
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0)
    give_up(report, start_step::streams);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void become_command(process_order& order, const std::optional<account>& who, int input, int output,
                                 int report, pid_t helper) {
  connect_streams(input, output, report);
  if (::setsid() < 0) give_up(report, start_step::session);
  rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::umask(022);
  if (who) become(*who, report);
  if (::chdir(order.directory.c_str()) != 0) give_up(report, start_step::directory);
  // A helper that is killed takes its command along. Set after the change of user, which clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != helper) ::_exit(127);
  auto arguments = pointers(order.arguments);
  auto environment = pointers(order.environment);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(order.executable.c_str(), arguments.data(), environment.data());
  give_up(report, start_step::execute);
}

std::string text_of(const start_fault& fault, const process_order& order) {
  const std::string command = "the command `" + order.executable + "`";
  switch (fault.step) {
  case start_step::streams: return "could not connect the streams of " + command + ": " + system_text(fault.error);
  case start_step::session: return "could not make a session for " + command + ": " + system_text(fault.error);
  case start_step::user: return "could not become user `" + order.user + "`: " + system_text(fault.error);
  case start_step::directory: return "cwd `" + order.directory + "`: " + system_text(fault.error);
  case start_step::execute: break;
  }
  switch (fault.error) {
  case ENOENT:
    if (::access(order.executable.c_str(), F_OK) == 0)
      return command +
             " can't be started: the interpreter that it names (in its #! line or as its loader) does not exist";
    return command + " does not exist";
  case EACCES:
    return command + " is not executable for " + (order.user.empty() ? "the node" : "user `" + order.user + "`");
  case ENOEXEC: return command + " is not executable: it is no program, and a script needs a #! line";
  default: return command + " could not be started: " + system_text(fault.error);
  }
}

} // namespace

result<pid_t, std::string> start_command(process_order order, int input, int output) {
  auto who = account_to_become(order);
  if (!who) return failure(std::move(who.error()));
  if (order.home_of_user && *who) order.environment.push_back("HOME=" + (*who)->home);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("could not make a pipe: " + system_text(errno));
  descriptor reading{ends[0]}, writing{ends[1]};
  pid_t helper = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return failure("could not start a process: " + system_text(errno));
  if (pid == 0) become_command(order, *who, input, output, writing.get(), helper);
  writing.close();
  start_fault fault{};
  ssize_t count = 0;
  do count = ::read(reading.get(), &fault, sizeof fault);
  while (count < 0 && errno == EINTR);
  if (count == 0) return pid; // closed by execve, or by a death that the caller sees as the command's end
  ::waitpid(pid, nullptr, 0);
  if (count != sizeof fault) return failure(std::string{"could not learn whether the command started"});
  return failure(text_of(fault, order));
}

} // namespace wheelwork
