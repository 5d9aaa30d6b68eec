// [front.delay_queue]: a section with a dot in its name.
#include "tests/config/config_folder.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using front_test = config_folder;

TEST_F(front_test, is_off_unless_configured_and_has_the_defaults_of_the_service) {
  const auto loaded = load("");
  ASSERT_TRUE(loaded.has_value());
  const auto& front = loaded->delay_queue;
  EXPECT_EQ(front.listen, "");
  EXPECT_EQ(front.redis, "");
  EXPECT_EQ(front.queue_key, "delay_queue_task");
  EXPECT_EQ(front.retry_time_config, "1_5,2_15,3_30,4_180,5_3600,6_7200");
  EXPECT_EQ(front.max_retry_num, 6u);
  EXPECT_EQ(front.retry_default_time, 60u);
  EXPECT_EQ(front.time_interval, 10u);
}

TEST_F(front_test, is_read_from_file_environment_and_command_line) {
  write("secret", "from the file\n");
  variables_["WHEELWORK_FRONT__DELAY_QUEUE__MAX_RETRY_NUM"] = "4";
  auto asked = request("[redis.main]\nurl = \"redis://127.0.0.1\"\n[front.delay_queue]\nlisten = \"0.0.0.0:8080\"\n"
                       "tokens = [\"one\", \"file:" +
                       (folder_ / "secret").string() +
                       "\"]\nredis = \"main\"\nmax_retry_num = 9\n"
                       "[env.dev.front.delay_queue]\nqueue_key = \"other\"\n");
  asked.overrides = {"front.delay_queue.time_interval=3", "front.delay_queue.allow_networks=10.0.0.0/8,192.168.1.7"};
  const auto loaded = load_settings(asked);
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  const auto& front = loaded->delay_queue;
  EXPECT_EQ(front.listen, "0.0.0.0:8080");
  EXPECT_THAT(front.tokens, ElementsAre("one", "from the file"));
  EXPECT_THAT(front.allow_networks, ElementsAre("10.0.0.0/8", "192.168.1.7"));
  EXPECT_EQ(front.redis, "main");
  EXPECT_EQ(front.queue_key, "other");
  EXPECT_EQ(front.max_retry_num, 4u);
  EXPECT_EQ(front.time_interval, 3u);
}

TEST_F(front_test, tells_every_fault_with_its_line) {
  EXPECT_THAT(
      faults_of("[front.delay_queue]\nlisten = \"0.0.0.0:8080\"\nredis = \"nowhere\"\n"
                "retry_time_config = \"1-5\"\nallow_network = []\n"),
      ElementsAre(HasSubstr("wheelwork.toml:2: front.delay_queue.listen: \"0.0.0.0:8080\" can be reached from "
                            "other machines; that needs tokens or allow_networks"),
                  HasSubstr("wheelwork.toml:3: front.delay_queue.redis: there is no connection [redis.nowhere]"),
                  HasSubstr("wheelwork.toml:4: front.delay_queue.retry_time_config: the step \"1-5\" must be"),
                  HasSubstr("wheelwork.toml:5: front.delay_queue.allow_network: unknown key")));
  EXPECT_THAT(faults_of("[front.taskcentre]\nlisten = \"127.0.0.1:1\"\n"),
              ElementsAre(HasSubstr("front.taskcentre: unknown section")));
  EXPECT_THAT(faults_of("[front]\nlisten = \"127.0.0.1:1\"\n"), ElementsAre(HasSubstr("front.listen: ")));
  EXPECT_THAT(faults_of("[front.delay_queue]\ntokens = [\"file:/does/not/exist\"]\n"),
              Contains(HasSubstr("/does/not/exist can't be read")));
  EXPECT_THAT(faults_of("[front.delay_queue]\ntokens = [\"\"]\nallow_networks = [\"10.0.0.0/40\"]\n"),
              ElementsAre(HasSubstr("tokens: must not have an empty one"), HasSubstr("/0 to /32")));
}

TEST_F(front_test, changes_only_its_access_without_a_restart) {
  const auto before = load("[front.delay_queue]\nlisten = \"127.0.0.1:8080\"\n");
  const auto after = load("[front.delay_queue]\nlisten = \"127.0.0.1:8081\"\ntokens = [\"x\"]\n");
  ASSERT_TRUE(before && after);
  EXPECT_THAT(needs_restart(*before, *after), ElementsAre("front.delay_queue.listen"));
}

} // namespace
} // namespace wheelwork
