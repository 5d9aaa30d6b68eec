// examples/worker_python and examples/worker_cpp, run as their users would run them.
#include "tests/app/node_process.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct example {
  const char* name;
  std::vector<std::string> command; ///< server and queue follow
  std::vector<std::string> lease;   ///< of one second
  json two_seconds;                 ///< payload of a job that takes so long
};

class worker_example : public testing::TestWithParam<example> {
protected:
  void SetUp() override { node.start(); }
  server_process hire(bool short_lease = false) {
    const auto url = "http://127.0.0.1:" + std::to_string(node.port());
    auto command = GetParam().command;
    for (auto& word : command) {
      if (word == "SERVER") word = url;
    }
    if (short_lease) command.insert(command.end(), GetParam().lease.begin(), GetParam().lease.end());
    return {command, "/", {SIGTERM, true}}; // another account may not see the sources
  }
  std::string push(json payload, json with = json::object()) {
    with["target"] = {{"worker", {{"queue", "mail"}}}};
    with["payload"] = std::move(payload);
    return node.push(with);
  }

  temporary_folder folder;
  node_process node{folder.path()};
};

TEST_P(worker_example, works_and_says_what_came_of_it) {
  const auto good = push({{"to", "a@b"}}), bad = push({{"fail", "no such address"}}, {{"retry", {{"limit", 0}}}});
  auto worker = hire();
  const auto done = node.final_job(good);
  EXPECT_EQ(done["state"], "succeeded") << done.dump();
  EXPECT_EQ(done["attempts"][0]["response"]["worked_on"]["to"], "a@b");
  const auto failed = node.final_job(bad);
  EXPECT_EQ(failed["state"], "dead");
  EXPECT_THAT(failed["attempts"][0]["error"].get<std::string>(), HasSubstr("no such address"));
  worker.end(SIGTERM);
}

TEST_P(worker_example, keeps_a_long_job_alive_by_heartbeats) {
  auto worker = hire(true);
  const auto done = node.final_job(push(GetParam().two_seconds, {{"retry", {{"limit", 0}}}}));
  EXPECT_EQ(done["state"], "succeeded") << done.dump();
  worker.end(SIGTERM);
}

TEST_P(worker_example, finishes_the_job_in_hand_when_it_is_told_to_stop) {
  auto worker = hire();
  const auto id = push(GetParam().two_seconds);
  ASSERT_TRUE(node.eventually([&] { return node.get("/api/v1/jobs/" + id)["state"] == "running"; }));
  worker.end(SIGTERM);
  const auto done = node.get("/api/v1/jobs/" + id);
  EXPECT_EQ(done["state"], "succeeded") << done.dump();
  EXPECT_EQ(done["attempts"].size(), 1u);
}

TEST_P(worker_example, goes_on_when_the_node_is_back) {
  auto worker = hire();
  EXPECT_EQ(node.final_job(push(nullptr))["state"], "succeeded");
  const auto port = node.port();
  node.kill();
  node.start({"api.listen=127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(node.final_job(push({{"again", true}}))["state"], "succeeded");
  worker.end(SIGTERM);
}

INSTANTIATE_TEST_SUITE_P(
    all, worker_example,
    testing::Values(example{"python",
                            {"/usr/bin/python3", WHEELWORK_WORKER_PYTHON, "--queue", "mail", "--server", "SERVER"},
                            {"--lease", "1s"},
                            {{"seconds", 2}}},
                    example{"cpp", {WHEELWORK_WORKER_CPP, "SERVER", "mail"}, {"1"}, {{"milliseconds", 2000}}}),
    [](const auto& tested) { return std::string{tested.param.name}; });

} // namespace
} // namespace wheelwork::app_test
