#include "tests/support/postgres_server.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <vector>

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

/// PostgreSQL refuses to run as root.
std::optional<server_process::account> account_of_server() {
  return server_process::account_for({"postgres", "nobody"});
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
  folder_ = server_process::make_folder("pg", *account_of_server());
  run_initdb();
  start();
}

postgres_server::~postgres_server() {
  if (pid_ > 0) {
    ::kill(pid_, SIGCONT);
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void postgres_server::run_initdb() {
  server_process::run({*programs_folder() / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C",
                       std::string{"--username="} + superuser, "-D", folder_ / "data"},
                      folder_, *account_of_server());
  std::ofstream{folder_ / "data/postgresql.conf", std::ios::app} << settings_of_server;
  std::ofstream{folder_ / "data/pg_hba.conf"} << rules_of_access;
}

void postgres_server::start() {
  const int output = log_.open();
  const std::string socket_folder = "unix_socket_directories=" + folder_.string();
  pid_ = server_process::spawn({*programs_folder() / "postgres", "-D", folder_ / "data", "-c", socket_folder}, output,
                               folder_, *account_of_server(), SIGQUIT);
  ::close(output);
  std::string said;
  if (!log_.read_until("ready to accept connections", said))
    throw std::runtime_error{"the server did not start: " + said};
  // Few lines follow (errors of statements are not logged), so the pipe takes them all without being read.
}

void postgres_server::crash() {
  // Children of a killed server notice and end; its shared memory is taken over by the next start.
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  std::string said;
  log_.read_until({}, said); // until the last process that holds the log is gone
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
