// The configuration file of the delay_queue service, as its users have it.
#include "app/delay_queue_config.hpp"
#include "tests/app/delay_queue_yaml.hpp"
#include "tests/app/program.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

delay_queue_config read(const std::string& text) {
  auto config = read_delay_queue_config(text, "config.yaml");
  if (!config) throw std::runtime_error{to_string(config.error().front())};
  return *config;
}

std::vector<std::string> faults_of(const std::string& text) {
  std::vector<std::string> faults;
  if (const auto config = read_delay_queue_config(text, "config.yaml"); !config)
    for (const auto& fault : config.error()) faults.push_back(to_string(fault));
  return faults;
}

TEST(delay_queue_config, reads_the_file_that_the_service_is_shipped_with) {
  const auto config = read(delay_queue_yaml);
  EXPECT_EQ(config.front.listen, "0.0.0.0:8080");
  EXPECT_EQ(config.front.redis, "delay_queue");
  EXPECT_EQ(config.front.queue_key, "delay_queue_task");
  EXPECT_EQ(config.front.retry_time_config, "1_5,2_15,3_30,4_180,5_3600,6_7200");
  EXPECT_EQ(config.front.max_retry_num, 6u);
  EXPECT_EQ(config.front.retry_default_time, 60u);
  EXPECT_EQ(config.front.time_interval, 10u);
  EXPECT_EQ(config.redis_url, "redis://127.0.0.1:6379/0");
  EXPECT_EQ(config.database_url, "mysql://root:root@127.0.0.1:3306/gin");
  EXPECT_EQ(config.table_prefix, "hs_");
  EXPECT_EQ(config.slots, 60u);
}

class delay_queue_settings : public program_test {};

// What is printed must be what a node starts with, and mean the same.
TEST_F(delay_queue_settings, are_taken_by_a_node_as_they_are_printed) {
  for (const std::string& yaml :
       {std::string{delay_queue_yaml}, std::string{"queue: {key: 'a\"b\\中'}"},
        std::string{"server: {host: 127.0.0.1, port: 9}\nqueue:\n  retry_time_config: [2_7, 1_3]\n  max_retry_num: 4"},
        std::string{"redis: {host: '::1', db_name: 3, db_pwd: 's\"x'}\nserver: {host: '::'}"}}) {
    const auto config = read(yaml);
    config_request request;
    request.file = write("wheelwork.toml", toml_of(config, "config.yaml"));
    request.variable = [](const std::string&) { return std::nullopt; };
    const auto loaded = load_settings(request);
    ASSERT_TRUE(loaded.has_value()) << to_string(loaded.error().front()) << "\n" << toml_of(config, "config.yaml");
    const auto& front = loaded->delay_queue;
    EXPECT_EQ(front.listen, config.front.listen);
    EXPECT_EQ(front.allow_networks, config.front.allow_networks);
    EXPECT_EQ(front.redis, config.front.redis);
    EXPECT_EQ(front.queue_key, config.front.queue_key);
    EXPECT_EQ(front.retry_time_config, config.front.retry_time_config);
    EXPECT_EQ(front.max_retry_num, config.front.max_retry_num);
    EXPECT_EQ(front.retry_default_time, config.front.retry_default_time);
    EXPECT_EQ(front.time_interval, config.front.time_interval);
    if (!config.redis_url.empty()) {
      EXPECT_EQ(loaded->brokers.redis.at("delay_queue").url, config.redis_url);
    }
  }
}

TEST(delay_queue_config, says_what_the_service_did_not_do_with_its_own_settings) {
  const auto config = read("redis: {db_name: 3, db_pwd: hush}");
  EXPECT_EQ(config.redis_url, "redis://127.0.0.1:6379/0");
  EXPECT_THAT(config.notes, Contains(HasSubstr("database 0")));
  EXPECT_THAT(config.notes, Contains(HasSubstr("never sent it")));
  EXPECT_THAT(toml_of(config, "config.yaml"), Not(HasSubstr("hush")));
}

TEST(delay_queue_config, off_loopback_the_printed_front_says_who_may_call) {
  EXPECT_THAT(read("server: {host: 127.0.0.1}").front.allow_networks, IsEmpty());
  EXPECT_THAT(read("server: {host: 127.0.0.1}").notes, IsEmpty());
  EXPECT_THAT(read("server: {host: }").front.allow_networks, Contains("10.0.0.0/8"));
  EXPECT_EQ(read("server: {host: }").front.listen, "0.0.0.0:8080") << "as Go listens without a host";
}

TEST(delay_queue_config, passwords_may_hold_anything) {
  EXPECT_EQ(read("master_db: {db_user: 'a@b', db_pwd: 'p:/?#%', db_name: gin}").database_url,
            "mysql://a%40b:p%3A%2F%3F%23%25@127.0.0.1:3306/gin");
  EXPECT_EQ(read("{}").database_url, "");
}

TEST(delay_queue_config, names_every_fault_with_its_line) {
  EXPECT_THAT(faults_of("server:\n  host: 'a b'\n  port: 70000\nqueue:\n  max_retry_num: six\n  retry_time_config: "
                        "[1_5,x]\nredis: 7\nmaster_db:\n  prefix: 'h-'\n"),
              ElementsAre("config.yaml:7: redis: must be a section with keys",
                          "config.yaml:2: server.host: must be a host or an address",
                          "config.yaml:3: server.port: must be a whole number from 1 to 65535",
                          "config.yaml:5: queue.max_retry_num: must be a whole number from 0 to 1000",
                          ::testing::StartsWith("config.yaml:6: queue.retry_time_config: "),
                          "config.yaml:9: master_db.prefix: must be of letters, digits and _",
                          "config.yaml:9: master_db.db_name: is missing: it is the database that has the tables"));
}

TEST(delay_queue_config, what_is_no_yaml_or_another_yaml_is_refused) {
  EXPECT_THAT(faults_of("server: {host: [}\n"), ElementsAre(HasSubstr("config.yaml:1: ")));
  EXPECT_THAT(faults_of("server:\n\t- x\n"), ElementsAre(HasSubstr("config.yaml:2: ")));
  for (const auto* text : {"", "7", "[a]", "text"})
    EXPECT_THAT(faults_of(text), ElementsAre(HasSubstr("must have the sections"))) << text;
  EXPECT_THAT(faults_of(std::string(100'000, '[')), Not(IsEmpty()));
}

} // namespace
} // namespace wheelwork
