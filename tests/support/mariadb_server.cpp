#include "tests/support/mariadb_server.hpp"

#include <mysql.h>

#include <csignal>
#include <stdexcept>

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
                                                    "--skip-name-resolve",
                                                    "--skip-log-bin"};

std::string why_no_mariadb() {
  if (!std::filesystem::exists(program) || !std::filesystem::exists(installer))
    return "MariaDB is not installed (package mariadb-server)";
  return missing_server_account();
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
  static const std::string reason = why_no_mariadb();
  return reason;
}

mariadb_server& mariadb_server::of_process() {
  static mariadb_server server;
  return server;
}

mariadb_server::mariadb_server(mariadb_server_options options) : options_{std::move(options)} {
  if (!missing().empty()) throw std::runtime_error{missing()};
  folder_ = new_server_folder(options_.disk);
  std::filesystem::create_directory(temporary());
  give_to_server_account(temporary());
  server_process{{"/bin/sh", installer, "--no-defaults", "--datadir=" + (folder_ / "data").string(),
                  "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
                  "--innodb-log-file-size=32M", "--tmpdir=" + temporary().string()},
                 folder_}
      .wait();
  if (options_.port || options_.tls) port_ = free_port();
  if (options_.tls) make_certificate();
  start();
  execute("create database wheelwork", "mysql");
}

mariadb_server::~mariadb_server() {
  if (process_.pid() > 0) process_.end(SIGKILL); // nothing of it is kept
  std::error_code ignored;                       // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void mariadb_server::make_certificate() {
  server_process{{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                  "-keyout", folder_ / "server.key", "-out", certificate(), "-days", "2", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"},
                 folder_}
      .wait();
  options_.settings.push_back("--ssl-cert=" + certificate().string());
  options_.settings.push_back("--ssl-key=" + (folder_ / "server.key").string());
}

void mariadb_server::start() {
  std::vector<std::string> command{program,
                                   "--no-defaults",
                                   "--datadir=" + (folder_ / "data").string(),
                                   "--socket=" + socket().string(),
                                   "--pid-file=" + (folder_ / "pid").string(),
                                   "--tmpdir=" + temporary().string()};
  command.insert(command.end(), settings_of_tests.begin(), settings_of_tests.end());
  if (port_.empty()) {
    command.emplace_back("--skip-networking");
  } else {
    command.emplace_back("--bind-address=127.0.0.1");
    command.push_back("--port=" + port_);
  }
  command.insert(command.end(), options_.settings.begin(), options_.settings.end());
  process_ = server_process{command, folder_};
  process_.wait_until_it_says("ready for connections");
}

void mariadb_server::signal_all(int number) const { ::kill(pid(), number); }

void mariadb_server::crash() { process_.end(SIGKILL); }

std::string mariadb_server::url_of(const std::string& user, const std::string& password,
                                   const std::string& database) const {
  return "mysql://" + user + (password.empty() ? "" : ":" + password) + "@/" + database +
         "?socket=" + socket().string();
}

std::string mariadb_server::port_url(const std::string& parameters, const std::string& database) const {
  return "mysql://root@127.0.0.1:" + port_ + "/" + database + (parameters.empty() ? "" : "?" + parameters);
}

std::string mariadb_server::new_database() {
  std::string name = "test_" + std::to_string(++databases_);
  execute("create database " + name);
  return name;
}

} // namespace wheelwork
