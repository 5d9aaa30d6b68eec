// wheelwork task against a scripted server.
#include "tests/app/program.hpp"
#include "tests/app/scripted_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class task_test : public program_test {
protected:
  /// Like run(), against this server.
  program_result ask(const scripted_server& server, std::vector<std::string> arguments, const std::string& input = "") {
    variables_["WHEELWORK_SERVER"] = server.url();
    return run(arguments, input);
  }
};

TEST_F(task_test, apply_tells_created_changed_and_unchanged) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    bool get = request.method == "GET";
    if (request.target.ends_with("/new")) return get ? scripted_reply{404, "{}"} : scripted_reply{201, "{}", "\"1\""};
    if (request.target.ends_with("/same")) return {200, "{}", "\"1\""};
    return {200, "{}", get ? "\"1\"" : "\"2\""};
  }};
  const std::string payload = R"({"n":1.0,"big":12345678901234567890123,  "e":1e3})";
  auto file =
      write("tasks.json", R"([{"name":"new","payload":)" + payload + R"(}, {"name":"same"},{"name":"other"} ])");
  auto result = ask(server, {"task", "apply", file});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.out, "created new\nunchanged same\nchanged other\n");
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 6u);
  EXPECT_EQ(requests[1].method, "PUT");
  EXPECT_EQ(requests[1].target, "/api/v1/tasks/new");
  EXPECT_EQ(requests[1].head["content-type"], "application/json");
  EXPECT_EQ(requests[1].body, R"({"name":"new","payload":)" + payload + "}"); // byte for byte
}

TEST_F(task_test, apply_reads_toml_and_names_with_odd_characters) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    return {request.method == "GET" ? 404 : 201, "{}"};
  }};
  auto result = ask(server, {"task", "apply", "-"},
                    "[[task]]\nname = \"a b/ü\"\nschedule = {every = \"5s\"}\n[[task]]\nname = \"c\"\n");
  EXPECT_EQ(result.code, 0) << result.error;
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[1].target, "/api/v1/tasks/a%20b%2F%C3%BC");
  EXPECT_EQ(requests[1].body, R"({"name":"a b/ü","schedule":{"every":"5s"}})");
}

TEST_F(task_test, input_that_is_no_task_ends_with_2_and_sends_nothing) {
  scripted_server server{[](const seen_request&) { return scripted_reply{}; }};
  for (const auto* text : {"", "  \n", "{\"name\":", "[1]", "{\"nom\":\"a\"}", "[[task]]\nnam = \"x\"\n",
                           "[api]\nlisten = \"x\"\n", "[[task]]\nname = \"${NOPE}\"\n", "[{\"name\":\"a\"},{}]"}) {
    auto result = ask(server, {"task", "apply", "-"}, text);
    EXPECT_EQ(result.code, 2) << text;
    EXPECT_THAT(result.error, HasSubstr("standard input")) << text;
  }
  EXPECT_EQ(ask(server, {"task", "apply", "/nowhere.json"}).code, 2);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(task_test, a_refusal_shows_every_error_of_the_server_and_the_others_are_applied) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    if (request.method == "GET") return {404, "{}"};
    if (request.target.ends_with("/good")) return {201, "{}"};
    return {
        422,
        R"({"title":"x","status":422,"detail":"2 members are wrong","errors":[{"pointer":"/schedule/cron","message":"position 1: no"},{"pointer":"/x","message":"unknown\u001b"}]})"};
  }};
  auto result = ask(server, {"task", "apply", "-"}, R"([{"name":"bad"},{"name":"good"}])");
  EXPECT_EQ(result.code, 2); // bad input, whoever finds it
  EXPECT_EQ(result.out, "created good\n");
  EXPECT_EQ(result.error,
            "wheelwork: task bad: 2 members are wrong\n  /schedule/cron: position 1: no\n  /x: unknown\\x1b\n");
}

TEST_F(task_test, list_is_a_table_and_with_json_the_answer_itself) {
  const std::string body =
      R"({"items":[{"name":"a","schedule":{"cron":"* * * * *","time_zone":"UTC"},"target":{"http":{"url":"http://x","method":"POST"}},"enabled":true,"active":true,"next_fire":null},
    {"name":"日本\u001b","schedule":{"every":"5s"},"target":{"process":{"command":["/bin/x","y"]}},"enabled":false,"active":true,"next_fire":"2026-01-01T00:00:00.000Z"}],"next":"abc"})";
  scripted_server server{[&](const seen_request&) { return scripted_reply{200, body}; }};
  auto table = ask(server, {"task", "list", "--q", "a b", "--enabled", "true", "--label", "team:a", "--label", "x:y",
                            "--limit", "2"});
  EXPECT_EQ(table.code, 0) << table.error;
  EXPECT_EQ(table.out,
            "NAME      SCHEDULE            TARGET              ENABLED  ACTIVE  NEXT FIRE\n"
            "a         cron * * * * * UTC  http POST http://x  true     true    -\n"
            "日本\\x1b  every 5s            process /bin/x y    false    true    2026-01-01T00:00:00.000Z\n");
  EXPECT_THAT(table.error, HasSubstr("--cursor abc"));
  EXPECT_EQ(server.requests().at(0).target, "/api/v1/tasks?q=a%20b&limit=2&enabled=true&label=team%3Aa&label=x%3Ay");
  EXPECT_EQ(ask(server, {"--json", "task", "list"}).out, body + "\n");
  EXPECT_EQ(ask(server, {"task", "list", "--json"}).out, body + "\n");
}

