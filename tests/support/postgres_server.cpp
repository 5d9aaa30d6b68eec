#include "tests/support/postgres_server.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <vector>

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

std::string why_no_postgres() {
  if (!programs_folder()) return "PostgreSQL is not installed (package postgresql)";
  return missing_server_account();
}

} // namespace

const std::string& postgres_server::missing() {
  static const std::string reason = why_no_postgres();
  return reason;
}

postgres_server& postgres_server::of_process() {
  static postgres_server server;
  return server;
}

postgres_server::postgres_server(const postgres_server_options& options) {
  if (!missing().empty()) throw std::runtime_error{missing()};
  folder_ = new_server_folder(options.disk);
  run_initdb(options);
  start();
}

postgres_server::~postgres_server() {
  process_ = {};
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void postgres_server::run_initdb(const postgres_server_options& options) {
  server_process{{*programs_folder() / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C",
                  std::string{"--username="} + superuser, "-D", folder_ / "data"},
                 folder_}
      .wait();
  std::ofstream settings{folder_ / "data/postgresql.conf", std::ios::app};
  std::ofstream access{folder_ / "data/pg_hba.conf"};
  settings << settings_of_server << options.settings << '\n';
  access << rules_of_access;
  if (!options.port && !options.tls) return;
  port_ = free_port();
  settings << "listen_addresses = '127.0.0.1'\nport = " << port_ << '\n';
  access << (options.tls ? "hostssl" : "host") << " all wheelwork 127.0.0.1/32 trust\n";
  if (!options.tls) return;
  make_certificate();
  settings << "ssl = on\nssl_cert_file = '" << certificate().string() << "'\nssl_key_file = '"
           << (folder_ / "server.key").string() << "'\n";
}

void postgres_server::make_certificate() {
  server_process{{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                  "-keyout", folder_ / "server.key", "-out", certificate(), "-days", "2", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"},
                 folder_}
      .wait();
}

void postgres_server::start() {
  const std::string socket_folder = "unix_socket_directories=" + folder_.string();
  process_ = server_process{{*programs_folder() / "postgres", "-D", folder_ / "data", "-c", socket_folder}, folder_};
  process_.wait_until_it_says("ready to accept connections"); // errors of statements are not logged
}

void postgres_server::crash() {
  // Children of a killed server notice and end; its shared memory is taken over by the next start.
  process_.end(SIGKILL);
}

std::string postgres_server::url(const std::string& database) const { return url_of(superuser, {}, database); }

std::string postgres_server::url_of(const std::string& user, const std::string& password,
                                    const std::string& database) const {
  return "postgres://" + user + (password.empty() ? "" : ":" + password) + "@/" + database +
         "?host=" + folder_.string() + (port_.empty() ? "" : "&port=" + port_);
}

std::string postgres_server::port_url(const std::string& parameters, const std::string& database) const {
  return std::string{"postgres://"} + superuser + "@127.0.0.1:" + port_ + "/" + database + "?" + parameters;
}

std::string postgres_server::proxy_url(int port, const std::string& database) {
  return std::string{"postgres://"} + superuser + "@127.0.0.1:" + std::to_string(port) + "/" + database;
}

std::filesystem::path postgres_server::socket() const {
  return folder_ / (".s.PGSQL." + (port_.empty() ? std::string{"5432"} : port_));
}

void postgres_server::signal_all(int number) const {
  ::kill(pid(), number);
  const std::string process = "/proc/" + std::to_string(pid());
  std::ifstream children{process + "/task/" + std::to_string(pid()) + "/children"};
  for (pid_t child = 0; children >> child;) ::kill(child, number);
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
  std::string name = "test_" + std::to_string(++databases_);
  execute("create database " + name);
  return name;
}

} // namespace wheelwork
