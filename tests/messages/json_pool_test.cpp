#include "messages/pool.hpp"
#include "tests/messages/json_helpers.hpp"

#include <gtest/gtest.h>

#include <random>

namespace wheelwork {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string list_source = R"("source":{"redis_list":{"connection":"a","key":"orders"}})";
const std::string stream_source = R"("source":{"redis_stream":{"connection":"a","key":"orders","group":"g"}})";
const std::string topic_source = R"("source":{"kafka":{"connection":"k","topic":"orders","group":"g"}})";

/// A pool that is right but for these members.
std::string pool_with(const std::string& members, const std::string& source = list_source) {
  return R"({"name":"p",)" + source + "," + noop_target + (members.empty() ? "" : "," + members) + "}";
}

pool_definition decoded_pool(const std::string& text) {
  auto read = pool_from_text(text, "", test_context);
  if (!read) throw std::runtime_error(read.error().front().pointer + " " + read.error().front().message);
  return *std::move(read);
}

json_faults faults_of(const std::string& text) {
  auto read = pool_from_text(text, "", test_context);
  return read ? json_faults{} : read.error();
}
std::vector<std::string> pool_faults(const std::string& text) { return pointers_of(faults_of(text)); }

result<pool_definition, json_faults> patched(const pool_definition& pool, const std::string& patch) {
  auto body = parse_json_body(patch);
  return pool_from_merge_patch(pool, *body->value, test_context);
}

TEST(json_pool, the_pool_of_the_contract_is_read_and_written_back) {
  auto pool = decoded_pool(
      R"({"name":"orders","source":{"redis_list":{"connection":"a","key":"orders","take":"left"}},
 "target":{"http":{"url":"https://example.org/order"}},"min":2,"max":12,"policy":{"drain":{"within":"45s"}},
 "retry":{"delays":["5s","1m"]},"timeout":"20s","dead_letter":"orders:given-up","order":"partition","journal":true,
 "paused":true,"environments":["release"],"partition":"eu","in_flight":8})");
  EXPECT_EQ(pool.name, "orders");
  auto& source = std::get<redis_list_source>(pool.source);
  EXPECT_EQ(source.connection, "a");
  EXPECT_EQ(source.key, "orders");
  EXPECT_EQ(source.take, redis_target::list_end::left);
  EXPECT_EQ(std::get<http_target>(pool.how->how).url, "https://example.org/order");
  EXPECT_EQ(pool.min, 2u);
  EXPECT_EQ(pool.max, 12u);
  EXPECT_EQ(std::get<drain_policy>(pool.policy).within, milliseconds{45'000});
  EXPECT_EQ(pool.how->retry.delays.size(), 2u);
  EXPECT_EQ(pool.how->timeout, milliseconds{20'000});
  EXPECT_EQ(pool.dead_letter, "orders:given-up");
  EXPECT_EQ(pool.order, message_order::partition);
  EXPECT_EQ(pool.in_flight, 8u);
  EXPECT_TRUE(pool.journal);
  EXPECT_TRUE(pool.paused);
  EXPECT_THAT(pool.environments, ElementsAre("release"));
  EXPECT_EQ(pool.partition, "eu");
  EXPECT_EQ(decoded_pool(pool.spec).spec, pool.spec);
  EXPECT_EQ(pool_from_json(pool_to_json(pool), "orders", test_context)->spec, pool.spec);
}

TEST(json_pool, defaults_are_spelled_out) {
  auto pool = decoded_pool(pool_with(""));
  auto spec = nlohmann::json::parse(pool.spec);
  EXPECT_EQ(spec["min"], 1);
  EXPECT_EQ(spec["max"], 10);
  EXPECT_EQ(spec["policy"], nlohmann::json::parse(R"({"drain":{"within":"30s"}})"));
  EXPECT_EQ(spec["retry"], nlohmann::json::parse(R"({"limit":3,"initial":"1s","factor":2.0,"max":"1h","jitter":0.1})"));
  EXPECT_EQ(pool.how->timeout, milliseconds{60'000});
  EXPECT_EQ(spec["dead_letter"], "orders:dead");
  EXPECT_EQ(spec["order"], "none");
  EXPECT_EQ(spec["in_flight"], 1);
  EXPECT_EQ(spec["journal"], false);
  EXPECT_EQ(spec["paused"], false);
  EXPECT_EQ(spec["environments"], nlohmann::json::array());
  EXPECT_EQ(spec["partition"], "");
  EXPECT_EQ(spec["source"]["redis_list"]["take"], "right");
  EXPECT_EQ(pool.how->delivery, delivery_mode::at_least_once);
  EXPECT_EQ(decoded_pool(pool_with(R"("timeout":"1m","max":10)")).spec, pool.spec) << "equal bodies are equal texts";
}

TEST(json_pool, defaults_follow_the_source) {
  auto stream = decoded_pool(pool_with("", stream_source));
  EXPECT_EQ(stream.dead_letter, "orders:dead");
  EXPECT_EQ(stream.order, message_order::none);
  EXPECT_EQ(std::get<redis_stream_source>(stream.source).group, "g");
  auto kafka = decoded_pool(pool_with("", topic_source));
  EXPECT_EQ(kafka.dead_letter, "orders.dead");
  EXPECT_EQ(kafka.order, message_order::partition);
  EXPECT_EQ(decoded_pool(kafka.spec).spec, kafka.spec);
  EXPECT_EQ(decoded_pool(pool_with(R"("order":"none")", topic_source)).order, message_order::none);
  auto by_key = decoded_pool(pool_with(R"("order":"key")", topic_source));
  EXPECT_EQ(by_key.order, message_order::key);
  EXPECT_EQ(decoded_pool(by_key.spec).order, message_order::key);
}

TEST(json_pool, lag_step_has_the_parameters_of_the_old_monitor) {
  auto policy = std::get<lag_step_policy>(decoded_pool(pool_with(R"("policy":{"lag_step":{}})")).policy);
  EXPECT_EQ(policy, lag_step_policy{});
  EXPECT_EQ(policy.lag_limit, 5000u);
  EXPECT_EQ(policy.messages_per_consumer, 1000u);
  EXPECT_EQ(policy.hold, milliseconds{180'000});
  EXPECT_EQ(policy.interval, milliseconds{180'000});
  auto other = decoded_pool(pool_with(
      R"("policy":{"lag_step":{"lag_limit":20000,"messages_per_consumer":10000,"hold":"1m","interval":"30s"}})"));
  EXPECT_EQ(std::get<lag_step_policy>(other.policy),
            (lag_step_policy{20000, 10000, milliseconds{60'000}, milliseconds{30'000}}));
  EXPECT_EQ(decoded_pool(other.spec).spec, other.spec);
}

TEST(json_pool, counts) {
  EXPECT_EQ(decoded_pool(pool_with(R"("min":20)")).max, 20u) << "max was not given";
  EXPECT_EQ(decoded_pool(pool_with(R"("min":0)")).min, 0u);
  EXPECT_THAT(pool_faults(pool_with(R"("min":5,"max":4)")), ElementsAre("/min"));
  EXPECT_THAT(pool_faults(pool_with(R"("min":0,"max":0)")), ElementsAre("/max"));
  EXPECT_THAT(pool_faults(pool_with(R"("max":1001)")), ElementsAre("/max"));
  EXPECT_THAT(pool_faults(pool_with(R"("min":1001)")), ElementsAre("/min"));
  EXPECT_EQ(decoded_pool(pool_with(R"("min":1000)")).max, 1000u);
  EXPECT_THAT(pool_faults(pool_with(R"("min":-1,"max":"5","in_flight":0)")),
              UnorderedElementsAre("/min", "/max", "/in_flight"));
  EXPECT_THAT(pool_faults(pool_with(R"("in_flight":10001)")), ElementsAre("/in_flight"));
}

TEST(json_pool, a_source_is_exactly_one_of_three) {
  auto with = [](const std::string& source) { return pool_faults(pool_with("", "\"source\":" + source)); };
  EXPECT_THAT(with("{}"), ElementsAre("/source"));
  EXPECT_THAT(with("\"orders\""), ElementsAre("/source"));
  EXPECT_THAT(with(R"({"rabbit":{}})"), ElementsAre("/source"));
  EXPECT_THAT(with(R"({"redis_list":{"connection":"a","key":"b"},"kafka":{}})"), ElementsAre("/source"));
  EXPECT_THAT(with(R"({"redis_list":{}})"),
              UnorderedElementsAre("/source/redis_list/connection", "/source/redis_list/key"));
  EXPECT_THAT(with(R"({"redis_stream":{"connection":"a","key":"b"}})"), ElementsAre("/source/redis_stream/group"));
  EXPECT_THAT(with(R"({"kafka":{"connection":"a"}})"),
              UnorderedElementsAre("/source/kafka/topic", "/source/kafka/group"));
  EXPECT_THAT(with(R"({"kafka":{"connection":"a","topic":"no blanks","group":"g"}})"), Contains("/source/kafka/topic"));
  EXPECT_THAT(with(R"({"redis_list":{"connection":"a","key":"b","take":"top","group":"g"}})"),
              UnorderedElementsAre("/source/redis_list/take", "/source/redis_list/group"));
  EXPECT_THAT(pool_faults("{\"name\":\"p\"," + noop_target + "}"), ElementsAre("/source"));
}

TEST(json_pool, delivery_and_history_have_no_choice) {
  auto faults = faults_of(pool_with(R"("delivery":"at_most_once","history":"none")"));
  EXPECT_THAT(pointers_of(faults), UnorderedElementsAre("/delivery", "/history"));
  EXPECT_THAT(faults[0].message, HasSubstr("always delivers at least once"));
  EXPECT_THAT(pool_faults(pool_with(R"("delivery":"at_least_once")")), ElementsAre("/delivery"));
}

TEST(json_pool, dead_letters_go_elsewhere) {
  EXPECT_THAT(pool_faults(pool_with(R"("dead_letter":"orders")")), ElementsAre("/dead_letter"));
  EXPECT_THAT(pool_faults(pool_with(R"("dead_letter":"orders")", topic_source)), ElementsAre("/dead_letter"));
  EXPECT_THAT(pool_faults(pool_with(R"("dead_letter":"a:b")", topic_source)), ElementsAre("/dead_letter"));
  EXPECT_THAT(pool_faults(pool_with(R"("dead_letter":"")")), ElementsAre("/dead_letter"));
  auto long_topic = std::string(245, 't');
  EXPECT_THAT(pool_faults(pool_with("", R"("source":{"kafka":{"connection":"a","topic":")" + long_topic +
                                            R"(","group":"g"}})")),
              ElementsAre("/dead_letter"))
      << "the default would be too long";
}

TEST(json_pool, a_target_must_not_feed_its_own_source) {
  redis_list_source list{.connection = "a", .key = "orders"};
  kafka_source topic{.connection = "a", .topic = "orders", .group = "g"};
  EXPECT_TRUE(writes_to_its_source(list, redis_target{.connection = "a", .key = "orders"}));
  EXPECT_FALSE(writes_to_its_source(list, redis_target{.connection = "b", .key = "orders"}));
  EXPECT_FALSE(writes_to_its_source(list, redis_target{.connection = "a", .key = "other"}));
  EXPECT_FALSE(writes_to_its_source(list, kafka_target{.connection = "a", .topic = "orders", .key = ""}));
  EXPECT_TRUE(writes_to_its_source(topic, kafka_target{.connection = "a", .topic = "orders", .key = ""}));
  EXPECT_FALSE(writes_to_its_source(topic, redis_target{.connection = "a", .key = "orders"}));
  EXPECT_FALSE(writes_to_its_source(topic, kafka_target{.connection = "a", .topic = "other", .key = ""}));
}

TEST(json_pool, all_faults_are_told_at_once) {
  EXPECT_THAT(pool_faults(R"({"name":"a/b","source":{"redis_list":{"connection":"","key":"k"}},"target":{},"min":-1,
    "policy":{"drain":{"within":"soon"}},"retry":{"limit":-1},"timeout":"0s","order":"any","journal":1,"paused":"no",
    "environments":"dev","partition":3,"size":4})"),
              UnorderedElementsAre("/name", "/source/redis_list/connection", "/target", "/min", "/policy/drain/within",
                                   "/retry/limit", "/timeout", "/order", "/journal", "/paused", "/environments",
                                   "/partition", "/size"));
  EXPECT_THAT(pool_faults("[]"), ElementsAre(""));
  EXPECT_THAT(pool_faults(pool_with(R"("policy":{"drain":{},"lag_step":{}})")), ElementsAre("/policy"));
  EXPECT_THAT(pool_faults(pool_with(R"("policy":"drain")")), ElementsAre("/policy"));
  EXPECT_THAT(pool_faults(pool_with(R"("order":"key")")), ElementsAre("/order")) << "only Kafka has keys";
  EXPECT_THAT(pool_faults(pool_with(R"("policy":{"lag_step":{"lag_limit":-1,"messages_per_consumer":0,"hold":"0s"}})")),
              UnorderedElementsAre("/policy/lag_step/lag_limit", "/policy/lag_step/messages_per_consumer",
                                   "/policy/lag_step/hold"));
  EXPECT_THAT(pool_faults("{"), ElementsAre(""));
}

TEST(json_pool, the_name_of_the_address_counts) {
  auto nameless = "{" + list_source + "," + noop_target + "}";
  EXPECT_EQ(pool_from_text(nameless, "here", test_context)->name, "here");
  EXPECT_THAT(pool_faults(nameless), ElementsAre("/name"));
  auto other = pool_from_text(pool_with(""), "other", test_context);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().front().message, HasSubstr("names the pool `other`"));
}

TEST(json_pool, a_merge_patch_changes_what_it_names) {
  auto pool = decoded_pool(pool_with(R"("min":2,"retry":{"delays":["5s"]})"));
  auto paused = patched(pool, R"({"paused":true})");
  ASSERT_TRUE(paused);
  EXPECT_TRUE(paused->paused);
  EXPECT_EQ(paused->how, pool.how);
  EXPECT_EQ(paused->min, 2u);
  auto key = patched(pool, R"({"source":{"redis_list":{"key":"others"}}})");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->dead_letter, "others:dead") << "a default follows what it came from";
  auto kinds = patched(pool, R"({"source":{"kafka":{"connection":"k","topic":"t","group":"g"}},
    "policy":{"lag_step":{"lag_limit":7}},"target":{"process":{"command":["/bin/true"]}},"retry":{"limit":1,"initial":"1s"}})");
  ASSERT_TRUE(kinds);
  EXPECT_EQ(kinds->dead_letter, "t.dead");
  EXPECT_EQ(kinds->order, message_order::partition);
  EXPECT_EQ(std::get<lag_step_policy>(kinds->policy).lag_limit, 7u);
  EXPECT_EQ(kind_of(kinds->how->how), target_kind::process);
  EXPECT_TRUE(kinds->how->retry.delays.empty());
  EXPECT_EQ(patched(pool, R"({"policy":null})")->policy, scaling_policy{drain_policy{}});
  EXPECT_THAT(pointers_of(patched(pool, R"({"min":11,"nam":1})").error()), UnorderedElementsAre("/min", "/nam"));
  EXPECT_FALSE(patched(pool, R"({"source":null})"));
  EXPECT_FALSE(patched(pool, "[]"));
}

TEST(json_pool, whatever_is_right_comes_back_the_same) {
  std::mt19937 random{20};
  auto number = [&](uint32_t from, uint32_t to) { return std::uniform_int_distribution<uint32_t>{from, to}(random); };
  auto one_of = [&](const std::vector<std::string>& texts) { return texts[number(0, uint32_t(texts.size()) - 1)]; };
  for (int round = 0; round < 300; ++round) {
    auto min = number(0, 1000);
    std::string members = "\"min\":" + std::to_string(min);
    if (number(0, 1)) members += ",\"max\":" + std::to_string(number(std::max(min, 1u), 1000));
    if (number(0, 1))
      members += R"(,"policy":{"lag_step":{"lag_limit":)" + std::to_string(number(0, 99999)) + R"(,"interval":")" +
                 std::to_string(number(100, 99999)) + R"(ms"}})";
    members += one_of({"", R"(,"retry":{"limit":0})", R"(,"retry":{"delays":["1s","90s"]})"});
    members += one_of({"", R"(,"order":"none")", R"(,"order":"partition")"});
    members += one_of({"", R"(,"journal":true)", R"(,"paused":true,"environments":["ä","b"])"});
    if (number(0, 1)) members += ",\"in_flight\":" + std::to_string(number(1, 10'000));
    auto pool = decoded_pool(pool_with(members, one_of({list_source, stream_source, topic_source})));
    auto again = decoded_pool(pool.spec);
    EXPECT_EQ(again.spec, pool.spec) << members;
    EXPECT_EQ(again.how, pool.how) << members;
    EXPECT_LE(again.min, again.max) << members;
    EXPECT_EQ(patched(pool, "{}")->spec, pool.spec) << members;
  }
}

} // namespace
} // namespace wheelwork
