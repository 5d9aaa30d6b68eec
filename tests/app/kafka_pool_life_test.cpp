// Consumer pools of a real node on a real Kafka broker: killed nodes and a broker that goes away lose nothing, and
// records of a partition keep their order.
#include "tests/app/node_process.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/support/kafka_stranger.hpp"
#include "tests/support/kafka_tool.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace wheelwork::app_test {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// 30 take some minutes, for a group needs a while to see that a member is gone.
unsigned long kafka_crash_rounds() {
  const char* text = std::getenv("WHEELWORK_KAFKA_CRASH_ROUNDS");
  return text != nullptr ? std::strtoul(text, nullptr, 10) : 5;
}

class kafka_pool_life : public testing::Test {
protected:
  void SetUp() override {
    if (!kafka_server::missing().empty()) GTEST_SKIP() << kafka_server::missing();
    broker = &kafka_server::of_process();
    node = std::make_unique<node_process>(folder.path(), "[kafka.a]\nbrokers = \"" + broker->brokers() + "\"\n");
  }

  void put(const std::string& topic, const json& more = json::object()) {
    json body{{"source", {{"kafka", {{"connection", "a"}, {"topic", topic}, {"group", topic}}}}},
              {"target", {{"http", {{"url", receiver.url("/record")}, {"method", "POST"}}}}},
              {"retry", {{"delays", {"100ms"}}}},
              {"min", 2},
              {"max", 2}};
    body.merge_patch(more);
    const auto answer = node->request("PUT", "/api/v1/pools/records", body.dump());
    ASSERT_THAT(answer.status, testing::AnyOf(200, 201)) << answer.body;
  }
  json pool() const { return node->request("GET", "/api/v1/pools/records").json(); }
  size_t different() const {
    std::set<std::string> bodies;
    for (const auto& request : receiver.requests()) bodies.insert(request.body);
    return bodies.size();
  }
  /// The offsets of each partition as they came, those that came again left out.
  bool in_order() const {
    std::map<std::string, long> newest;
    for (const auto& request : receiver.requests()) {
      const auto offset = std::stol(request.header("wheelwork-offset"));
      auto& seen = newest.try_emplace(request.header("wheelwork-partition"), -1).first->second;
      if (offset > seen + 1) return false;
      seen = std::max(seen, offset);
    }
    return true;
  }

  temporary_folder folder;
  target_test::recording_server receiver{target_test::always(200)};
  kafka_server* broker = nullptr;
  std::unique_ptr<node_process> node;
};

TEST_F(kafka_pool_life, loses_nothing_and_keeps_the_order_when_the_node_is_killed_in_the_middle_of_work) {
  std::mt19937 random{std::random_device{}()};
  kafka_tool tool{broker->brokers()};
  const std::string topic = "killed";
  tool.create_topic(topic, 3);
  node->start();
  put(topic);
  size_t produced = 0;
  for (unsigned long round = 0; round < kafka_crash_rounds(); ++round) {
    for (int32_t partition = 0; partition < 3; ++partition) {
      std::vector<std::string> batch;
      for (int record = 0; record < 20; ++record) batch.push_back(json(++produced).dump());
      tool.produce(topic, partition, batch);
    }
    const auto before = receiver.requests().size();
    ASSERT_TRUE(node->eventually([&] { return receiver.requests().size() > before; }, seconds{60})) << pool().dump();
    ASSERT_TRUE(node->runs_on_for(milliseconds{std::uniform_int_distribution<int>{0, 50}(random)})) << node->log();
    node->kill();
    node->start();
  }
  ASSERT_TRUE(node->eventually([&] { return different() == produced; }, seconds{90}))
      << different() << " of " << produced << "\n"
      << pool().dump();
  EXPECT_TRUE(in_order()) << "a record came before the one in front of it";
  ASSERT_TRUE(node->eventually([&] { return pool()["lag"] == 0; }, seconds{30})) << pool().dump();
  EXPECT_EQ(node->terminate(), 0);
}

/// Every change lets the group share out its partitions anew, in the middle of work.
TEST_F(kafka_pool_life, handles_no_record_twice_while_consumers_come_and_go) {
  target_test::recording_server slow{[](auto& connection, const auto&) {
    if (connection.stays_open_for(30)) connection.answer(200, "ok");
  }};
  kafka_tool tool{broker->brokers()};
  tool.create_topic("shared", 6);
  node->start();
  size_t produced = 0;
  const std::vector<int> sizes{1, 3, 2, 6, 1, 4};
  for (const int consumers : sizes) {
    for (int32_t partition = 0; partition < 6; ++partition) {
      std::vector<std::string> batch;
      for (int record = 0; record < 40; ++record) batch.push_back(json(++produced).dump());
      tool.produce("shared", partition, batch);
    }
    put("shared", {{"in_flight", 4},
                   {"min", consumers},
                   {"max", consumers},
                   {"target", {{"http", {{"url", slow.url("/record")}, {"method", "POST"}}}}}});
    // The next change comes while records are left.
    ASSERT_TRUE(node->eventually([&] { return slow.requests().size() + 120 > produced; }, seconds{60}))
        << slow.requests().size() << " of " << produced << "\n"
        << pool().dump();
  }
  ASSERT_TRUE(node->eventually([&] { return pool()["lag"] == 0; }, seconds{60})) << pool().dump();
  std::map<std::string, long> newest;
  for (const auto& request : slow.requests()) {
    const auto offset = std::stol(request.header("wheelwork-offset"));
    auto& before = newest.try_emplace(request.header("wheelwork-partition"), -1).first->second;
    ASSERT_EQ(offset, before + 1) << "partition " << request.header("wheelwork-partition") << "\n" << node->log();
    before = offset;
  }
  EXPECT_EQ(slow.requests().size(), produced);
}

