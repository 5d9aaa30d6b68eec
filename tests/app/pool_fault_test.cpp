// Faults of one Redis server under a real node with two pools: the pool on that server shows the error and goes on by
// itself when it is over, the other one never notices.
#include "tests/app/node_process.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <set>

namespace wheelwork::app_test {

namespace {

using nlohmann::json;
using std::chrono::seconds;

class pool_fault : public testing::Test {
protected:
  void SetUp() override {
    if (!redis_server::missing().empty()) GTEST_SKIP() << redis_server::missing();
  }

  /// A node with a pool on each of two servers; the first of these is the one that fails.
  void begin(redis_server_options options) {
    failing = std::make_unique<redis_server>(std::move(options));
    sound = std::make_unique<redis_server>(redis_server_options{.settings = {"appendonly yes"}});
    node = std::make_unique<node_process>(folder.path(), "[redis.a]\nurl = \"" + failing->url() +
                                                             "\"\n[redis.b]\nurl = \"" + sound->url() + "\"\n");
    node->start();
    put("failing", {{"redis_list", {{"connection", "a"}, {"key", "orders"}}}});
    put("stream", {{"redis_stream", {{"connection", "a"}, {"key", "events"}, {"group", "g"}}}});
    put("sound", {{"redis_list", {{"connection", "b"}, {"key", "orders"}}}});
    failing->run({"LPUSH", "orders", "\"before\""});
    failing->run({"XADD", "events", "*", "n", "before"});
    ASSERT_TRUE(handles("\"before\""));
    ASSERT_TRUE(handles(R"({"n":"before"})"));
  }
  void put(const std::string& name, const json& source) {
    const json body{{"source", source},
                    {"target", {{"http", {{"url", receiver.url("/message")}, {"method", "POST"}}}}},
                    {"min", 2},
                    {"max", 2}};
    ASSERT_EQ(node->request("PUT", "/api/v1/pools/" + name, body.dump()).status, 201);
  }
  json pool(const std::string& name) const { return node->get("/api/v1/pools/" + name); }
  bool handles(const std::string& body) const {
    return node->eventually([&] {
      const auto all = receiver.requests();
      return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.body == body; });
    });
  }
  void shows(const std::string& words, const std::vector<std::string>& pools = {"failing", "stream"}) {
    for (const auto& name : pools) {
      EXPECT_TRUE(node->eventually(
          [&] {
            const auto now = pool(name)["failure"];
            return now.is_string() && now.get<std::string>().find(words) != std::string::npos;
          },
          seconds{10}))
          << pool(name).dump();
      EXPECT_EQ(pool(name)["consumers"], 2) << "what fails is not scaled";
    }
  }
  /// The other pool works, shows nothing, jobs run, and the node is ready.
  void disturbs_nobody() {
    EXPECT_EQ(node->final_job(node->push({{"target", {{"native", {{"handler", "noop"}}}}}}))["state"], "succeeded");
    sound->run({"LPUSH", "orders", "\"meanwhile\""});
    EXPECT_TRUE(handles("\"meanwhile\"")) << pool("sound").dump();
    EXPECT_TRUE(pool("sound")["failure"].is_null()) << pool("sound").dump();
    EXPECT_EQ(node->request("GET", "/readyz").status, 200);
  }
  void recovers() {
    for (const auto* name : {"failing", "stream"})
      ASSERT_TRUE(node->eventually([&] { return pool(name)["failure"].is_null(); })) << pool(name).dump();
    failing->run({"LPUSH", "orders", "\"after\""});
    failing->run({"XADD", "events", "*", "n", "after"});
    EXPECT_TRUE(handles("\"after\"")) << pool("failing").dump();
    EXPECT_TRUE(handles(R"({"n":"after"})")) << pool("stream").dump();
    for (const auto* name : {"failing", "stream"})
      EXPECT_TRUE(node->eventually([&] { return pool(name)["lag"] == 0; })) << pool(name).dump();
  }

  temporary_folder folder;
  target_test::recording_server receiver{target_test::always(200)};
  std::unique_ptr<redis_server> failing, sound;
  std::unique_ptr<node_process> node;
};