TEST_F(task_test, a_list_that_can_not_be_written_says_why_though_more_was_complained_of) {
  scripted_server server{[](const seen_request&) { return scripted_reply{200, R"({"items":[],"next":"abc"})"}; }};
  output_ = "/dev/full";
  auto result = ask(server, {"task", "list"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.error, HasSubstr("--cursor abc"));
  EXPECT_THAT(result.error, HasSubstr("can't write to standard output: No space left on device"));
}

TEST_F(task_test, small_commands_send_what_the_api_wants) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    if (request.method == "DELETE") return {204, ""};
    if (request.target.find("/next") != std::string::npos)
      return {200, R"({"times":["2026-01-01T00:00:00.000Z","2026-01-01T00:01:00.000Z"]})"};
    if (request.target.find("/fires") != std::string::npos)
      return {
          200,
          R"({"items":[{"fire_time":"t1","verdict":"fired","job":"7"},{"from":"t2","to":"t3","count":5,"verdict":"overlap"}],"next":null})"};
    return {200, R"({"id":"42","name":"a"})"};
  }};
  EXPECT_EQ(ask(server, {"task", "enable", "a"}).out, "enabled a\n");
  EXPECT_EQ(ask(server, {"task", "disable", "a"}).out, "disabled a\n");
  EXPECT_EQ(ask(server, {"task", "delete", "a"}).out, "deleted a\n");
  EXPECT_EQ(ask(server, {"task", "run", "a", "--payload", "{\"x\": 1.0}", "--idempotency-key", "k"}).out, "42\n");
  EXPECT_EQ(ask(server, {"task", "next", "a", "--count", "2"}).out,
            "2026-01-01T00:00:00.000Z\n2026-01-01T00:01:00.000Z\n");
  EXPECT_EQ(ask(server, {"task", "fires", "a"}).out, "FIRE TIME  UNTIL  COUNT  VERDICT  JOB\nt1         -      1      "
                                                     "fired    7\nt2         t3     5      overlap  -\n");
  EXPECT_THAT(ask(server, {"task", "get", "a"}).out, HasSubstr("name    a\n"));
  auto requests = server.requests();
  std::vector<std::string> lines;
  for (const auto& request : requests) lines.push_back(request.method + " " + request.target + " " + request.body);
  EXPECT_THAT(lines,
              ElementsAre("PATCH /api/v1/tasks/a {\"enabled\":true}", "PATCH /api/v1/tasks/a {\"enabled\":false}",
                          "DELETE /api/v1/tasks/a ", "POST /api/v1/tasks/a/run {\"payload\":{\"x\": 1.0}}",
                          "GET /api/v1/tasks/a/next?count=2 ",
                          ::testing::StartsWith("GET /api/v1/tasks/a/fires?from=20"), "GET /api/v1/tasks/a "));
  EXPECT_EQ(requests[3].head["idempotency-key"], "k");
}

TEST_F(task_test, the_token_comes_from_option_variable_or_file) {
  scripted_server server{[](const seen_request&) { return scripted_reply{200, R"({"items":[],"next":null})"}; }};
  variables_["WHEELWORK_TOKEN"] = "from-variable";
  ask(server, {"task", "list"});
  ask(server, {"task", "list", "--token", "from-option"});
  ask(server, {"task", "list", "--token", "file:" + write("token", "from-file\n")});
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].head["authorization"], "Bearer from-variable");
  EXPECT_EQ(requests[1].head["authorization"], "Bearer from-option");
  EXPECT_EQ(requests[2].head["authorization"], "Bearer from-file");
  EXPECT_EQ(ask(server, {"task", "list", "--token", "a\r\nX: y"}).code, 2);
}

TEST_F(task_test, exit_codes_for_servers_that_refuse_are_away_or_are_none) {
  std::string gone;
  {
    scripted_server server{[](const seen_request& request) -> scripted_reply {
      return request.target.ends_with("/odd")
                 ? scripted_reply{200, "<html>"}
                 : scripted_reply{404, R"({"title":"Not Found","status":404,"detail":"there is no task a"})"};
    }};
    gone = server.url();
    auto result = ask(server, {"task", "get", "a"});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.error, "wheelwork: there is no task a\n");
    EXPECT_EQ(ask(server, {"task", "get", "odd"}).code, 1);
  }
  auto away = run({"task", "list", "--server", gone});
  EXPECT_EQ(away.code, 3);
  EXPECT_THAT(away.error, HasSubstr("no answer from " + gone));
  EXPECT_EQ(run({"task", "list", "--server", "127.0.0.1:1"}).code, 2);
  EXPECT_EQ(run({"task", "list", "--server", "ftp://x"}).code, 2);
}

} // namespace
} // namespace wheelwork
