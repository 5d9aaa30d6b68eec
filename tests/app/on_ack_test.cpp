// A job that a Redis list hands over and somebody outside acknowledges.
#include "tests/app/node_process.hpp"
#include "tests/support/redis_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork::app_test {

namespace {

using nlohmann::json;

class on_ack : public testing::Test {
protected:
  void SetUp() override {
    if (!redis_server::missing().empty()) GTEST_SKIP() << redis_server::missing();
    redis = std::make_unique<redis_server>();
    node = std::make_unique<node_process>(folder.path(), "[redis.a]\nurl = \"" + redis->url() + "\"\n");
    node->start();
  }

  temporary_folder folder;
  std::unique_ptr<redis_server> redis;
  std::unique_ptr<node_process> node;
};

TEST_F(on_ack, what_was_answered_is_committed_and_runs_no_second_time_after_a_crash) {
  for (int round = 0; round < 5; ++round) {
    const auto id =
        node->push({{"target", {{"redis", {{"connection", "a"}, {"list", "mails"}, {"complete", "on_ack"}}}}}});
    ASSERT_TRUE(node->eventually([&] {
      return redis->run({"LLEN", "mails"}) == "1";
    })) << node->get("/api/v1/jobs/" + id).dump();
    const auto message = json::parse(redis->run({"LPOP", "mails"}));
    EXPECT_EQ(message["job_id"], id);
    const auto path = "/api/v1/jobs/" + id + "/attempts/" + message["attempt"].dump() + "/ack";
    EXPECT_EQ(node->request("POST", path, R"({"outcome":"succeeded"})").status, 200);
    node->kill();
    node->start();
    EXPECT_EQ(node->get("/api/v1/jobs/" + id)["state"], "succeeded");
  }
  EXPECT_EQ(redis->run({"EXISTS", "mails"}), "0");
}

} // namespace

} // namespace wheelwork::app_test
