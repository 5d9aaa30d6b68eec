// How a node ends, and what keeps a second one from starting: the real program with signals, its exit codes and its
// words.
#include "tests/app/node_process.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

json sleeping_job(int span_ms) {
  return {{"target", {{"native", {{"handler", "sleep"}}}}}, {"payload", {{"ms", span_ms}}}, {"timeout", "5m"}};
}

class a_node : public testing::Test {
protected:
  temporary_folder folder;
  node_process node{folder.path()};

  void run_until_started(const std::string& id) {
    ASSERT_TRUE(node.eventually([&] { return node.get("/api/v1/jobs/" + id).value("state", "") == "running"; }))
        << node.get("/api/v1/jobs/" + id).dump() << node.log();
  }
};

TEST_F(a_node, ends_with_0_on_sigterm_after_what_runs_has_finished) {
  node.start();
  const auto id = node.push(sleeping_job(700));
  run_until_started(id);
  EXPECT_EQ(node.terminate(), 0) << node.log();
  node.start();
  const auto job = node.final_job(id);
  EXPECT_EQ(job["state"], "succeeded");
  EXPECT_EQ(job["attempts"].size(), 1u) << job.dump();
}

TEST_F(a_node, ends_with_0_when_the_grace_is_over_and_runs_again_what_it_cut_off) {
  node.start({"node.shutdown_grace=200ms"});
  const auto id = node.push(sleeping_job(60'000));
  run_until_started(id);
  EXPECT_EQ(node.terminate(), 0) << node.log();
  node.start();
  ASSERT_TRUE(node.eventually([&] { return node.get("/api/v1/jobs/" + id).value("attempt", 0) == 2; })) << node.log();
  EXPECT_EQ(node.get("/api/v1/jobs/" + id)["attempts"][0]["outcome"], "lost");
}

TEST_F(a_node, lets_attempts_finish_when_sigterm_comes_twice) {
  node.start();
  const auto id = node.push(sleeping_job(1500));
  run_until_started(id);
  node.send_signal(SIGTERM);
  ASSERT_TRUE(node.eventually([&] { return node.log().find("stopping") != std::string::npos; })) << node.log();
  node.send_signal(SIGTERM);
  EXPECT_EQ(node.wait_for_end(), 0) << node.log();
  node.start();
  EXPECT_EQ(node.final_job(id)["attempts"].size(), 1u);
}

TEST_F(a_node, refuses_new_work_while_it_stops) {
  node.start();
  run_until_started(node.push(sleeping_job(1500)));
  node.send_signal(SIGTERM);
  ASSERT_TRUE(node.eventually([&] {
    const auto answer = node.request("POST", "/api/v1/jobs", sleeping_job(1).dump());
    return answer.status == 503 || answer.status == 0;
  }));
  EXPECT_EQ(node.wait_for_end(), 0) << node.log();
}

TEST_F(a_node, keeps_a_second_one_off_its_database_and_says_who_has_it) {
  node.start();
  node_process second{folder.path()};
  second.launch();
  const auto first_pid = std::to_string(node.pid());
  EXPECT_NE(second.wait_for_end(), 0);
  EXPECT_THAT(second.log(), HasSubstr(first_pid));
  EXPECT_EQ(node.request("GET", "/readyz").status, 200);
}

TEST_F(a_node, starts_on_the_database_of_one_that_was_killed) {
  node.start();
  node.kill();
  EXPECT_NO_THROW(node.start());
}

TEST_F(a_node, names_the_address_that_is_taken) {
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  node.launch({"api.listen=" + text});
  EXPECT_NE(node.wait_for_end(), 0);
  EXPECT_THAT(node.log(), HasSubstr(text));
  ::close(taken);
}

TEST_F(a_node, takes_new_settings_on_sighup) {
  node.configure("[process_target]\nallow = []\n");
  node.start();
  const json job{{"target", {{"process", {{"command", {"/bin/true"}}}}}}, {"retry", {{"limit", 0}}}};
  const auto refused = node.final_job(node.push(job));
  EXPECT_EQ(refused["state"], "dead");
  EXPECT_THAT(refused["attempts"][0].dump(), HasSubstr("process_target.allow"));

  node.configure("[process_target]\nallow = [\"/bin/true\"]\n");
  node.send_signal(SIGHUP);
  EXPECT_TRUE(node.eventually([&] { return node.final_job(node.push(job))["state"] == "succeeded"; })) << node.log();
}

TEST_F(a_node, leaves_what_operators_switched_off_alone_on_sighup_unless_its_table_changed) {
  const auto table = [](const char* name, const char* every) {
    return std::string{"[[task]]\nname = \""} + name + "\"\nschedule.every = \"" + every +
           "\"\ntarget.native.handler = \"noop\"\n";
  };
  const auto is_enabled = [&](const std::string& name) { return node.get("/api/v1/tasks/" + name)["enabled"] == true; };
  node.configure(table("a", "1h") + table("b", "1h"));
  node.start();
  ASSERT_TRUE(node.eventually([&] { return is_enabled("a") && is_enabled("b"); }));
  for (const auto* name : {"a", "b"})
    ASSERT_EQ(node.request("PATCH", std::string{"/api/v1/tasks/"} + name, R"({"enabled":false})").status, 200);
  node.configure(table("a", "1h") + table("b", "2h"));
  node.send_signal(SIGHUP);
  EXPECT_TRUE(node.eventually([&] { return is_enabled("b"); })) << node.log();
  EXPECT_FALSE(is_enabled("a"));
}

TEST_F(a_node, keeps_its_settings_when_the_new_ones_are_wrong_and_says_so_in_its_log) {
  const auto log_file = folder.path() / "node-log";
  const auto configuration = "[log]\nfile = \"" + log_file.string() + "\"\n[process_target]\nallow = ";
  const auto log_says = [&](const std::string& words) {
    std::ifstream in{log_file};
    return std::string{std::istreambuf_iterator<char>{in}, {}}.find(words) != std::string::npos;
  };
  node.start(); // with its log on standard error, where the address is read
  node.configure(configuration + "[\"/bin/true\"]\n");
  node.send_signal(SIGHUP);
  ASSERT_TRUE(node.eventually([&] { return log_says("was reloaded"); })) << node.log();
  node.configure(configuration + "7\n");
  node.send_signal(SIGHUP);
  ASSERT_TRUE(node.eventually([&] { return log_says("process_target.allow: is an integer"); })) << node.log();
  const auto job = node.final_job(node.push({{"target", {{"process", {{"command", {"/bin/true"}}}}}}}));
  EXPECT_EQ(job["state"], "succeeded") << job.dump();
}

} // namespace
} // namespace wheelwork::app_test
