// Nodes on a database server while that server is killed, hangs or is cut off, and while nodes hang and take over from
// each other. Then the books.
#include "tests/app/node_on_server.hpp"
#include "tests/support/cutting_proxy.hpp"

#include <csignal>
#include <thread>

namespace wheelwork::app_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class database_faults : public node_on_server {};

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

TEST_P(database_faults, a_node_that_stands_by_outlives_a_restart_of_the_server) {
  const auto first = make_node("first", server->url()), second = make_node("second", server->url());
  start(*first);
  open(*first);
  second->launch(settings_of[second.get()]);
  const auto says = [&](const char* text) { return second->log().find(text) != std::string::npos; };
  ASSERT_TRUE(second->eventually([&] { return says("standing by until its lease ends"); })) << second->log();
  pusher.run(*first, 20);
  server->crash();
  ASSERT_TRUE(second->eventually([&] { return says("standing by goes on"); })) << second->log();
  ASSERT_TRUE(second->runs_on_for(milliseconds{1500})) << second->log(); // several tries
  server->start();
  ASSERT_TRUE(second->eventually([&] { return says("the database answers again") || says("is ready"); }))
      << second->log();
  EXPECT_EQ(second->log().find("standing by goes on"), second->log().rfind("standing by goes on")) << "it is said once";
  first->kill(); // whichever of them has the database
  second->wait_until_ready();
  close(*second);
  EXPECT_EQ(second->terminate(), 0);
  nothing_is_left_over();
}

INSTANTIATE_TEST_SUITE_P(servers, database_faults, testing::ValuesIn(kinds_of_server()),
                         [](const auto& of) { return of.param.name; });

} // namespace
} // namespace wheelwork::app_test
