#include "tests/support/postgres_server.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

namespace {

constexpr char superuser[] = "wheelwork";
constexpr char settings_of_server[] = R"(
listen_addresses = ''
fsync = off
autovacuum = off
max_connections = 60
lc_messages = 'C'
log_min_messages = log
log_checkpoints = off
)";
// The superuser and roles without a password come in; all others must give theirs.
constexpr char rules_of_access[] = R"(
local all wheelwork trust
local all all scram-sha-256
)";

std::optional<std::filesystem::path> programs_folder() {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql", none})
    if (std::filesystem::exists(version.path() / "bin/postgres")) found.push_back(version.path() / "bin");
  if (found.empty()) return std::nullopt;
  return *std::max_element(found.begin(), found.end());
}

struct account {
  uid_t user;
  gid_t group;
};

/// PostgreSQL refuses to run as root.
std::optional<account> account_of_server() {
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
pid_t spawn(const std::vector<std::string>& command, int output, const std::filesystem::path& folder) {
  std::vector<char*> arguments;
  for (const std::string& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  const auto as = account_of_server();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"no process for " + command[0]};
  if (child > 0) return child;
  give_up_root(*as); // before the next line: a change of user would take it back
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
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

/// Reads until the text appears (true) or the end (false).
bool read_until(int from, const std::string& wanted, std::string& seen) {
  char bytes[4096];
  for (;;) {
    if (!wanted.empty() && seen.find(wanted) != std::string::npos) return true;
    const ssize_t got = ::read(from, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    seen.append(bytes, static_cast<size_t>(got));
  }
}

void open_pipe(int (&ends)[2]) {
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe for the server's log"};
}

std::string why_missing() {
  if (!programs_folder()) return "PostgreSQL is not installed (package postgresql)";
  if (!account_of_server()) return "PostgreSQL does not run as root, and there is no user postgres or nobody";
  return {};
}

} // namespace

const std::string& postgres_server::missing() {
  static const std::string reason = why_missing();
  return reason;
}

postgres_server& postgres_server::of_process() {
  static postgres_server server;
  return server;
}

postgres_server::postgres_server() {
  if (!missing().empty()) throw std::runtime_error{missing()};
  std::string name = (std::filesystem::temp_directory_path() / "wheelwork-pg-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the server: " + name};
  folder_ = name;
  const auto as = account_of_server();
  if (::geteuid() == 0 && ::chown(name.c_str(), as->user, as->group) != 0)
    throw std::runtime_error{"the folder can't be given to the server's user: " + name};
  run_initdb();
  start();
}

postgres_server::~postgres_server() {
  if (pid_ > 0) {
    ::kill(pid_, SIGCONT);
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
  }
  if (log_ >= 0) ::close(log_);
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void postgres_server::run_initdb() {
  int ends[2];
  open_pipe(ends);
  const pid_t child = spawn({*programs_folder() / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8",
                             "--locale=C", std::string{"--username="} + superuser, "-D", folder_ / "data"},
                            ends[1], folder_);
  ::close(ends[1]);
  std::string said;
  read_until(ends[0], {}, said);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error{"initdb failed: " + said};
  std::ofstream{folder_ / "data/postgresql.conf", std::ios::app} << settings_of_server;
  std::ofstream{folder_ / "data/pg_hba.conf"} << rules_of_access;
}

void postgres_server::start() {
  int ends[2];
  open_pipe(ends);
  const std::string socket_folder = "unix_socket_directories=" + folder_.string();
  pid_ = spawn({*programs_folder() / "postgres", "-D", folder_ / "data", "-c", socket_folder}, ends[1], folder_);
  ::close(ends[1]);
  if (log_ >= 0) ::close(log_);
  log_ = ends[0];
  std::string said;
  if (!read_until(log_, "ready to accept connections", said))
    throw std::runtime_error{"the server did not start: " + said};
  // Few lines follow (errors of statements are not logged), so the pipe takes them all without being read.
}

void postgres_server::crash() {
  // Children of a killed server notice and end; its shared memory is taken over by the next start.
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  std::string said;
  read_until(log_, {}, said); // until the last process that holds the log is gone
}

std::string postgres_server::url(const std::string& database) const { return url_of(superuser, {}, database); }

std::string postgres_server::url_of(const std::string& user, const std::string& password,
                                    const std::string& database) const {
  return "postgres://" + user + (password.empty() ? "" : ":" + password) + "@/" + database +
         "?host=" + folder_.string();
}

void postgres_server::execute(const std::string& sql, const std::string& database) const {
  pqxx::connection shell{url(database)};
  pqxx::quiet_errorhandler quiet{shell};
  pqxx::nontransaction{shell}.exec(sql);
}

std::string postgres_server::value(const std::string& sql, const std::string& database) const {
  pqxx::connection shell{url(database)};
  const pqxx::result rows = pqxx::nontransaction{shell}.exec(sql);
  return rows.empty() ? std::string{} : rows[0][0].c_str();
}

std::string postgres_server::new_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  execute("create database " + name);
  return name;
}

} // namespace wheelwork
