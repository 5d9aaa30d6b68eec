// A disk without space under a whole node: pushes are refused with the reason, nothing accepted is lost, and work goes
// on by itself when there is space again. A limit on the size of files stands for the full disk where none can be
// mounted.
#include "tests/app/node_process.hpp"
#include "tests/support/small_disk.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include <sys/resource.h>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

class a_full_disk : public testing::Test {
protected:
  void limit_files_to(rlim_t bytes) {
    const rlimit limit{bytes, RLIM_INFINITY};
    if (::prlimit(node.pid(), RLIMIT_FSIZE, &limit, nullptr) != 0) throw std::runtime_error{"prlimit"};
  }

  /// Pushes until one is refused: that answer.
  http_answer fill_up() {
    limit_files_to(1'500'000);
    const json job{
        {"target", {{"native", {{"handler", "noop"}}}}}, {"payload", std::string(20'000, 'x')}, {"delay", "1s"}};
    for (int pushes = 0; pushes < 1000; ++pushes) {
      auto answer = node.request("POST", "/api/v1/jobs", job.dump());
      if (answer.status != 201) return answer;
      accepted.push_back(answer.json().at("id"));
    }
    throw std::runtime_error{"the limit did not bite"};
  }

  void all_accepted_jobs_run() {
    ASSERT_GT(accepted.size(), 5u);
    for (const auto& id : accepted) {
      const auto job = node.final_job(id);
      EXPECT_EQ(job["state"], "succeeded") << job.dump();
    }
  }

  temporary_folder folder;
  node_process node{folder.path()};
  std::vector<std::string> accepted;
};

TEST_F(a_full_disk, refuses_pushes_shows_as_not_ready_and_mends_by_itself) {
  node.start();
  const auto refused = fill_up();
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: "));
  EXPECT_THAT(refused.body, HasSubstr("space"));
  EXPECT_TRUE(node.eventually([&] { return node.request("GET", "/readyz").status == 503; }, seconds{10})) << node.log();
  EXPECT_EQ(node.get("/api/v1/jobs/" + accepted.front())["id"], accepted.front()) << "reading goes on";

  limit_files_to(RLIM_INFINITY);
  EXPECT_TRUE(node.eventually([&] { return node.request("GET", "/readyz").status == 200; }, seconds{10})) << node.log();
  accepted.push_back(node.push({{"target", {{"native", {{"handler", "noop"}}}}}}));
  all_accepted_jobs_run();
}

TEST_F(a_full_disk, and_a_kill_lose_nothing_that_was_accepted) {
  node.start();
  ASSERT_EQ(fill_up().status, 503);
  node.kill();
  node.start();
  all_accepted_jobs_run();
}

/// What the node prints goes there, too.
TEST(a_really_full_disk, refuses_pushes_and_takes_them_again_when_there_is_space) {
  if (!small_disk::missing().empty()) GTEST_SKIP() << small_disk::missing();
  const small_disk disk{16};
  node_process node{disk.path()};
  node.start();
  std::vector<std::string> accepted;
  for (int each = 0; each < 20; ++each)
    accepted.push_back(node.push({{"target", {{"native", {{"handler", "noop"}}}}}, {"delay", "1s"}}));
  disk.fill();
  const json large{{"target", {{"native", {{"handler", "noop"}}}}}, {"payload", std::string(20'000, 'x')}};
  http_answer refused;
  for (int pushes = 0; pushes < 1000; ++pushes) { // the write-ahead log may have room left
    refused = node.request("POST", "/api/v1/jobs", large.dump());
    if (refused.status != 201) break;
    accepted.push_back(refused.json().at("id"));
  }
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("space"));
  EXPECT_TRUE(node.eventually([&] { return node.request("GET", "/readyz").status == 503; }, seconds{10})) << node.log();
  EXPECT_EQ(node.get("/api/v1/jobs/" + accepted.front())["id"], accepted.front()) << "reading goes on";
  disk.free();
  EXPECT_TRUE(node.eventually([&] { return node.request("GET", "/readyz").status == 200; }, seconds{10})) << node.log();
  accepted.push_back(node.push({{"target", {{"native", {{"handler", "noop"}}}}}}));
  for (const auto& id : accepted) EXPECT_EQ(node.final_job(id)["state"], "succeeded");
}

} // namespace
} // namespace wheelwork::app_test
