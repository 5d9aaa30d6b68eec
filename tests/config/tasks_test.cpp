// [[task]] in the file.
#include "config/definition_tables.hpp"
#include "messages/json.hpp"
#include "tests/config/config_folder.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tasks_test = config_folder;

TEST_F(tasks_test, a_task_in_the_file_equals_the_same_one_sent_to_the_api) {
  variables_["HOST"] = "example.org";
  auto loaded =
      load("[[task]]\nname = \"nightly\"\nschedule = {cron = \"30 2 * * *\", time_zone = \"Europe/Berlin\"}\n"
           "target.http = {url = \"https://${HOST}/x\", headers = {X-Token = \"${env:TOKEN}\"}}\n"
           "payload = {day = \"today\", count = 3, share = 0.5, deep = [[1], [2]]}\nretry = {limit = 2, delays = "
           "[\"5s\", \"1m\"]}\n"
           "starts_at = 2027-01-01T00:00:00Z\n"
           "[[task]]\nname = \"second\"\n[task.schedule]\nevery = \"5s\"\n[task.target.native]\nhandler = \"noop\"\n");
  ASSERT_TRUE(loaded.has_value()) << shown(loaded.error()).front();
  ASSERT_EQ(loaded->tasks.size(), 2u);
  auto body =
      nlohmann::json::parse(R"({"name": "nightly", "schedule": {"cron": "30 2 * * *", "time_zone": "Europe/Berlin"},
    "target": {"http": {"url": "https://example.org/x", "headers": {"X-Token": "${env:TOKEN}"}}},
    "payload": {"day": "today", "count": 3, "share": 0.5, "deep": [[1], [2]]}, "retry": {"limit": 2, "delays": ["5s", "1m"]},
    "starts_at": "2027-01-01T00:00:00Z"})");
  auto sent = task_from_json(body, "nightly", {.now = request("").now, .base_pointer = {}, .payload_text = {}});
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(loaded->tasks[0].spec, sent->spec);
  EXPECT_EQ(loaded->tasks[0].body.data(), sent->body.data());
  EXPECT_EQ(loaded->tasks[1].name, "second");
}

TEST_F(tasks_test, faults_carry_the_line_of_the_member) {
  auto faults =
      faults_of("[[task]]\nname = \"a\"\nschedule = {cron = \"61 * * * *\"}\ntarget.native = {handler = \"noop\"}\n"
                "[[task]]\nname = \"b\"\nschedul = {every = \"1s\"}\n[task.target.http]\nurl = \"https://x.org\"\n"
                "headers = {A = \"b\"}\nredirects = 99\n");
  EXPECT_THAT(faults, ::testing::Contains(StartsWith("wheelwork.toml:3: task[0].schedule.cron: ")));
  EXPECT_THAT(faults, ::testing::Contains(StartsWith("wheelwork.toml:7: task[1].schedul: ")));
  EXPECT_THAT(faults, ::testing::Contains(StartsWith("wheelwork.toml:11: task[1].target.http.redirects: ")));
}

TEST_F(tasks_test, names_and_external_ids_must_differ) {
  const std::string rest = "schedule = {every = \"1s\"}\ntarget.native = {handler = \"noop\"}\n";
  EXPECT_THAT(
      faults_of("[[task]]\nname = \"a\"\n" + rest + "external_id = \"1\"\n[[task]]\nname = \"a\"\n" + rest +
                "[[task]]\nname = \"c\"\nexternal_id = \"1\"\n" + rest),
      ElementsAre("wheelwork.toml:7: task[1].name: \"a\" is the name of an earlier task, too; names must differ",
                  "wheelwork.toml:12: task[2].external_id: \"1\" is that of an earlier task, too; they must differ"));
}

TEST_F(tasks_test, numbers_that_json_has_not_are_faults) {
  EXPECT_THAT(faults_of("[[task]]\nname = \"a\"\npayload = {x = inf}\n"),
              ElementsAre(AllOf(StartsWith("wheelwork.toml:1: task[0]: "), HasSubstr("not finite"))));
}

} // namespace
} // namespace wheelwork
