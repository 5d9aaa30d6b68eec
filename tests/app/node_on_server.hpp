// Nodes on a database server of the test's own, with the books.
#pragma once

#include "tests/app/books.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"

#include <chrono>
#include <random>

namespace wheelwork::app_test {

/// A server of one test, with a database in it.
class faulty_server {
public:
  virtual ~faulty_server() = default;
  virtual std::string url() const = 0;
  virtual std::string proxy_url(int port) const = 0;
  virtual std::filesystem::path socket() const = 0;
  virtual void signal_all(int number) const = 0;
  virtual bool runs() const = 0;
  virtual void crash() = 0;
  virtual void start() = 0;
  virtual std::string value(const std::string& sql) const = 0;
};

template <class Server, class Options>
class server_with_database final : public faulty_server {
public:
  explicit server_with_database(const Options& with) : server_{with} {}
  std::string url() const override { return server_.url(database_); }
  std::string proxy_url(int port) const override { return Server::proxy_url(port, database_); }
  std::filesystem::path socket() const override { return server_.socket(); }
  void signal_all(int number) const override { server_.signal_all(number); }
  bool runs() const override { return server_.runs(); }
  void crash() override { server_.crash(); }
  void start() override { server_.start(); }
  std::string value(const std::string& sql) const override { return server_.value(sql, database_); }

private:
  Server server_;
  std::string database_ = server_.new_database();
};

struct kind_of_server {
  std::string name;
  const std::string& (*missing)();
  /// `disk`: folder in which all of it is; empty: that of temporary files.
  std::unique_ptr<faulty_server> (*make)(const std::filesystem::path& disk);
};
inline std::ostream& operator<<(std::ostream& out, const kind_of_server& any) { return out << any.name; }

std::vector<kind_of_server> kinds_of_server();

class node_on_server : public books, public testing::WithParamInterface<kind_of_server> {
protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    server = GetParam().make(disk());
  }
  /// Where the server is to be.
  virtual std::filesystem::path disk() { return {}; }

  std::unique_ptr<node_process> make_node(const std::string& name, const std::string& url) {
    const auto own = folder.path() / name;
    create_directory(own);
    auto made = std::make_unique<node_process>(own, may_make_folders);
    settings_of[made.get()] = {"node.name=" + name, "database.url=" + url};
    return made;
  }
  void start(node_process& node) { node.start(settings_of[&node]); }

  std::chrono::milliseconds up_to(int most) {
    return std::chrono::milliseconds{std::uniform_int_distribution<int>{0, most}(random)};
  }

  /// What the tables must say when everything has ended.
  void nothing_is_left_over() {
    EXPECT_EQ(server->value("select count(*) from ww_job"), "0") << "live rows";
    EXPECT_EQ(server->value("select count(*) - count(distinct id) from ww_job_history"), "0");
    EXPECT_EQ(server->value("select count(*) from (select task, fire_time from ww_job_history where origin = 1 "
                            "group by task, fire_time having count(*) > 1) twice"),
              "0");
  }

  const unsigned long seed = setting("WHEELWORK_CRASH_SEED", std::random_device{}());
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  std::unique_ptr<faulty_server> server;
  std::map<node_process*, std::vector<std::string>> settings_of;
};

} // namespace wheelwork::app_test
