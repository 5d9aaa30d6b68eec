// A disk that stalls or becomes read-only under a whole node: /readyz tells the truth, nothing that was accepted is
// lost, and all goes on by itself.
#include "tests/app/node_process.hpp"
#include "tests/support/faulty_disk.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

const json noop{{"native", {{"handler", "noop"}}}};

class a_faulty_disk : public testing::Test {
protected:
  void SetUp() override {
    node.start();
    for (int each = 0; each < 20; ++each) accepted.push_back(node.push({{"target", noop}, {"delay", "1s"}}));
  }
  bool is_ready_soon(bool ready) {
    const long status = ready ? 200 : 503;
    return node.eventually([&] { return node.request("GET", "/readyz").status == status; }, seconds{10});
  }
  http_answer push() { return node.request("POST", "/api/v1/jobs", json{{"target", noop}}.dump()); }
  void all_accepted_jobs_run() {
    for (const auto& id : accepted) EXPECT_EQ(node.final_job(id)["state"], "succeeded");
  }

  temporary_folder folder;
  faulty_disk disk{folder.path()};
  node_process node{folder.path()};
  std::vector<std::string> accepted;
};

TEST_F(a_faulty_disk, that_stalls_is_told_of_within_10_s_and_pushes_wait_for_it) {
  disk.stall();
  http_answer late;
  std::thread pushes{[&] { late = push(); }};
  const bool told = is_ready_soon(false);
  const auto why = node.request("GET", "/readyz").body;
  const auto alive = node.request("GET", "/healthz").status;
  disk.go_on();
  pushes.join();
  EXPECT_TRUE(told) << node.log();
  EXPECT_THAT(why, HasSubstr("nothing was committed for "));
  EXPECT_EQ(alive, 200);
  EXPECT_TRUE(is_ready_soon(true)) << node.log();
  ASSERT_EQ(late.status, 201) << late.body;
  accepted.push_back(late.json().at("id"));
  all_accepted_jobs_run();
}

TEST_F(a_faulty_disk, that_becomes_read_only_refuses_pushes_and_takes_them_again_when_it_can_be_written) {
  disk.make_read_only();
  const auto refused = push();
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_TRUE(is_ready_soon(false)) << node.log();
  EXPECT_EQ(node.get("/api/v1/jobs/" + accepted.front())["id"], accepted.front()) << "reading goes on";
  disk.make_writable();
  EXPECT_TRUE(is_ready_soon(true)) << node.log();
  accepted.push_back(push().json().at("id"));
  all_accepted_jobs_run();
}

TEST_F(a_faulty_disk, that_becomes_read_only_and_a_kill_lose_nothing) {
  disk.make_read_only();
  ASSERT_EQ(push().status, 503);
  node.kill();
  disk.make_writable();
  node.start();
  all_accepted_jobs_run();
}

} // namespace
} // namespace wheelwork::app_test
