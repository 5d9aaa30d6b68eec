// wheelwork job against a scripted server.
#include "tests/app/program.hpp"
#include "tests/app/scripted_server.hpp"

#include <atomic>
#include <future>
#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class job_test : public program_test {
protected:
  program_result ask(const scripted_server& server, std::vector<std::string> arguments, const std::string& input = "") {
    variables_["WHEELWORK_SERVER"] = server.url();
    return run(arguments, input);
  }
};

TEST_F(job_test, push_sends_one_job_or_many_as_they_stand) {
  scripted_server server{[](const seen_request& request) {
    return scripted_reply{201, request.target.ends_with("/batch") ? R"({"ids":["1","2"]})"
                                                                  : R"({"id":"7","state":"pending"})"};
  }};
  const std::string one = "{\"target\": {\"native\":{\"handler\":\"noop\"}}, \"payload\": 1.0}\n";
  EXPECT_EQ(ask(server, {"job", "push"}, one).out, "7\n");
  EXPECT_EQ(ask(server, {"job", "push", "--file", "-"}, "[" + one + "," + one + "]").out, "1\n2\n");
  EXPECT_EQ(ask(server, {"job", "push", "--file", write("jobs.ndjson", one + one)}).out, "1\n2\n");
  EXPECT_EQ(ask(server, {"job", "push"}, "{\"jobs\":[]}").out, "1\n2\n");
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[0].target, "/api/v1/jobs");
  EXPECT_EQ(requests[0].body, one);
  EXPECT_EQ(requests[1].target, "/api/v1/jobs/batch");
  EXPECT_EQ(requests[1].body, "{\"jobs\":[" + one + "," + one + "]}");
  EXPECT_EQ(requests[2].head["content-type"], "application/x-ndjson");
  EXPECT_EQ(requests[2].body, one + one);
  EXPECT_EQ(requests[3].target, "/api/v1/jobs/batch");
}

TEST_F(job_test, push_makes_a_job_of_options) {
  scripted_server server{[](const seen_request&) { return scripted_reply{201, R"({"id":"7"})"}; }};
  EXPECT_EQ(ask(server,
                {"job", "push", "--url", "https://x.org/h", "--method", "PUT", "--delay", "90s", "--payload",
                 "{\"a\": 1.0}", "--unique-key", "k", "--priority", "9", "--label", "team:a", "--idempotency-key", "i"})
                .code,
            0);
  EXPECT_EQ(ask(server, {"job", "push", "--task", "nightly"}).code, 0);
  EXPECT_EQ(ask(server, {"job", "push", "--command", "/bin/echo", "a b", "c"}).code, 0);
  EXPECT_EQ(ask(server, {"job", "push", "--delay", "1s", "--command", "/bin/ls", "--", "-l", "/tmp"}).code, 0);
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(
      requests[0].body,
      R"({"delay":"90s","labels":{"team":"a"},"priority":9,"target":{"http":{"method":"PUT","url":"https://x.org/h"}},"unique_key":"k","payload":{"a": 1.0}})");
  EXPECT_EQ(requests[0].head["idempotency-key"], "i");
  EXPECT_EQ(requests[1].body, R"({"task":"nightly"})");
  EXPECT_EQ(requests[2].body, R"({"target":{"process":{"command":["/bin/echo","a b","c"]}}})");
  EXPECT_EQ(requests[3].body, R"({"delay":"1s","target":{"process":{"command":["/bin/ls","-l","/tmp"]}}})");
}

TEST_F(job_test, bad_input_ends_with_2_and_sends_nothing) {
  scripted_server server{[](const seen_request&) { return scripted_reply{}; }};
  EXPECT_THAT(ask(server, {"job", "push"}, "{\"a\":1}\n{\"a\":\n").error, HasSubstr("standard input:2: not JSON: "));
  for (const auto* text : {"", "{", "7", "{\"a\":1}{", "\xff"})
    EXPECT_EQ(ask(server, {"job", "push"}, text).code, 2) << text;
  EXPECT_EQ(ask(server, {"job", "push", "--url", "http://x", "--payload", "{"}).code, 2);
  EXPECT_EQ(ask(server, {"job", "push", "--delay", "5s"}).code, 2);
  EXPECT_EQ(ask(server, {"job", "push", "--url", "http://x", "--file", "-"}).code, 2);
  EXPECT_EQ(ask(server, {"job", "wait", "1", "--timeout", "soon"}).code, 2);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(job_test, get_shows_the_job_and_its_attempts) {
  scripted_server server{[](const seen_request&) {
    return scripted_reply{
        200,
        R"({"id":"7","state":"dead","attempts":[{"number":1,"outcome":"failed","error":"no\nway","response":{"status":500}}]})"};
  }};
  auto result = ask(server, {"job", "get", "7"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("state   dead\n"));
  EXPECT_THAT(result.out, HasSubstr("1        failed   -        -         -     no\\nway  {\"status\":500}\n"));
}

TEST_F(job_test, get_shows_the_lines_that_repeat_calls) {
  scripted_server server{[](const seen_request&) {
    return scripted_reply{
        200,
        R"({"id":"7","state":"dead","attempts":[{"number":1,"outcome":"lost","curl":null,"curl_lacks":[]},{"number":2,"outcome":"failed","curl":"curl -g 'http://x/'\\''a'","curl_lacks":["webhook-id","webhook-signature"]}]})"};
  }};
  auto result = ask(server, {"job", "get", "7"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("\n\ncall of attempt 2 without webhook-id, webhook-signature:\n"
                                    "curl -g 'http://x/'\\''a'\n"));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("call of attempt 1")));
}

TEST_F(job_test, list_cancel_and_retry) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    if (request.method == "GET")
      return {200, R"({"items":[{"id":"7","state":"pending","task":null,"attempt":0,"due_at":"t"}],"next":null})"};
    if (request.target.ends_with("/retry")) return {409, R"({"detail":"job 7 succeeded"})"};
    return {200, R"({"id":"7","state":"cancelled"})"};
  }};
  EXPECT_EQ(ask(server, {"job", "list", "--state", "pending", "--task", "a"}).out,
            "ID  STATE    TASK  ATTEMPT  DUE  FINISHED  TARGET\n7   pending  -     0        t    -         -\n");
  EXPECT_EQ(ask(server, {"job", "cancel", "7"}).out, "cancelled 7\n");
  auto retry = ask(server, {"job", "retry", "7"});
  EXPECT_EQ(retry.code, 1);
  EXPECT_EQ(retry.error, "wheelwork: job 7 succeeded\n");
  EXPECT_EQ(server.requests().at(0).target, "/api/v1/jobs?state=pending&task=a");
}

