// Consumer pools of a real node on a real Redis: followed backlogs, and nodes and servers that are killed in the middle
// of work. Then the books: each message was handled at least once, none is left in a hand.
#include "tests/app/node_process.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>

namespace wheelwork::app_test {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

unsigned long pool_crash_rounds() {
  const char* text = std::getenv("WHEELWORK_POOL_CRASH_ROUNDS");
  return text != nullptr ? std::strtoul(text, nullptr, 10) : 30;
}

class pool_life : public testing::Test {
protected:
  void SetUp() override {
    if (!redis_server::missing().empty()) GTEST_SKIP() << redis_server::missing();
    redis = std::make_unique<redis_server>(redis_server_options{.settings = {"appendonly yes", "appendfsync always"}});
    node = std::make_unique<node_process>(folder.path(), "[redis.a]\nurl = \"" + redis->url() + "\"\n");
  }

  /// A pool that calls the receiver, with these members more or instead.
  json pool_body(const json& source, const json& more = json::object()) const {
    json body{{"source", source},
              {"target", {{"http", {{"url", receiver.url("/message")}, {"method", "POST"}}}}},
              {"retry", {{"delays", {"100ms"}}}},
              {"min", 2},
              {"max", 4}};
    body.merge_patch(more);
    return body;
  }
  static json list(const std::string& key) { return {{"redis_list", {{"connection", "a"}, {"key", key}}}}; }
  static json stream(const std::string& key) {
    return {{"redis_stream", {{"connection", "a"}, {"key", key}, {"group", "g"}}}};
  }
  void put(const std::string& name, const json& body) {
    const auto answer = node->request("PUT", "/api/v1/pools/" + name, body.dump());
    ASSERT_THAT(answer.status, testing::AnyOf(200, 201)) << answer.body;
  }
  json pool(const std::string& name) const { return node->request("GET", "/api/v1/pools/" + name).json(); }
  bool comes_to(const std::string& name, const std::function<bool(const json&)>& state) {
    return node->eventually([&] { return state(pool(name)); }, seconds{60});
  }
  /// How often each body reached the receiver.
  std::map<std::string, int> handled() const {
    std::map<std::string, int> times;
    for (const auto& request : receiver.requests()) ++times[request.body];
    return times;
  }
  bool all_handled(const std::set<std::string>& bodies) {
    return node->eventually(
        [&] {
          const auto times = handled();
          return std::all_of(bodies.begin(), bodies.end(), [&](const auto& body) { return times.contains(body); });
        },
        seconds{90});
  }
  void push_to_list(const std::string& key, const std::string& body) { redis->run({"LPUSH", key, body}); }

  temporary_folder folder;
  target_test::recording_server receiver{target_test::always(200)};
  std::unique_ptr<redis_server> redis;
  std::unique_ptr<node_process> node;
};

TEST_F(pool_life, handles_the_messages_of_a_list) {
  node->start();
  put("orders", pool_body(list("orders")));
  std::set<std::string> bodies;
  for (int order = 0; order < 100; ++order) {
    bodies.insert(json{{"order", order}}.dump());
    push_to_list("orders", json{{"order", order}}.dump());
  }
  ASSERT_TRUE(all_handled(bodies));
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["succeeded"] == 100; })) << pool("orders").dump();
  const auto first = receiver.requests().front();
  EXPECT_EQ(first.header("content-type"), "application/json");
  EXPECT_EQ(first.header("wheelwork-pool"), "orders");
  EXPECT_EQ(first.header("wheelwork-source"), "redis_list");
  EXPECT_EQ(first.header("wheelwork-key"), "orders");
  EXPECT_EQ(first.header("wheelwork-attempt"), "1");
  EXPECT_FALSE(first.header("idempotency-key").empty());
  for (const auto& [body, times] : handled()) EXPECT_EQ(times, 1) << body;
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["lag"] == 0 && now["consumers"] == 2; }));
  EXPECT_EQ(node->terminate(), 0);
  EXPECT_EQ(redis->run({"EXISTS", "orders"}), "0");
  EXPECT_THAT(redis->list({"KEYS", "*wheelwork*"}), testing::Each(testing::Not(testing::HasSubstr("list"))));
}

