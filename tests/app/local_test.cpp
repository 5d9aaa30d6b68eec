// Commands that need no server: help, config, schedule, wrong use.
#include "tests/app/program.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;
using local_test = program_test;

TEST_F(local_test, help_and_version) {
  auto help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const auto* word :
       {"serve", "config", "migrate", "doctor", "schedule", "task", "job", "pool", "node", "--server", "Exit code"})
    EXPECT_THAT(help.out, HasSubstr(word));
  EXPECT_EQ(run({"job", "wait", "--help"}).code, 0);
  auto version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, MatchesRegex("wheelwork [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(local_test, wrong_use_ends_with_2_and_says_why) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"task"},
                                             {"task", "get"},
                                             {"task", "get", "a", "b"},
                                             {"task", "get", ""},
                                             {"job", "wait", ""},
                                             {"job", "push", "/bin/true"},
                                             {"job", "list", "--nonsense"},
                                             {"serve", "--nonsense"},
                                             {"schedule", "next"},
                                             {"schedule", "next", "* * * * *", "--count", "0"},
                                             {"schedule", "next", "* * * * *", "--dialect", "quartz"}}) {
    auto result = run(arguments);
    EXPECT_EQ(result.code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(result.error, StartsWith("wheelwork: ")) << ::testing::PrintToString(arguments);
    EXPECT_EQ(result.out, "") << ::testing::PrintToString(arguments);
  }
}

TEST_F(local_test, a_command_that_does_not_exist_is_named) {
  EXPECT_THAT(run({"nonsense"}).error, StartsWith("wheelwork: there is no command nonsense; "));
  EXPECT_THAT(run({"task", "nonsense"}).error, StartsWith("wheelwork: there is no command nonsense; "));
  EXPECT_THAT(run({"task"}).error, StartsWith("wheelwork: A subcommand is required; "));
  EXPECT_THAT(run({"task", "get"}).error, StartsWith("wheelwork: NAME is required; "));
}

