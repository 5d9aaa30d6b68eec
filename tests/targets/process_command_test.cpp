// What a command sees of its attempt: arguments, environment, stdin, streams; and what the node sees of the command.
#include "tests/targets/process_fixture.hpp"

#include "schedule/time_text.hpp"

#include <unistd.h>

namespace wheelwork::process_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using process_command = process_fixture;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_F(process_command, that_exits_with_zero_succeeds_and_its_output_is_kept) {
  auto before = clock_.wall_now();
  auto result = result_of({"/bin/sh", "-c", "echo to stdout; echo to stderr >&2"});
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded);
  EXPECT_EQ(result.error, "");
  EXPECT_TRUE(result.started);
  EXPECT_EQ(response(result), (nlohmann::json{{"exit_code", 0}, {"output", "to stdout\nto stderr\n"}}));
  EXPECT_LE(before, result.started_at);
  EXPECT_LE(result.started_at, result.finished_at);
  EXPECT_LE(result.finished_at, clock_.wall_now());
}

TEST_F(process_command, that_exits_with_another_code_fails_with_it) {
  auto result = result_of({"/bin/sh", "-c", "echo why; exit 3"});
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_EQ(result.error, "exit code 3");
  EXPECT_TRUE(result.started);
  EXPECT_EQ(response(result), (nlohmann::json{{"exit_code", 3}, {"output", "why\n"}}));
}

TEST_F(process_command, that_crashes_fails_with_the_signal) {
  auto result = result_of({"/bin/sh", "-c", "kill -SEGV $$"});
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_EQ(result.error, "killed by signal 11 (Segmentation fault)");
  EXPECT_EQ(response(result)["signal"], 11);
}

TEST_F(process_command, gets_placeholders_filled_in_only_where_they_are_a_whole_argument) {
  const std::string body = "[\"$(id)\"]";
  auto fire = order(41,
                    {"/bin/sh", "-c", "for a in \"$@\"; do echo \"[$a]\"; done", "sh", "{job_id}", "{attempt}",
                     "{trace_id}", "{fire_time}", "{payload}", "x{job_id}", "{JOB_ID}", "a b; echo $HOME"},
                    6);
  fire.what.origin = job_origin::fire;
  fire.what.fire_time = wall_time{milliseconds{1'700'000'000'123}};
  fire.what.body = payload::json(body);
  auto result = run_and_wait(fire);
  EXPECT_THAT(lines_of(response(result)["output"].get<std::string>()),
              testing::ElementsAre("[41]", "[6]", "[" + trace_id_of(job_id{41}, identity_.database_secret) + "]",
                                   "[" + format_time(fire.what.fire_time) + "]", "[" + body + "]", "[x{job_id}]",
                                   "[{JOB_ID}]", "[a b; echo $HOME]"));
}

TEST_F(process_command, has_exactly_the_environment_that_is_declared) {
  ::setenv("WHEELWORK_TEST_SECRET", "of the node", 1);
  auto fire = order(42, {"/usr/bin/env"}, 3);
  target_of(fire).env = {{"COLOUR", "red green"}, {"TOKEN", "<${env:WHEELWORK_TEST_SECRET}>"}, {"LANG", "de_DE"}};
  fire.what.origin = job_origin::fire;
  fire.what.fire_time = wall_time{milliseconds{1'700'000'000'123}};
  fire.what.body = payload::json("[1]");
  auto result = run_and_wait(fire);
  EXPECT_THAT(lines_of(response(result)["output"].get<std::string>()),
              testing::UnorderedElementsAre(
                  "COLOUR=red green", "TOKEN=<of the node>", "LANG=de_DE", std::string{"PATH="} + std::getenv("PATH"),
                  std::string{"HOME="} + std::getenv("HOME"), "WHEELWORK_JOB_ID=42", "WHEELWORK_ATTEMPT=3",
                  "WHEELWORK_TRACE_ID=" + trace_id_of(job_id{42}, identity_.database_secret),
                  "WHEELWORK_FIRE_TIME=2023-11-14T22:13:20.123Z", "WHEELWORK_PAYLOAD=[1]",
                  "WHEELWORK_IDEMPOTENCY_KEY=" + idempotency_key_of(job_id{42}, identity_.database_secret),
                  "TRACEPARENT=" + traceparent_of(job_id{42}, 3, identity_.database_secret)));
}

TEST_F(process_command, is_not_started_when_a_variable_of_the_node_is_missing) {
  auto wanting = order(43, {"/bin/true"});
  target_of(wanting).env = {{"TOKEN", "${env:WHEELWORK_TEST_NOT_SET}"}};
  auto result = run_and_wait(wanting);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_FALSE(result.started);
  EXPECT_THAT(result.error, HasSubstr("env.TOKEN names ${env:WHEELWORK_TEST_NOT_SET}"));
}