TEST_F(pool_life, buries_what_fails_for_good_beside_its_reason) {
  target_test::recording_server refusing{target_test::always(500)};
  node->start();
  put("orders", pool_body(list("orders"), {{"target", {{"http", {{"url", refusing.url()}}}}}}));
  push_to_list("orders", R"({"order":1})");
  push_to_list("orders", "\xff\xfe binary");
  ASSERT_TRUE(node->eventually([&] { return redis->run({"LLEN", "orders:dead"}) == "2"; }));
  std::set<std::string> originals;
  for (const auto& text : redis->list({"LRANGE", "orders:dead", "0", "-1"})) {
    const auto envelope = json::parse(text);
    EXPECT_EQ(envelope["pool"], "orders") << text;
    EXPECT_EQ(envelope["reason"], "retries_exhausted") << text;
    EXPECT_THAT(envelope["error"].get<std::string>(), testing::HasSubstr("500")) << text;
    EXPECT_EQ(envelope["attempts"], 2) << text;
    originals.insert(envelope.contains("message") ? envelope["message"].get<std::string>()
                                                  : "base64 " + envelope["message_base64"].get<std::string>());
  }
  EXPECT_THAT(originals, testing::UnorderedElementsAre(R"({"order":1})", "base64 //4gYmluYXJ5"));
  EXPECT_EQ(refusing.requests().size(), 4u);
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["dead_letters"] == 2; })) << pool("orders").dump();
}

TEST_F(pool_life, gives_up_a_message_whose_target_never_answers_and_goes_on_meanwhile) {
  target_test::recording_server hanging{[](auto& connection, const auto& request) {
    if (request.body == "hang")
      connection.wait_for_close();
    else
      connection.answer(200, "ok");
  }};
  node->start();
  put("orders", pool_body(list("orders"), {{"target", {{"http", {{"url", hanging.url()}}}}},
                                           {"timeout", "2s"},
                                           {"retry", {{"delays", {"10ms"}}}},
                                           {"min", 1},
                                           {"max", 1},
                                           {"in_flight", 2}}));
  push_to_list("orders", "hang");
  for (int message = 0; message < 50; ++message) push_to_list("orders", std::to_string(message));
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["succeeded"] == 50; })) << pool("orders").dump();
  EXPECT_EQ(redis->run({"LLEN", "orders:dead"}), "0") << "the others did not wait for it";
  ASSERT_TRUE(node->eventually([&] { return redis->run({"LLEN", "orders:dead"}) == "1"; }));
  const auto letter = json::parse(redis->list({"LRANGE", "orders:dead", "0", "-1"}).at(0));
  EXPECT_EQ(letter["message"], "hang");
  EXPECT_EQ(letter["reason"], "retries_exhausted");
  EXPECT_THAT(letter["error"].get<std::string>(), testing::HasSubstr("2s"));
}

TEST_F(pool_life, buries_a_message_of_50_megabytes_and_goes_on) {
  node->start();
  put("orders", pool_body(list("orders")));
  put("events", pool_body(stream("events")));
  const std::string large(50u << 20, 'x');
  push_to_list("orders", large);
  redis->run({"XADD", "events", "*", "n", large});
  push_to_list("orders", "\"small\"");
  redis->run({"XADD", "events", "*", "n", "small"});
  EXPECT_TRUE(all_handled({"\"small\"", R"({"n":"small"})"}));
  ASSERT_TRUE(node->eventually([&] {
    return redis->run({"LLEN", "orders:dead"}) == "1" && redis->run({"XLEN", "events:dead"}) == "1";
  }));
  const auto letter = json::parse(redis->list({"LRANGE", "orders:dead", "0", "-1"}).at(0));
  EXPECT_EQ(letter["reason"], "too_large");
  EXPECT_EQ(letter["message"].get_ref<const std::string&>().size(), large.size());
  for (const auto* name : {"orders", "events"})
    EXPECT_TRUE(comes_to(name, [](const json& now) { return now["lag"] == 0 && now["failure"].is_null(); }))
        << pool(name).dump();
}

TEST_F(pool_life, begins_in_the_config_file_too_pauses_and_goes_on) {
  node->configure("[redis.a]\nurl = \"" + redis->url() + "\"\n" +
                  "[[pool]]\nname = \"orders\"\nmin = 1\nsource.redis_list = {connection = \"a\", key = \"orders\"}\n"
                  "target.http = {url = \"" +
                  receiver.url("/message") + "\", method = \"POST\"}\n");
  node->start();
  push_to_list("orders", "1");
  ASSERT_TRUE(all_handled({"1"}));
  EXPECT_EQ(node->request("PATCH", "/api/v1/pools/orders", R"({"paused":true})").status, 200);
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["consumers"] == 0; }));
  push_to_list("orders", "2");
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["lag"] == 1; }));
  EXPECT_EQ(node->request("PATCH", "/api/v1/pools/orders", R"({"paused":false})").status, 200);
  ASSERT_TRUE(all_handled({"1", "2"}));
}

