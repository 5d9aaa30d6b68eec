// Nodes on a database server while that server is killed, hangs or is cut off, and while nodes hang and take over from
// each other. Then the books.
#include "tests/app/books.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"

#include <csignal>
#include <fstream>
#include <random>
#include <thread>

namespace wheelwork::app_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A server of one test, with a database in it.
class faulty_server {
public:
  virtual ~faulty_server() = default;
  virtual std::string url() const = 0;
  virtual std::string proxy_url(int port) const = 0;
  virtual std::filesystem::path socket() const = 0;
  virtual void signal_all(int number) const = 0;
  virtual void crash() = 0;
  virtual void start() = 0;
  virtual std::string value(const std::string& sql) const = 0;
};

template <class Server>
class server_with_database final : public faulty_server {
public:
  std::string url() const override { return server_.url(database_); }
  std::string proxy_url(int port) const override { return Server::proxy_url(port, database_); }
  std::filesystem::path socket() const override { return server_.socket(); }
  void signal_all(int number) const override { server_.signal_all(number); }
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
  std::unique_ptr<faulty_server> (*make)();
};
std::ostream& operator<<(std::ostream& out, const kind_of_server& any) { return out << any.name; }

template <class Server>
kind_of_server kind(const std::string& name) {
  return {name, &Server::missing,
          [] { return std::unique_ptr<faulty_server>{std::make_unique<server_with_database<Server>>()}; }};
}

class database_faults : public books, public testing::WithParamInterface<kind_of_server> {
protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    server = GetParam().make();
  }

  std::unique_ptr<node_process> make_node(const std::string& name, const std::string& url) {
    const auto own = folder.path() / name;
    create_directory(own);
    auto made = std::make_unique<node_process>(own, may_make_folders);
    settings_of[made.get()] = {"node.name=" + name, "database.url=" + url};
    return made;
  }
  void start(node_process& node) { node.start(settings_of[&node]); }

  milliseconds up_to(int most) { return milliseconds{std::uniform_int_distribution<int>{0, most}(random)}; }

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

TEST_P(database_faults, a_server_that_is_killed_again_and_again_loses_nothing) {
  SCOPED_TRACE("WHEELWORK_CRASH_SEED=" + std::to_string(seed));
  const auto node = make_node("node", server->url());
  start(*node);
  open(*node);
  for (unsigned long round = 0; round < setting("WHEELWORK_DATABASE_CRASH_ROUNDS", 20); ++round) {
    std::jthread pushing{[&](const std::stop_token& stop) { pusher.run(*node, 100, stop); }};
    ASSERT_TRUE(node->runs_on_for(up_to(300))) << node->log();
    server->crash();
    ASSERT_TRUE(node->runs_on_for(up_to(200))) << node->log();
    server->start();
    ASSERT_TRUE(node->eventually([&] { return node->request("GET", "/readyz").status == 200; })) << node->log();
  }
  close(*node);
  EXPECT_EQ(node->terminate(), 0);
  nothing_is_left_over();
}

TEST_P(database_faults, a_server_that_stands_still_is_waited_for) {
  const auto node = make_node("node", server->url());
  start(*node);
  open(*node);
  pusher.run(*node, 20);
  server->signal_all(SIGSTOP);
  // As long as the lease lasts jobs start; a push is answered, with 503, long before its client gives up.
  const auto asked = std::chrono::steady_clock::now();
  const auto answer = node->request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}}})");
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_NE(answer.head.find("Retry-After"), std::string::npos) << answer.head;
  EXPECT_LT(std::chrono::steady_clock::now() - asked, seconds{15});
  EXPECT_EQ(node->request("GET", "/readyz").status, 503);
  server->signal_all(SIGCONT);
  ASSERT_TRUE(node->eventually([&] { return node->request("GET", "/readyz").status == 200; })) << node->log();
  close(*node);
  EXPECT_EQ(node->terminate(), 0);
  nothing_is_left_over();
}

TEST_P(database_faults, answers_of_commits_that_are_cut_off_break_nothing) {
  SCOPED_TRACE("WHEELWORK_CRASH_SEED=" + std::to_string(seed));
  cutting_proxy proxy{server->socket(), seed};
  const auto node = make_node("node", server->proxy_url(proxy.port()));
  start(*node);
  open(*node);
  proxy.cut_every(10);
  const auto until = std::chrono::steady_clock::now() + seconds{3}; // in which fires come, too
  while (proxy.cut_before() < 10 || proxy.cut_after() < 10 || std::chrono::steady_clock::now() < until) {
    pusher.run(*node, 20);
    ASSERT_TRUE(node->runs_on_for(milliseconds{0})) << node->log();
    ASSERT_LT(pusher.jobs().size(), 10'000u) << "hardly a commit is cut";
  }
  proxy.cut_every(0);
  ASSERT_TRUE(node->eventually([&] { return node->request("GET", "/readyz").status == 200; })) << node->log();
  close(*node);
  EXPECT_EQ(node->terminate(), 0);
  nothing_is_left_over();
}

TEST_P(database_faults, a_node_that_stands_still_is_taken_over_and_ends_when_it_goes_on) {
  SCOPED_TRACE("WHEELWORK_CRASH_SEED=" + std::to_string(seed));
  pusher.without_processes();
  auto first = make_node("first", server->url()), second = make_node("second", server->url());
  start(*first);
  open(*first);
  for (int round = 0; round < 3; ++round) {
    second->launch(settings_of[second.get()]);
    std::thread pushing{[&] { pusher.run(*first, SIZE_MAX); }};
    EXPECT_TRUE(first->runs_on_for(milliseconds{200} + up_to(200)));
    first->send_signal(SIGSTOP); // mostly inside of a transaction
    second->wait_until_ready();
    first->send_signal(SIGCONT);
    EXPECT_NE(first->wait_for_end(), 0) << first->log();
    pushing.join();
    EXPECT_NE(first->log().find("another node took over"), std::string::npos) << first->log();
    std::swap(first, second);
  }
  close(*first);
  EXPECT_EQ(first->terminate(), 0);
  nothing_is_left_over();
}

INSTANTIATE_TEST_SUITE_P(servers, database_faults,
                         testing::Values(kind<postgres_server>("PostgreSQL"), kind<mariadb_server>("MariaDB")),
                         [](const auto& of) { return of.param.name; });

} // namespace
} // namespace wheelwork::app_test
