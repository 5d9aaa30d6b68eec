// A process job goes on without the node that started it, and the next start of the node takes it up again.
#include "tests/app/node_process.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class a_running_process : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(::mkfifo(gate_path.c_str(), 0600), 0);
    // Both ends, so that neither opening nor writing waits for the process.
    gate = ::open(gate_path.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(gate, 0);
    node.start({"node.shutdown_grace=50s"});
    id = node.push({{"target",
                     {{"process",
                       {{"command", {"/bin/sh", "-c", "echo run >> runs; read word < gate; echo said $word"}},
                        {"cwd", folder.path().string()}}}}}});
    ASSERT_TRUE(node.eventually([&] { return state() == "running" && exists(folder.path() / "runs"); })) << node.log();
  }
  void TearDown() override { ::close(gate); }

  std::string state() { return node.get("/api/v1/jobs/" + id).value("state", ""); }

  void is_adopted() {
    node.start();
    EXPECT_EQ(state(), "running");
    ASSERT_EQ(::write(gate, "hello\n", 6), 6);
    const auto job = node.final_job(id);
    EXPECT_EQ(job["state"], "succeeded") << job.dump();
    EXPECT_EQ(job["attempts"].size(), 1u) << job.dump();
    EXPECT_THAT(job["attempts"][0]["response"].dump(), testing::HasSubstr("said hello"));
    std::ifstream runs{folder.path() / "runs"};
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>{runs}, {}}), "run\n");
  }

  temporary_folder folder;
  node_process node{folder.path(), "[process_target]\nallow = [\"/bin/sh\"]\n"};
  std::string gate_path = (folder.path() / "gate").string();
  int gate = -1;
  std::string id;
};

TEST_F(a_running_process, does_not_hold_up_a_clean_stop_and_is_adopted) {
  node.send_signal(SIGTERM);
  EXPECT_FALSE(node.runs_on_for(seconds{10})) << "it waited for the process: " << node.log();
  EXPECT_EQ(node.wait_for_end(), 0) << node.log();
  is_adopted();
}

TEST_F(a_running_process, is_adopted_after_a_kill) {
  node.kill();
  is_adopted();
}

TEST_F(a_running_process, that_ends_while_the_node_is_away_is_not_run_again) {
  EXPECT_EQ(node.terminate(), 0) << node.log();
  ASSERT_EQ(::write(gate, "hello\n", 6), 6);
  node.start();
  const auto job = node.final_job(id);
  EXPECT_EQ(job["state"], "succeeded") << job.dump();
  EXPECT_EQ(job["attempts"].size(), 1u) << job.dump();
}

} // namespace
} // namespace wheelwork::app_test