TEST_F(pool_life, takes_nothing_more_once_a_pause_or_a_delete_is_answered) {
  node->start();
  for (int round = 0; round < 5; ++round) {
    put("orders", pool_body(list("orders")));
    ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["consumers"] == 2; }));
    EXPECT_EQ(node->request("PATCH", "/api/v1/pools/orders", R"({"paused":true})").status, 200);
    push_to_list("orders", "after the pause");
    ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["consumers"] == 0 && now["lag"] == 1; }));
    EXPECT_THAT(handled(), testing::IsEmpty());
    redis->run({"DEL", "orders"});
    EXPECT_EQ(node->request("PATCH", "/api/v1/pools/orders", R"({"paused":false})").status, 200);
    ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["consumers"] == 2; }));
    EXPECT_EQ(node->request("DELETE", "/api/v1/pools/orders").status, 204);
    push_to_list("orders", "after the delete");
    ASSERT_TRUE(node->eventually([&] { return redis->list({"KEYS", "*:wheelwork:*"}).empty(); }));
    EXPECT_EQ(redis->run({"LLEN", "orders"}), "1");
    EXPECT_THAT(handled(), testing::IsEmpty());
    redis->run({"DEL", "orders"});
  }
}

TEST_F(pool_life, of_a_list_and_a_stream_loses_nothing_when_the_node_is_killed_in_the_middle_of_work) {
  std::mt19937 random{std::random_device{}()};
  node->start();
  put("list", pool_body(list("orders")));
  put("stream", pool_body(stream("events")));
  std::set<std::string> of_list, of_stream;
  for (unsigned long round = 0; round < pool_crash_rounds(); ++round) {
    for (int message = 0; message < 40; ++message) {
      const auto number = std::to_string(round) + "." + std::to_string(message);
      of_list.insert(json("list " + number).dump());
      push_to_list("orders", json("list " + number).dump());
      of_stream.insert(json{{"n", "stream " + number}}.dump());
      redis->run({"XADD", "events", "*", "n", "stream " + number});
    }
    ASSERT_TRUE(node->runs_on_for(milliseconds{std::uniform_int_distribution<int>{0, 150}(random)})) << node->log();
    node->kill();
    node->start();
  }
  EXPECT_TRUE(all_handled(of_list)) << pool("list").dump();
  EXPECT_TRUE(all_handled(of_stream)) << pool("stream").dump();
  // What the last killed node had handled and not acknowledged comes once more when its lease is over.
  const auto nothing_left = [&] {
    return redis->run({"EXISTS", "orders"}) == "0" && redis->list({"KEYS", "*:wheelwork:list:list:*"}).empty() &&
           redis->list({"XPENDING", "events", "g"}).front() == "0";
  };
  ASSERT_TRUE(node->eventually(nothing_left, seconds{60})) << pool("list").dump() << pool("stream").dump();
  EXPECT_EQ(node->terminate(), 0) << node->log();
  EXPECT_TRUE(nothing_left());
}