/// Somebody else's member comes into the group and leaves it, every few seconds, and takes partitions with it.
TEST_F(kafka_pool_life, keeps_its_promises_while_strangers_come_into_its_group_and_go) {
  target_test::recording_server slow{[](auto& connection, const auto&) {
    if (connection.stays_open_for(20)) connection.answer(200, "ok");
  }};
  kafka_tool tool{broker->brokers()};
  tool.create_topic("disturbed", 4);
  node->start();
  put("disturbed", {{"in_flight", 2}, {"target", {{"http", {{"url", slow.url("/record")}, {"method", "POST"}}}}}});
  size_t produced = 0;
  constexpr int rounds = 4;
  for (int round = 0; round < rounds; ++round) {
    for (int32_t partition = 0; partition < 4; ++partition) {
      std::vector<std::string> batch;
      for (int record = 0; record < 60; ++record) batch.push_back(json(++produced).dump());
      tool.produce("disturbed", partition, batch);
    }
    kafka_stranger stranger{broker->brokers(), "disturbed"};
    ASSERT_TRUE(node->eventually([&] { return stranger.has_partitions(); }, seconds{60})) << pool().dump();
    if (round == rounds / 2) {
      broker->crash();
      broker->start();
    }
    ASSERT_TRUE(node->runs_on_for(milliseconds{1500})) << node->log();
  }
  const auto handled = [&] {
    std::set<std::string> bodies;
    for (const auto& request : slow.requests()) bodies.insert(request.body);
    return bodies.size();
  };
  ASSERT_TRUE(node->eventually([&] { return handled() == produced; }, seconds{120}))
      << handled() << " of " << produced << "\n"
      << pool().dump();
  ASSERT_TRUE(node->eventually([&] { return pool()["lag"] == 0; }, seconds{60})) << pool().dump();
  // What was at the target when partitions went, of two consumers with two each, each time that the group changed.
  EXPECT_LE(slow.requests().size() - produced, 4u * 2 * rounds + 4);
}

TEST_F(kafka_pool_life, follows_the_backlog_up_to_the_partitions_and_those_that_are_added) {
  target_test::recording_server slow{[](auto& connection, const auto&) {
    if (connection.stays_open_for(100)) connection.answer(200, "ok");
  }};
  kafka_tool tool{broker->brokers()};
  tool.create_topic("growing", 2);
  node->start();
  put("growing", {{"min", 1},
                  {"max", 8},
                  {"policy", {{"drain", {{"within", "3s"}}}}},
                  {"target", {{"http", {{"url", slow.url("/record")}, {"method", "POST"}}}}}});
  const auto produce = [&](int32_t partitions) {
    for (int32_t partition = 0; partition < partitions; ++partition)
      tool.produce("growing", partition, std::vector<std::string>(150, "1"));
  };
  produce(2);
  ASSERT_TRUE(node->eventually([&] { return pool()["consumers"] == 2; }, seconds{60})) << pool().dump();
  tool.set_partitions("growing", 4);
  ASSERT_TRUE(node->eventually(
      [&] {
        EXPECT_LE(pool()["consumers"], 4);
        tool.produce("growing", 0, {"1"}); // there is a backlog until all are seen
        tool.produce("growing", 1, {"1"});
        return pool()["consumers"] == 4;
      },
      seconds{60}))
      << pool().dump();
  kafka_tool{broker->brokers()}.produce("growing", 3, {"1"});
  ASSERT_TRUE(node->eventually([&] { return pool()["lag"] == 0; }, seconds{120})) << pool().dump();
  ASSERT_TRUE(node->eventually([&] { return pool()["consumers"] == 1; }, seconds{90})) << pool().dump();
  const auto events = node->get("/api/v1/pools/records/events")["items"];
  const auto fewer = std::find_if(events.begin(), events.end(), [](const json& each) {
    return each["kind"] == "scaled" && each["consumers"] < each["consumers_before"];
  });
  ASSERT_NE(fewer, events.end()) << events.dump();
  EXPECT_FALSE((*fewer)["lag"].is_null()) << "the lag that caused it stands beside it";
}