TEST_F(process_command, reads_the_payload_byte_for_byte_on_stdin) {
  std::string bytes;
  for (int at = 0; at < 300'000; ++at) bytes += static_cast<char>(at * 7 % 256);
  auto copy = order(44, {"/bin/sh", "-c", "cat > " + path("copy") + "; echo ${WHEELWORK_PAYLOAD-unset}"});
  copy.what.body = payload::bytes(bytes, "application/octet-stream");
  auto result = run_and_wait(copy);
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_EQ(read_file(path("copy")).value(), bytes);
  EXPECT_EQ(response(result)["output"], "unset\n") << "neither long payloads nor NUL bytes fit a variable";
}

TEST_F(process_command, without_a_payload_reads_an_end_of_file) {
  EXPECT_EQ(response(result_of({"/bin/cat"})), (nlohmann::json{{"exit_code", 0}, {"output", ""}}));
}

TEST_F(process_command, is_not_started_with_a_payload_that_can_be_no_argument) {
  auto nul = order(45, {"/bin/true", "{payload}"});
  nul.what.body = payload::bytes(std::string_view{"a\0b", 3}, "application/octet-stream");
  EXPECT_THAT(run_and_wait(nul).error, HasSubstr("NUL byte"));
  auto longer = order(46, {"/bin/true", "{payload}"});
  longer.what.body = payload::json("\"" + std::string(140'000, 'x') + "\"");
  auto result = run_and_wait(longer);
  EXPECT_FALSE(result.started);
  EXPECT_THAT(result.error, HasSubstr("too long for the argument {payload}"));
}

TEST_F(process_command, inherits_no_open_file) {
  EXPECT_EQ(response(result_of({helper_, "descriptors"}))["output"], "0 1 2 ");
}

TEST_F(process_command, stands_in_the_root_folder_or_the_declared_one) {
  EXPECT_EQ(response(result_of({"/bin/sh", "-c", "pwd -P"}))["output"], "/\n");
  auto there = order(47, {"/bin/sh", "-c", "pwd -P"});
  target_of(there).cwd = folder_;
  EXPECT_EQ(response(run_and_wait(there))["output"], folder_ + "\n");
  auto nowhere = order(48, {"/bin/true"});
  target_of(nowhere).cwd = path("missing");
  auto result = run_and_wait(nowhere);
  EXPECT_FALSE(result.started);
  EXPECT_EQ(result.error, "cwd `" + path("missing") + "`: No such file or directory");
}

TEST_F(process_command, keeps_the_first_part_of_what_it_prints_and_finishes) {
  settings_.output_limit = 1000;
  auto result = result_of({helper_, "print", "100000000"});
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_EQ(response(result),
            (nlohmann::json{{"exit_code", 0}, {"output", std::string(1000, 'x')}, {"truncated", true}}));
}

TEST_F(process_command, output_that_is_not_text_is_shown_in_base64) {
  auto result = result_of({"/bin/sh", "-c", R"(printf '\377\0001')"});
  EXPECT_EQ(response(result), (nlohmann::json{{"exit_code", 0}, {"output_base64", "/wAx"}}));
}

TEST_F(process_command, output_cut_inside_a_character_is_still_text) {
  settings_.output_limit = 4;
  auto result = result_of({"/bin/sh", "-c", R"(printf 'ab\342\202\254')"}); // ab€
  EXPECT_EQ(response(result), (nlohmann::json{{"exit_code", 0}, {"output", "ab"}, {"truncated", true}}));
}

TEST_F(process_command, that_closes_its_output_early_is_waited_for) {
  auto result = result_of({"/bin/sh", "-c", "exec >&- 2>&-; read line < /dev/zero & exec sh -c 'exit 5'"});
  EXPECT_EQ(result.error, "exit code 5");
}

TEST_F(process_command, of_another_user_needs_a_node_of_root) {
  auto other = order(49, {"/bin/sh", "-c", "id -u; echo $HOME"});
  target_of(other).user = "nobody";
  auto result = run_and_wait(other);
  if (::geteuid() == 0) {
    EXPECT_THAT(response(result)["output"].get<std::string>(), StartsWith("65534\n/nonexistent"));
  } else {
    EXPECT_FALSE(result.started);
    EXPECT_THAT(result.error, HasSubstr("only a node that runs as root can start commands as user `nobody`"));
  }
  auto unknown = order(50, {"/bin/true"});
  target_of(unknown).user = "no-such-user";
  result = run_and_wait(unknown);
  EXPECT_FALSE(result.started);
  EXPECT_EQ(result.error, "the user `no-such-user` does not exist on this node");
}

} // namespace
} // namespace wheelwork::process_test