TEST_F(pool_life, buries_a_message_that_kills_its_node_each_time) {
  const auto pid_file = (folder.path() / "pid").string();
  node->configure("[redis.a]\nurl = \"" + redis->url() + "\"\n[process_target]\nallow = [\"/bin/sh\"]\n");
  const std::string script = "read body; [ \"$body\" != poison ] || kill -9 $(cat " + pid_file +
                             "); echo \"$body\" >> " + (folder.path() / "handled").string();
  const json process{{"target", {{"http", nullptr}, {"process", {{"command", {"/bin/sh", "-c", script}}}}}},
                     {"min", 1}};
  const auto begin = [&] {
    node->start();
    std::ofstream{pid_file} << node->pid();
  };
  begin();
  push_to_list("orders", "poison\n");
  push_to_list("orders", "good\n");
  put("orders", pool_body(list("orders"), process));
  int deaths = 0;
  while (redis->run({"LLEN", "orders:dead"}) == "0" && deaths < 10) {
    if (node->eventually([&] { return redis->run({"LLEN", "orders:dead"}) != "0"; })) break;
    ++deaths;
    node->kill(); // it is dead; this only waits for it
    begin();
  }
  EXPECT_EQ(deaths, 5);
  const auto letter = json::parse(redis->list({"LRANGE", "orders:dead", "0", "-1"}).at(0));
  EXPECT_EQ(letter["message"], "poison\n");
  EXPECT_EQ(letter["reason"], "crashed_consumer");
  push_to_list("orders", "last\n");
  const auto text = [&] {
    std::ifstream file{folder.path() / "handled"};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  EXPECT_TRUE(node->eventually([&] { return text().find("last") != std::string::npos; })) << text();
  EXPECT_THAT(text(), testing::HasSubstr("good"));
  EXPECT_EQ(redis->run({"LLEN", "orders:dead"}), "1") << "what was beside it is not buried with it";
}

TEST_F(pool_life, lets_workers_finish_when_the_node_stops_and_gives_back_what_none_has_begun) {
  node->start();
  put("orders", pool_body(list("orders"), {{"target", {{"http", nullptr}, {"worker", {{"queue", "mail"}}}}}}));
  for (const auto* each : {"1", "2", "3"}) push_to_list("orders", each);
  const json ask{{"queues", {"mail"}}, {"worker", "host-1"}, {"max", 1}, {"wait", "30s"}};
  const auto got = node->request("POST", "/api/v1/workers/poll", ask.dump()).json()["jobs"];
  ASSERT_EQ(got.size(), 1u);
  node->send_signal(SIGTERM);
  // The consumer that has nothing at a worker leaves at once; then its message and those untouched are back.
  ASSERT_TRUE(node->eventually([&] { return redis->run({"LLEN", "orders"}) == "2"; })) << node->log();
  const json ack{{"id", got[0]["id"]}, {"attempt", got[0]["attempt"]}, {"outcome", "succeeded"}};
  EXPECT_EQ(node->request("POST", "/api/v1/workers/ack", ack.dump()).status, 200);
  EXPECT_EQ(node->wait_for_end(), 0) << node->log();
  EXPECT_EQ(redis->run({"LLEN", "orders"}), "2");
  EXPECT_THAT(redis->list({"KEYS", "*wheelwork*"}), testing::Each(testing::Not(testing::HasSubstr("list"))));
}

TEST_F(pool_life, goes_on_by_itself_when_the_server_was_away) {
  node->start();
  put("orders", pool_body(list("orders")));
  put("idle", pool_body(list("idle")));
  push_to_list("orders", "1");
  ASSERT_TRUE(all_handled({"1"}));
  redis->crash();
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return !now["failure"].is_null() && now["lag"].is_null(); }))
      << pool("orders").dump();
  EXPECT_EQ(node->request("GET", "/readyz").status, 200) << "jobs go on";
  EXPECT_EQ(pool("orders")["consumers"], 2) << "what can't be read is not zero";
  redis->start();
  push_to_list("orders", "2");
  EXPECT_TRUE(all_handled({"1", "2"}));
  ASSERT_TRUE(comes_to("orders", [](const json& now) { return now["failure"].is_null(); })) << pool("orders").dump();
}

TEST_F(pool_life, of_a_key_of_another_type_is_an_error_in_words_and_disturbs_no_other) {
  redis->run({"SET", "wrong", "text"});
  node->start();
  put("wrong", pool_body(list("wrong")));
  put("orders", pool_body(list("orders")));
  push_to_list("orders", "1");
  EXPECT_TRUE(all_handled({"1"}));
  ASSERT_TRUE(comes_to("wrong", [](const json& now) { return now["failure"].is_string(); })) << pool("wrong").dump();
  EXPECT_THAT(pool("wrong")["failure"].get<std::string>(), testing::HasSubstr("wrong"));
  redis->run({"DEL", "wrong"});
  push_to_list("wrong", "2");
  EXPECT_TRUE(all_handled({"1", "2"}));
}

TEST_F(pool_life, with_a_journal_makes_each_message_a_job) {
  node->start();
  put("orders", pool_body(list("orders"), {{"journal", true}}));
  for (int order = 0; order < 50; ++order) push_to_list("orders", std::to_string(order));
  const auto finished = [&] {
    return node->request("GET", "/api/v1/jobs?label=pool:orders&state=succeeded&limit=1000").json()["items"].size();
  };
  EXPECT_TRUE(node->eventually([&] { return finished() == 50; })) << pool("orders").dump();
  EXPECT_EQ(handled().size(), 50u);
}

TEST_F(pool_life, writes_down_what_it_decided_and_why) {
  node->start();
  put("orders", pool_body(list("orders")));
  json events;
  ASSERT_TRUE(node->eventually([&] {
    events = node->request("GET", "/api/v1/pools/orders/events").json()["items"];
    return !events.empty();
  }));
  EXPECT_EQ(events[0]["kind"], "scaled") << events.dump();
  EXPECT_EQ(events[0]["consumers"], 2) << events.dump();
  EXPECT_TRUE(events[0].contains("lag")) << events.dump();
}

} // namespace

} // namespace wheelwork::app_test
