#include "tests/app/node_on_server.hpp"

namespace wheelwork::app_test {

namespace {

template <class Server, class Options>
kind_of_server kind(const std::string& name) {
  return {name, &Server::missing, [](const std::filesystem::path& disk) {
            Options with;
            with.disk = disk;
            return std::unique_ptr<faulty_server>{std::make_unique<server_with_database<Server, Options>>(with)};
          }};
}

} // namespace

std::vector<kind_of_server> kinds_of_server() {
  return {kind<postgres_server, postgres_server_options>("PostgreSQL"),
          kind<mariadb_server, mariadb_server_options>("MariaDB")};
}

} // namespace wheelwork::app_test
