#include "tests/support/pgbouncer.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace wheelwork {

namespace {

constexpr char pgbouncer_program[] = "/usr/sbin/pgbouncer";

} // namespace

const std::string& pgbouncer::missing() {
  static const std::string reason = std::filesystem::exists(pgbouncer_program)
                                        ? postgres_server::missing()
                                        : std::string{"pgbouncer is not installed (package pgbouncer)"};
  return reason;
}

pgbouncer::pgbouncer(const postgres_server& server, int sessions) {
  if (!missing().empty()) throw std::runtime_error{missing()};
  std::string name = (std::filesystem::temp_directory_path() / "wheelwork-pool-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the pooler: " + name};
  folder_ = name;
  give_to_server_account(folder_);
  std::ofstream{folder_ / "users"} << "\"wheelwork\" \"\"\n";
  // Reached by a Unix socket in the folder, so that the port is only part of its name.
  std::ofstream{folder_ / "settings"} << "[databases]\n* = host=" << server.folder().string()
                                      << "\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = "
                                      << folder_.string()
                                      << "\nauth_type = trust\nauth_file = " << (folder_ / "users").string()
                                      << "\npool_mode = transaction\nmax_client_conn = 100\ndefault_pool_size = "
                                      << sessions << "\nserver_lifetime = 3600\n";
  process_ = server_process{{pgbouncer_program, folder_ / "settings"}, folder_};
  process_.wait_until_it_says("process up");
}

pgbouncer::~pgbouncer() {
  process_ = {};
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

std::string pgbouncer::url(const std::string& database) const {
  return "postgres://wheelwork@/" + database + "?host=" + folder_.string() + "&port=6432";
}

} // namespace wheelwork
