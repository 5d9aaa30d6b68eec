// [redis.NAME], [kafka.NAME] and the [[pool]] tables that name them.
#include "config/definition_tables.hpp"
#include "messages/json.hpp"
#include "tests/config/config_folder.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using connections_test = config_folder;

const std::string redis_a = "[redis.a]\nurl = \"redis://h\"\n";
const std::string pool_rest = "source.redis_list = {connection = \"a\", key = \"k\"}\ntarget.native = {handler = "
                              "\"noop\"}\n";

TEST_F(connections_test, are_read_by_name) {
  auto loaded =
      load("[redis.main]\nurl = \"redis://me:hush@h:6380/2\"\n[redis.local]\nurl = \"unix:///run/r.sock?db=1\"\n"
           "[kafka.k]\nbrokers = \"a:9092,b\"\noptions = {\"security.protocol\" = \"SSL\", "
           "\"socket.keepalive.enable\" = true, \"fetch.max.bytes\" = 1048576}\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->brokers.redis.at("main").url, "redis://me:hush@h:6380/2");
  EXPECT_EQ(loaded->brokers.redis.at("local").url, "unix:///run/r.sock?db=1");
  EXPECT_EQ(loaded->brokers.kafka.at("k").brokers, "a:9092,b");
  EXPECT_THAT(loaded->brokers.kafka.at("k").options,
              ElementsAre(Pair("fetch.max.bytes", "1048576"), Pair("security.protocol", "SSL"),
                          Pair("socket.keepalive.enable", "true")));
}

TEST_F(connections_test, secrets_may_stand_in_files_and_variables) {
  auto url = write("url", "redis://:pass@h\n");
  auto password = write("password", "hush\n");
  variables_["HOST"] = "broker";
  auto loaded =
      load("[redis.a]\nurl = \"file:" + url +
           "\"\n[kafka.b]\nbrokers = \"${HOST}:9092\"\noptions = {\"sasl.password\" = \"file:" + password + "\"}\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->brokers.redis.at("a").url, "redis://:pass@h");
  EXPECT_EQ(loaded->brokers.kafka.at("b").brokers, "broker:9092");
  EXPECT_EQ(loaded->brokers.kafka.at("b").options.at("sasl.password"), "hush");
  EXPECT_THAT(faults_of("[redis.a]\nurl = \"file:/no/such\"\n"),
              ElementsAre(AllOf(StartsWith("wheelwork.toml:2: redis.a.url: "), HasSubstr("/no/such"))));
}

TEST_F(connections_test, later_layers_win) {
  const std::string text =
      redis_a + "[env.release.redis.a]\nurl = \"redis://other\"\n[env.release.redis.b]\nurl = \"redis://b\"\n";
  auto asked = request(text);
  asked.environment = "release";
  auto loaded = load_settings(asked);
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->brokers.redis.at("a").url, "redis://other");
  EXPECT_EQ(loaded->brokers.redis.at("b").url, "redis://b");
  variables_["WHEELWORK_REDIS__A__URL"] = "redis://variable";
  EXPECT_EQ(load(text)->brokers.redis.at("a").url, "redis://variable");
  asked = request(text);
  asked.overrides = {"redis.a.url=redis://line", "kafka.k.brokers=h:1", "kafka.k.options={\"client.id\" = \"me\"}"};
  loaded = load_settings(asked);
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  EXPECT_EQ(loaded->brokers.redis.at("a").url, "redis://line");
  EXPECT_EQ(loaded->brokers.kafka.at("k").options.at("client.id"), "me");
  asked.overrides = {"redis.a=redis://line", "redis.a.key=x"};
  EXPECT_THAT(faults_of(asked), ElementsAre("--set: redis.a: must name a member of a connection: redis.NAME.url",
                                            "--set: redis.a.key: must name a member of a connection: redis.NAME.url"));
}

TEST_F(connections_test, faults_carry_their_line_and_show_no_password) {
  auto faults = faults_of(
      "[redis.a]\nurl = \"http://me:hush@h\"\n[redis.b]\nuri = \"redis://h\"\n[redis.\"c d\"]\nurl = "
      "\"redis://:hush@h:99999\"\n[kafka.k]\nbrokers = \"a b\"\n[kafka.l]\nbrokers = \"h\"\n"
      "options = {\"group.id\" = \"x\", \"bootstrap.servers\" = \"h\", list = [1]}\n[kafka.m]\noptions.a.b = \"x\"\n");
  for (const auto* expected :
       {"wheelwork.toml:2: redis.a.url: must be redis://", "wheelwork.toml:3: redis.b: needs url",
        "wheelwork.toml:4: redis.b.uri: unknown key; did you mean \"url\"?; it has url",
        "wheelwork.toml:5: redis.c d: \"c d\" can't be the name of a connection",
        "wheelwork.toml:6: redis.c d.url: has a port", "wheelwork.toml:8: kafka.k.brokers: \"a b\" must be HOST:PORT",
        "wheelwork.toml:11: kafka.l.options.group.id: is set by wheelwork itself",
        "wheelwork.toml:11: kafka.l.options.bootstrap.servers: stands beside the options",
        "wheelwork.toml:11: kafka.l.options.list: is an array", "kafka.m: needs brokers",
        "kafka.m.options.a: is a table; write names of settings in quotes"})
    EXPECT_THAT(faults, Contains(HasSubstr(expected)));
  for (const auto& fault : faults) EXPECT_THAT(fault, Not(HasSubstr("hush")));
  EXPECT_THAT(faults_of("redis = 3\n"),
              ElementsAre("wheelwork.toml:1: redis: is an integer, must be tables: [redis.NAME]"));
  EXPECT_THAT(faults_of("[redis]\nurl = \"redis://h\"\n"),
              ElementsAre(HasSubstr("wheelwork.toml:2: redis.url: is a string")));
}

TEST_F(connections_test, urls_of_redis) {
  auto check = [&](const std::string& url) { return load("[redis.a]\nurl = \"" + url + "\"\n").has_value(); };
  for (const char* good : {"redis://h", "redis://h:1", "redis://h/15", "redis://:p%40ss@h", "redis://u:p@[::1]:6379/0",
                           "unix:///run/redis.sock", "unix://u:p@/run/redis.sock?db=3"})
    EXPECT_TRUE(check(good)) << good;
  for (const char* wrong : {"", "h:6379", "redis://", "redis://:p@", "redis://h:0", "redis://h:x", "redis://h:65536",
                            "redis://h/x", "redis://[::1", "rediss://h", "unix://run/redis.sock", "unix:///"})
    EXPECT_FALSE(check(wrong)) << wrong;
}

TEST_F(connections_test, a_change_needs_a_restart) {
  auto running = load(redis_a + "[kafka.k]\nbrokers = \"h\"\n");
  auto changed = load("[redis.a]\nurl = \"redis://other\"\n[redis.b]\nurl = \"redis://h\"\n");
  EXPECT_THAT(needs_restart(*running, *changed), ElementsAre("redis.a", "redis.b", "kafka.k"));
}

TEST_F(connections_test, a_pool_in_the_file_equals_the_same_one_sent_to_the_api) {
  auto loaded =
      load(redis_a + "[[pool]]\nname = \"orders\"\nsource.redis_list = {connection = \"a\", key = \"orders\"}\n"
                     "target.http = {url = \"https://x.org\", headers = {X-Token = \"${env:TOKEN}\"}}\nmin = 2\n"
                     "policy.lag_step = {lag_limit = 10, hold = \"1m\"}\nenvironments = [\"dev\"]\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  ASSERT_EQ(loaded->pools.size(), 1u);
  auto sent = pool_from_text(R"({"name":"orders","source":{"redis_list":{"connection":"a","key":"orders"}},
    "target":{"http":{"url":"https://x.org","headers":{"X-Token":"${env:TOKEN}"}}},"min":2,
    "policy":{"lag_step":{"lag_limit":10,"hold":"1m"}},"environments":["dev"]})",
                             "orders", {.now = request("").now, .base_pointer = {}, .payload_text = {}});
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(loaded->pools[0].spec, sent->spec);
}

TEST_F(connections_test, faults_of_pools_carry_the_line_of_the_member) {
  EXPECT_THAT(
      faults_of(redis_a + "[[pool]]\nname = \"p\"\n" + pool_rest + "min = 3\nmax = 2\n[[pool]]\nname = \"p\"\n" +
                pool_rest +
                "[[pool]]\nname = \"q\"\nsource.kafka = {connection = \"k\", topic = \"t\", group = \"g\"}\n"
                "target.native = {handler = \"noop\"}\n[[pool]]\nname = \"p\"\n" +
                pool_rest),
      ElementsAre(StartsWith("wheelwork.toml:7: pool[0].min: min is 3 and must not be above max"),
                  StartsWith("wheelwork.toml:15: pool[2].source.kafka.connection: no connection `k` is configured"),
                  "wheelwork.toml:18: pool[3].name: \"p\" is the name of an earlier pool, too; names must differ"));
  EXPECT_THAT(faults_of("pool = 5\n"), ElementsAre("wheelwork.toml:1: pool: is an integer, must be an array of tables: "
                                                   "write [[pool]] with two brackets"));
}

} // namespace
} // namespace wheelwork