TEST_F(pool_fault, a_server_that_becomes_a_replica_and_a_master_again) {
  begin({.settings = {"appendonly yes"}});
  failing->run({"REPLICAOF", "127.0.0.1", "1"});
  shows("replica");
  disturbs_nobody();
  failing->run({"REPLICAOF", "NO", "ONE"});
  recovers();
}

TEST_F(pool_fault, a_server_that_is_out_of_memory_and_gets_more) {
  begin({.settings = {"appendonly yes", "maxmemory-policy noeviction"}});
  failing->run({"CONFIG", "SET", "maxmemory", "1"});
  shows("out of memory", {"failing"}); // to read and acknowledge entries of a stream needs none
  disturbs_nobody();
  failing->run({"CONFIG", "SET", "maxmemory", "0"});
  recovers();
}

TEST_F(pool_fault, a_server_that_loads_its_data) {
  begin({.settings = {"appendonly yes"}});
  failing->run({"DEBUG", "POPULATE", "3000"});
  failing->run({"BGREWRITEAOF"});
  ASSERT_TRUE(node->eventually([&] {
    const auto now = failing->run({"INFO", "persistence"});
    return now.find("aof_rewrite_in_progress:0\r") != std::string::npos &&
           now.find("aof_rewrite_scheduled:0\r") != std::string::npos;
  }));
  failing->crash();
  failing->set("key-load-delay 2000"); // µs for each key
  failing->set("loading-process-events-interval-bytes 1024");
  failing->start("Reading RDB base file");
  shows("loads its data");
  disturbs_nobody();
  recovers();
}

TEST_F(pool_fault, a_server_that_crashes_and_comes_back_with_its_data) {
  begin({.settings = {"appendonly yes", "appendfsync always"}});
  node->request("PATCH", "/api/v1/pools/failing", R"({"paused":true})");
  ASSERT_TRUE(node->eventually([&] { return pool("failing")["consumers"] == 0; }));
  for (const auto* each : {"\"kept 1\"", "\"kept 2\""}) failing->run({"LPUSH", "orders", each});
  node->request("PATCH", "/api/v1/pools/failing", R"({"paused":false})");
  failing->crash();
  shows("Redis at");
  EXPECT_TRUE(node->eventually([&] { return pool("failing")["lag"].is_null(); })) << "unknown is not zero";
  disturbs_nobody();
  failing->start();
  EXPECT_TRUE(handles("\"kept 1\""));
  EXPECT_TRUE(handles("\"kept 2\""));
  recovers();
}

TEST_F(pool_fault, a_server_that_comes_back_empty) {
  begin({});
  failing->crash();
  shows("Redis at");
  disturbs_nobody();
  failing->start();
  recovers();
  EXPECT_TRUE(node->eventually([&] { return node->log().find("was started anew") != std::string::npos; }))
      << node->log();
}

TEST_F(pool_fault, a_key_that_becomes_another_type) {
  begin({.settings = {"appendonly yes"}});
  failing->run({"SET", "orders", "text"});
  shows("the key orders", {"failing"});
  disturbs_nobody();
  failing->run({"DEL", "orders"});
  failing->run({"DEL", "events"});
  failing->run({"SET", "events", "text"});
  shows("the key events", {"stream"});
  failing->run({"DEL", "events"});
  recovers();
}

TEST_F(pool_fault, a_server_that_somebody_empties) {
  begin({.settings = {"appendonly yes"}});
  failing->run({"FLUSHALL"});
  disturbs_nobody();
  recovers();
  EXPECT_TRUE(node->eventually([&] {
    return node->log().find("the group g of the stream events was gone") != std::string::npos;
  })) << node->log();
}

TEST_F(pool_fault, a_server_that_stands_still) {
  begin({.settings = {"appendonly yes"}});
  failing->signal(SIGSTOP);
  shows("Redis at");
  disturbs_nobody();
  failing->signal(SIGCONT);
  recovers();
}

} // namespace

} // namespace wheelwork::app_test