TEST_F(local_test, what_is_not_built_yet_fails_loudly) {
  auto result = run({"node", "drain", "a"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.error, HasSubstr("not built yet"));
}

TEST_F(local_test, config_check) {
  write("good.toml", "[wheel]\nslots = 3\n");
  write("bad.toml", "[wheel]\nslots = 0\n[env.test.log]\nlevle = \"info\"\n[env.prod.node]\nname = \"${NOPE}\"\n");
  auto good = run({"config", "check", "good.toml"});
  EXPECT_EQ(good.code, 0) << good.error;
  auto bad = run({"config", "check", "bad.toml"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.error, "bad.toml:2: wheel.slots: 0 is out of range, must be 1 to 10000\n"
                       "bad.toml:4: env.test.log.levle: unknown key in [log]; did you mean \"level\"?\n");
  EXPECT_THAT(run({"config", "check", "bad.toml", "--env", "prod"}).error,
              HasSubstr("bad.toml:6: node.name: the environment variable NOPE is not set"));
  auto missing = run({"config", "check", "none.toml"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.error, StartsWith("none.toml: can't be read: "));
}

TEST_F(local_test, config_check_finds_what_only_the_parts_know) {
  write("parts.toml", "[http_target]\nsigning_secret = \"whsec_!!\"\n[kafka.k]\nbrokers = \"h:1\"\n"
                      "options = {\"security.protokoll\" = \"ssl\"}\n[database]\n"
                      "url = \"mysql://u:secret@127.0.0.1/jobs?ssl-mode=preferred\"\n");
  const auto result = run({"config", "check", "parts.toml"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.error, HasSubstr("parts.toml:2: http_target.signing_secret: "));
  EXPECT_THAT(result.error, HasSubstr("parts.toml:3: kafka.k: the Kafka option security.protokoll"));
  EXPECT_THAT(result.error, HasSubstr("parts.toml:7: database.url: "));
  EXPECT_THAT(result.error, ::testing::Not(HasSubstr("u:secret")));
  for (const auto* url :
       {"postgres://u@127.0.0.1:99999/jobs", "postgres://u@127.0.0.1/jobs?foo=1", "mysql://u@127.0.0.1:99999/jobs"}) {
    write("url.toml", std::string{"[database]\nurl = \""} + url + "\"\n");
    EXPECT_THAT(run({"config", "check", "url.toml"}).error, StartsWith("url.toml:2: database.url: ")) << url;
  }
  write("url.toml", "[database]\nurl = \"postgres://u@a:5432,b:5433/jobs\"\n");
  EXPECT_EQ(run({"config", "check", "url.toml"}).code, 0);
}

TEST_F(local_test, config_check_says_how_to_write_a_table_beside_its_lists) {
  write("order.toml", "[[api.tokens]]\nname = \"a\"\nrole = \"admin\"\nsecret = \"x\"\n[api]\nmax_body = \"1MiB\"\n");
  EXPECT_THAT(run({"config", "check", "order.toml"}).error, HasSubstr("[api] before [[api.tokens]]"));
}

TEST_F(local_test, variables_of_the_process_lie_over_the_file) {
  write("good.toml", "");
  variables_["WHEELWORK_WHEEL__SLOTS"] = "none";
  EXPECT_THAT(run({"config", "check", "good.toml"}).error, StartsWith("WHEELWORK_WHEEL__SLOTS: wheel.slots: "));
}

TEST_F(local_test, schedule_next_prints_times_with_the_offset_of_the_zone) {
  auto result = run(
      {"schedule", "next", "30 2 * * *", "--tz", "Europe/Berlin", "--after", "2026-03-27T12:00:00Z", "--count", "3"});
  EXPECT_EQ(result.code, 0) << result.error;
  // On 29 March the clock goes from 02:00 to 03:00.
  EXPECT_EQ(result.out, "2026-03-28T02:30:00+01:00\n2026-03-29T03:00:00+02:00\n2026-03-30T02:30:00+02:00\n");
  EXPECT_EQ(run({"schedule", "next", "0 0 1 1 *", "--after", "2026-03-27T12:00:00Z", "--count", "1"}).out,
            "2027-01-01T00:00:00+00:00\n");
  EXPECT_EQ(run({"schedule", "next", "0 0 * * *", "--tz", "America/St_Johns", "--after", "2026-01-01T12:00:00Z",
                 "--count", "1"})
                .out,
            "2026-01-02T00:00:00-03:30\n");
  EXPECT_EQ(run({"schedule", "next", "@every 90s", "--after", "2026-01-01T00:00:00.250Z", "--count", "2"}).out,
            "2026-01-01T00:01:30.250+00:00\n2026-01-01T00:03:00.250+00:00\n");
  EXPECT_EQ(run({"schedule", "next", "30 2 * * *", "--tz", "Europe/Berlin", "--dst-gap", "skip", "--after",
                 "2026-03-28T12:00:00Z", "--count", "1"})
                .out,
            "2026-03-30T02:30:00+02:00\n");
}

TEST_F(local_test, a_bad_expression_ends_with_2_and_the_position) {
  auto result = run({"schedule", "next", "0 61x * * *"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.error, HasSubstr("position 3: "));
  EXPECT_THAT(result.error, HasSubstr("\n  0 61x * * *\n    ^\n"));
  EXPECT_EQ(run({"schedule", "next", "0 0 30 2 *"}).code, 2);
  EXPECT_EQ(run({"schedule", "next", "* * * * *", "--tz", "Mars/Base"}).code, 2);
  EXPECT_EQ(run({"schedule", "next", "* * * * *", "--after", "yesterday"}).code, 2);
}

TEST_F(local_test, output_that_can_not_be_written_is_a_failure) {
  output_ = "/dev/full";
  auto result = run({"schedule", "next", "* * * * *"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.error, HasSubstr("can't write to standard output: No space left on device"));
}

TEST_F(local_test, migrate_makes_the_tables_and_status_tells_their_version) {
  auto url = "database.url=sqlite://" + (folder_ / "a.db").string();
  auto before = run({"migrate", "--status", "--set", url});
  EXPECT_EQ(before.code, 0) << before.error;
  EXPECT_THAT(before.out, HasSubstr("pending:"));
  auto result = run({"migrate", "--set", url});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_THAT(result.out, HasSubstr("up to date"));
  EXPECT_THAT(run({"migrate", "--status", "--set", url}).out, HasSubstr("up to date"));
  EXPECT_EQ(run({"migrate", "--set", "database.url=nonsense"}).code, 2);
}

} // namespace
} // namespace wheelwork
