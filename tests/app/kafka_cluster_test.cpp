// A pool of a real node on three real brokers, of which each in turn is killed: its partitions and its group get other
// leaders. Nothing is lost, and records keep their order.
#include "tests/app/node_process.hpp"
#include "tests/support/kafka_cluster.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/support/kafka_tool.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

namespace wheelwork::app_test {

namespace {

using nlohmann::json;
using std::chrono::seconds;

const std::string offsets_topic = "__consumer_offsets";

class kafka_cluster_life : public testing::Test {
protected:
  void SetUp() override {
    if (!kafka_server::missing().empty()) GTEST_SKIP() << kafka_server::missing();
    cluster = std::make_unique<kafka_cluster>();
    tool = std::make_unique<kafka_tool>(cluster->brokers());
    node = std::make_unique<node_process>(folder.path(), "[kafka.a]\nbrokers = \"" + cluster->brokers() + "\"\n");
  }

  json pool() const { return node->request("GET", "/api/v1/pools/records").json(); }
  size_t different() const {
    std::set<std::string> bodies;
    for (const auto& request : receiver.requests()) bodies.insert(request.body);
    return bodies.size();
  }
  /// Produces so many records to each partition.
  void produce(size_t count) {
    for (int32_t partition = 0; partition < 3; ++partition) {
      std::vector<std::string> batch;
      for (size_t record = 0; record < count; ++record) batch.push_back(json(++produced).dump());
      tool->produce("records", partition, batch);
    }
  }
  bool all_handled() {
    return node->eventually([&] { return different() == produced; }, seconds{120});
  }

  temporary_folder folder;
  target_test::recording_server receiver{target_test::always(200)};
  std::unique_ptr<kafka_cluster> cluster;
  std::unique_ptr<kafka_tool> tool;
  std::unique_ptr<node_process> node;
  size_t produced = 0;
};

TEST_F(kafka_cluster_life, loses_nothing_and_keeps_the_order_when_leaders_are_killed) {
  tool->create_topic("records", 3);
  node->start();
  const auto answer =
      node->request("PUT", "/api/v1/pools/records",
                    json{{"source", {{"kafka", {{"connection", "a"}, {"topic", "records"}, {"group", "records"}}}}},
                         {"target", {{"http", {{"url", receiver.url("/record")}, {"method", "POST"}}}}},
                         {"retry", {{"delays", {"100ms"}}}},
                         {"min", 2},
                         {"max", 2}}
                        .dump());
  ASSERT_EQ(answer.status, 201) << answer.body;
  produce(20);
  ASSERT_TRUE(all_handled()) << pool().dump();
  for (const bool of_group : {false, true, false}) {
    produce(50);
    const auto leader = of_group ? cluster->leader_of(offsets_topic, 0) : cluster->leader_of("records", 0);
    cluster->crash(leader);
    produce(50); // the two that are left are enough
    ASSERT_TRUE(all_handled()) << different() << " of " << produced << "\n" << pool().dump() << node->log();
    cluster->start(leader, {"records", offsets_topic});
    produce(5);
    ASSERT_TRUE(all_handled()) << different() << " of " << produced << "\n" << pool().dump() << node->log();
  }
  std::map<std::string, long> newest;
  for (const auto& request : receiver.requests()) {
    const auto offset = std::stol(request.header("wheelwork-offset"));
    auto& seen = newest.try_emplace(request.header("wheelwork-partition"), -1).first->second;
    ASSERT_LE(offset, seen + 1) << "a record came before the one in front of it";
    seen = std::max(seen, offset);
  }
  // What could not be committed while the group had no leader may come again: that is not promised away.
  RecordProperty("records", std::to_string(produced));
  RecordProperty("handled_again", std::to_string(receiver.requests().size() - produced));
  ASSERT_TRUE(node->eventually([&] { return pool()["lag"] == 0 && pool()["failure"].is_null(); }, seconds{60}))
      << pool().dump();
  EXPECT_EQ(node->terminate(), 0) << node->log();
}

} // namespace

} // namespace wheelwork::app_test