TEST_F(job_test, wait_asks_until_the_job_is_final) {
  int asked = 0;
  scripted_server server{[&](const seen_request&) -> scripted_reply {
    if (++asked == 2) return {503, R"({"detail":"later"})"}; // a node that is just restarting
    return {200, asked < 4 ? R"({"id":"7","state":"pending"})" : R"({"id":"7","state":"succeeded"})"};
  }};
  auto result = ask(server, {"job", "wait", "7"});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.out, "succeeded 7\n");
  EXPECT_EQ(result.error, ""); // progress is for terminals
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST_F(job_test, wait_fails_when_the_job_did_or_time_is_up) {
  scripted_server server{[&](const seen_request& request) -> scripted_reply {
    if (request.target.ends_with("/1"))
      return {
          200,
          R"({"id":"1","state":"dead","reason":null,"attempts":[{"number":3,"outcome":"failed","error":"exit code 7"}]})"};
    if (request.target.ends_with("/2")) return {200, R"({"id":"2","state":"cancelled"})"};
    if (request.target.ends_with("/3")) return {200, R"({"id":"3","state":"running"})"};
    return {404, R"({"detail":"there is no job"})"};
  }};
  auto dead = ask(server, {"job", "wait", "1"});
  EXPECT_EQ(dead.code, 1);
  EXPECT_EQ(dead.error, "wheelwork: job 1 is dead: attempt 3 failed: exit code 7\n");
  EXPECT_EQ(ask(server, {"job", "wait", "2"}).code, 1);
  auto late = ask(server, {"job", "wait", "3", "--timeout", "150ms"});
  EXPECT_EQ(late.code, 1);
  EXPECT_EQ(late.error, "wheelwork: job 3 is running after 150ms\n");
  EXPECT_EQ(ask(server, {"job", "wait", "4"}).code, 1);
  EXPECT_EQ(run({"job", "wait", "1", "--server", "http://127.0.0.1:1"}).code, 3);
}

/// A node that is stopped, or a port that something else holds.
TEST_F(job_test, wait_does_not_wait_for_a_server_that_takes_questions_and_answers_none) {
  std::promise<void> end;
  scripted_server server{[ended = end.get_future().share()](const seen_request&) -> scripted_reply {
    ended.wait();
    return {200, "{}"};
  }};
  const auto never = ask(server, {"job", "wait", "1", "--timeout", "300ms"});
  EXPECT_EQ(never.code, 3);
  end.set_value();
}

TEST_F(job_test, wait_ends_in_time_when_the_server_stops_answering) {
  std::promise<void> end;
  std::atomic<int> asked{0};
  scripted_server server{[&, ended = end.get_future().share()](const seen_request&) -> scripted_reply {
    if (++asked > 1) ended.wait();
    return {200, R"({"id":"2","state":"running"})"};
  }};
  const auto later = ask(server, {"job", "wait", "2", "--timeout", "700ms"});
  EXPECT_EQ(later.code, 1);
  EXPECT_EQ(later.error, "wheelwork: job 2 is running after 700ms\n");
  end.set_value();
}

} // namespace
} // namespace wheelwork
