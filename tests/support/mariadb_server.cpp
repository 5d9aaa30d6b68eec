#include "tests/support/mariadb_server.hpp"

#include <mysql.h>

#include <csignal>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

namespace {

constexpr char installer[] = "/usr/bin/mariadb-install-db", program[] = "/usr/sbin/mariadbd";

// A commit reaches the operating system but not the disk: it is safe where only the server is killed.
const std::vector<std::string> settings_of_tests = {"--innodb-flush-log-at-trx-commit=2",
                                                    "--innodb-doublewrite=0",
                                                    "--innodb-buffer-pool-size=64M",
                                                    "--innodb-log-file-size=32M",
                                                    "--performance-schema=OFF",
                                                    "--max-connections=60",
                                                    "--skip-networking",
                                                    "--skip-name-resolve",
                                                    "--skip-log-bin"};

/// MariaDB refuses to run as root.
std::optional<server_process::account> account_of_server() { return server_process::account_for({"mysql", "nobody"}); }

std::string why_missing() {
  if (!std::filesystem::exists(program) || !std::filesystem::exists(installer))
    return "MariaDB is not installed (package mariadb-server)";
  if (!account_of_server()) return "MariaDB does not run as root, and there is no user mysql or nobody";
  return {};
}

} // namespace

void mariadb_session::close::operator()(st_mysql* handle) const { mysql_close(handle); }

mariadb_session::mariadb_session(const std::filesystem::path& socket, const std::string& database)
    : handle_{mysql_init(nullptr)} {
  if (!mysql_real_connect(handle_.get(), nullptr, "root", "", database.c_str(), 0, socket.c_str(),
                          CLIENT_MULTI_STATEMENTS))
    throw std::runtime_error{mysql_error(handle_.get())};
}

void mariadb_session::execute(const std::string& sql) { value(sql); }

std::string mariadb_session::value(const std::string& sql) {
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0)
    throw std::runtime_error{mysql_error(handle_.get())};
  std::string found;
  for (int next = 0; next == 0; next = mysql_next_result(handle_.get())) {
    st_mysql_res* const rows = mysql_store_result(handle_.get());
    if (!rows) continue;
    const auto row = mysql_fetch_row(rows);
    found = row && row[0] ? row[0] : "";
    mysql_free_result(rows);
  }
  if (mysql_errno(handle_.get()) != 0) throw std::runtime_error{mysql_error(handle_.get())};
  return found;
}

const std::string& mariadb_server::missing() {
  static const std::string reason = why_missing();
  return reason;
}

mariadb_server& mariadb_server::of_process() {
  static mariadb_server server;
  return server;
}

mariadb_server::mariadb_server(std::vector<std::string> settings) : settings_{std::move(settings)} {
  if (!missing().empty()) throw std::runtime_error{missing()};
  const auto as = *account_of_server();
  folder_ = server_process::make_folder("my", as);
  server_process::run({"/bin/sh", installer, "--no-defaults", "--datadir=" + (folder_ / "data").string(),
                       "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
                       "--innodb-log-file-size=32M"},
                      folder_, as);
  start();
  session("mysql").execute("create database wheelwork");
}

mariadb_server::~mariadb_server() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL); // nothing of it is kept
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void mariadb_server::start() {
  std::vector<std::string> command{program, "--no-defaults", "--datadir=" + (folder_ / "data").string(),
                                   "--socket=" + socket().string(), "--pid-file=" + (folder_ / "pid").string()};
  command.insert(command.end(), settings_of_tests.begin(), settings_of_tests.end());
  command.insert(command.end(), settings_.begin(), settings_.end());
  const int output = log_.open();
  pid_ = server_process::spawn(command, output, folder_, *account_of_server(), SIGKILL);
  ::close(output);
  std::string said;
  if (!log_.read_until("ready for connections", said)) throw std::runtime_error{"the server did not start: " + said};
  // Few lines follow, so the pipe takes them all without being read.
}

void mariadb_server::crash() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string mariadb_server::url_of(const std::string& user, const std::string& password,
                                   const std::string& database) const {
  return "mysql://" + user + (password.empty() ? "" : ":" + password) + "@/" + database +
         "?socket=" + socket().string();
}

} // namespace wheelwork