TEST_F(kafka_pool_life, takes_what_jobs_and_pools_hand_over) {
  kafka_tool tool{broker->brokers()};
  tool.create_topic("in", 1);
  tool.create_topic("out", 1);
  node->start();
  const json out{{"kafka", {{"connection", "a"}, {"topic", "out"}, {"key", "k"}}}};
  const auto id = node->push({{"target", out}, {"payload", {{"n", 1}}}});
  EXPECT_EQ(node->final_job(id)["state"], "succeeded");
  put("in", {{"target", {{"http", nullptr}, {"kafka", out["kafka"]}}}});
  tool.produce("in", 0, {R"({"n":2})"});
  ASSERT_TRUE(node->eventually([&] { return pool()["succeeded"] == 1; }, seconds{60})) << pool().dump();
  const auto records = tool.read("out", 2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].bytes, R"({"n":1})");
  EXPECT_EQ(records[0].key, "k");
  EXPECT_EQ(records[0].headers.at("wheelwork-job-id"), id);
  EXPECT_EQ(records[1].bytes, R"({"n":2})");
  EXPECT_EQ(records[1].headers.at("wheelwork-pool"), "records");
  EXPECT_EQ(records[1].headers.at("wheelwork-topic"), "in");
  EXPECT_EQ(records[1].headers.at("wheelwork-offset"), "0");
}

TEST_F(kafka_pool_life, by_key_lets_a_slow_and_a_failing_key_hold_up_no_other_and_keeps_the_order_of_each) {
  kafka_tool tool{broker->brokers()};
  tool.create_topic("keyed", 1);
  target_test::recording_server choosy{[](auto& connection, const auto& request) {
    const auto key = request.header("wheelwork-message-key");
    if (key == "slow" && !connection.stays_open_for(2000)) return;
    connection.answer(key == "failing" && request.header("wheelwork-attempt") == "1" ? 500 : 200, "ok");
  }};
  tool.produce("keyed", 0, {"\"slow 0\"", "\"slow 1\""}, "slow");
  tool.produce("keyed", 0, {"\"failing 0\"", "\"failing 1\""}, "failing");
  for (int record = 0; record < 40; ++record)
    tool.produce("keyed", 0, {json("quick " + std::to_string(record)).dump()}, "quick " + std::to_string(record % 4));
  node->start();
  put("keyed", {{"order", "key"},
                {"in_flight", 8},
                {"min", 1},
                {"retry", {{"delays", {"3s"}}}},
                {"target", {{"http", {{"url", choosy.url("/record")}, {"method", "POST"}}}}}});
  ASSERT_TRUE(node->eventually([&] { return pool()["succeeded"] == 44; }, seconds{60})) << pool().dump();
  std::map<std::string, std::vector<long>> offsets;
  std::vector<std::string> keys;
  for (const auto& request : choosy.requests()) {
    const auto key = request.header("wheelwork-message-key");
    keys.push_back(key);
    auto& of_key = offsets[key];
    const auto offset = std::stol(request.header("wheelwork-offset"));
    if (of_key.empty() || of_key.back() != offset) of_key.push_back(offset); // once more: its retry
  }
  for (const auto& [key, seen] : offsets) EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end())) << key;
  const auto last_quick = std::find_if(keys.rbegin(), keys.rend(), [](const auto& key) { return key[0] == 'q'; });
  EXPECT_EQ(std::count(last_quick, keys.rend(), "slow"), 1) << "the second slow one came before quick ones";
  EXPECT_EQ(std::count(last_quick, keys.rend(), "failing"), 1) << "quick ones waited for a retry";
  ASSERT_TRUE(node->eventually([&] { return tool.committed("keyed", "keyed") == 44; }, seconds{30}));
}

TEST_F(kafka_pool_life, goes_on_by_itself_when_topic_or_broker_come_back) {
  kafka_tool tool{broker->brokers()};
  node->start();
  put("late");
  ASSERT_TRUE(node->eventually([&] { return pool()["failure"].is_string(); }, seconds{60})) << pool().dump();
  EXPECT_THAT(pool()["failure"].get<std::string>(), testing::HasSubstr("late"));
  EXPECT_TRUE(pool()["lag"].is_null());
  tool.create_topic("late", 2);
  tool.produce("late", 0, {"1"});
  ASSERT_TRUE(node->eventually([&] { return different() == 1; }, seconds{60})) << pool().dump();
  broker->crash();
  ASSERT_TRUE(node->eventually([&] { return pool()["lag"].is_null(); }, seconds{60})) << pool().dump();
  EXPECT_EQ(pool()["consumers"], 2) << "what can't be read is not zero";
  broker->start();
  tool.produce("late", 1, {"2"});
  ASSERT_TRUE(node->eventually([&] { return different() == 2; }, seconds{90})) << pool().dump();
  ASSERT_TRUE(node->eventually([&] { return pool()["failure"].is_null(); }, seconds{60})) << pool().dump();
}

} // namespace

} // namespace wheelwork::app_test
