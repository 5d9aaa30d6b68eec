// wheelwork pool against a scripted server, and pools in the configuration file.
#include "tests/app/program.hpp"
#include "tests/app/scripted_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class pool_test : public program_test {
protected:
  /// Like run(), against this server.
  program_result ask(const scripted_server& server, std::vector<std::string> arguments, const std::string& input = "") {
    variables_["WHEELWORK_SERVER"] = server.url();
    return run(arguments, input);
  }
};

TEST_F(pool_test, apply_tells_created_changed_and_unchanged) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    bool get = request.method == "GET";
    if (request.target.ends_with("/new")) return get ? scripted_reply{404, "{}"} : scripted_reply{201, "{}", "\"1\""};
    if (request.target.ends_with("/same")) return {200, "{}", "\"1\""};
    return {200, "{}", get ? "\"1\"" : "\"2\""};
  }};
  auto file = write("pools.json", R"([{"name":"new","min":2}, {"name":"same"},{"name":"other"} ])");
  auto result = ask(server, {"pool", "apply", file});
  EXPECT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(result.out, "created new\nunchanged same\nchanged other\n");
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 6u);
  EXPECT_EQ(requests[1].method, "PUT");
  EXPECT_EQ(requests[1].target, "/api/v1/pools/new");
  EXPECT_EQ(requests[1].body, R"({"name":"new","min":2})");
  EXPECT_EQ(ask(server, {"pool", "apply", file, "--json"}).out,
            "[{\"name\":\"new\",\"result\":\"created\"},{\"name\":\"same\",\"result\":\"unchanged\"},{\"name\":"
            "\"other\",\"result\":\"changed\"}]\n");
}

TEST_F(pool_test, apply_reads_toml) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    return {request.method == "GET" ? 404 : 201, "{}"};
  }};
  auto result = ask(server, {"pool", "apply", "-"},
                    "[[pool]]\nname = \"a b\"\nsource.redis_list = {connection = \"a\", key = \"k\"}\n");
  EXPECT_EQ(result.code, 0) << result.error;
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].target, "/api/v1/pools/a%20b");
  EXPECT_EQ(requests[1].body, R"({"name":"a b","source":{"redis_list":{"connection":"a","key":"k"}}})");
}

TEST_F(pool_test, input_that_is_no_pool_ends_with_2_and_sends_nothing) {
  scripted_server server{[](const seen_request&) { return scripted_reply{}; }};
  for (const auto* text :
       {"", "{\"name\":", "[1]", "{\"nom\":\"a\"}", "[[task]]\nname = \"x\"\n", "[{\"name\":\"a\"},{}]"}) {
    auto result = ask(server, {"pool", "apply", "-"}, text);
    EXPECT_EQ(result.code, 2) << text;
    EXPECT_THAT(result.error, HasSubstr("standard input")) << text;
  }
  EXPECT_THAT(ask(server, {"pool", "apply", "-"}, "[[task]]\nname = \"x\"\n").error,
              HasSubstr("only [[pool]] tables can be applied"));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(pool_test, a_refusal_shows_every_error_of_the_server_and_the_others_are_applied) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    if (request.method == "GET") return {404, "{}"};
    if (request.target.ends_with("/good")) return {201, "{}"};
    return {
        422,
        R"({"title":"x","status":422,"detail":"a member is wrong","errors":[{"pointer":"/source/redis_list/connection","message":"no connection `b` is configured"}]})"};
  }};
  auto result = ask(server, {"pool", "apply", "-"}, R"([{"name":"bad"},{"name":"good"}])");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "created good\n");
  EXPECT_EQ(result.error, "wheelwork: pool bad: a member is wrong\n  /source/redis_list/connection: no connection `b` "
                          "is configured\n");
}

TEST_F(pool_test, list_is_a_table_and_with_json_the_answer_itself) {
  const std::string body =
      R"({"items":[{"name":"a","source":{"redis_list":{"connection":"main","key":"orders"}},"target":{"native":{"handler":"noop"}},"lag":1200,"consumers":3,"max":10,"rate":41.5,"active":true,"paused":false,"failure":null},
    {"name":"b","source":{"kafka":{"connection":"k","topic":"t","group":"g"}},"target":{"native":{"handler":"noop"}},"lag":null,"consumers":0,"max":4,"rate":0.0,"active":true,"paused":false,"failure":"the broker is away"},
    {"name":"c","source":{"redis_stream":{"connection":"main","key":"s","group":"g"}},"target":{"native":{"handler":"noop"}},"lag":0,"consumers":0,"max":4,"rate":0.0,"active":true,"paused":true,"failure":null}],"next":"abc"})";
  scripted_server server{[&](const seen_request&) { return scripted_reply{200, body}; }};
  auto table = ask(server, {"pool", "list", "--limit", "3"});
  EXPECT_EQ(table.code, 0) << table.error;
  EXPECT_EQ(table.out, "NAME  SOURCE                  TARGET       LAG   CONSUMERS  RATE  STATE\n"
                       "a     redis_list main orders  native noop  1200  3 of 10    41.5  running\n"
                       "b     kafka k t               native noop  -     0 of 4     0.0   failing: the broker is away\n"
                       "c     redis_stream main s     native noop  0     0 of 4     0.0   paused\n");
  EXPECT_THAT(table.error, HasSubstr("--cursor abc"));
  EXPECT_EQ(server.requests().at(0).target, "/api/v1/pools?limit=3");
  EXPECT_EQ(ask(server, {"pool", "list", "--json"}).out, body + "\n");
}

TEST_F(pool_test, small_commands_send_what_the_api_wants) {
  scripted_server server{[](const seen_request& request) -> scripted_reply {
    if (request.method == "DELETE") return {204, ""};
    if (request.target.find("/events") != std::string::npos)
      return {
          200,
          R"({"items":[{"at":"t1","kind":"scaled","consumers_before":2,"consumers":7,"lag":5000,"messages":0,"reason":"5000 wait"},{"at":"t2","kind":"failing","consumers_before":2,"consumers":2,"lag":null,"messages":0,"reason":"no answer"}],"next":null})"};
    return {200, R"({"name":"a","lag":12})"};
  }};
  EXPECT_EQ(ask(server, {"pool", "pause", "a"}).out, "paused a\n");
  EXPECT_EQ(ask(server, {"pool", "resume", "a"}).out, "resumed a\n");
  EXPECT_EQ(ask(server, {"pool", "delete", "a/b"}).out, "deleted a/b\n");
  EXPECT_THAT(ask(server, {"pool", "get", "a"}).out, HasSubstr("lag     12\n"));
  EXPECT_EQ(ask(server, {"pool", "events", "a", "--before", "t3"}).out,
            "AT  KIND     CONSUMERS  LAG   MESSAGES  REASON\n"
            "t1  scaled   2 -> 7     5000  0         5000 wait\n"
            "t2  failing  2          -     0         no answer\n");
  std::vector<std::string> lines;
  for (const auto& request : server.requests())
    lines.push_back(request.method + " " + request.target + " " + request.body);
  EXPECT_THAT(lines, ElementsAre("PATCH /api/v1/pools/a {\"paused\":true}", "PATCH /api/v1/pools/a {\"paused\":false}",
                                 "DELETE /api/v1/pools/a%2Fb ", "GET /api/v1/pools/a ",
                                 "GET /api/v1/pools/a/events?before=t3 "));
}

TEST_F(pool_test, exit_codes_for_servers_that_refuse_or_are_away) {
  std::string gone;
  {
    scripted_server server{[](const seen_request&) -> scripted_reply {
      return {404, R"({"title":"Not Found","status":404,"detail":"there is no pool a"})"};
    }};
    gone = server.url();
    auto result = ask(server, {"pool", "pause", "a"});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.error, "wheelwork: there is no pool a\n");
  }
  EXPECT_EQ(run({"pool", "list", "--server", gone}).code, 3);
  EXPECT_EQ(run({"pool", "get", ""}).code, 2);
  EXPECT_EQ(run({"pool"}).code, 2);
}

TEST_F(pool_test, config_check_reads_pools_and_their_connections) {
  const std::string pool = "[[pool]]\nname = \"p\"\nsource.redis_list = {connection = \"main\", key = \"k\"}\n"
                           "target.native = {handler = \"noop\"}\n";
  auto right = write("right.toml", "[redis.main]\nurl = \"redis://127.0.0.1\"\n" + pool);
  EXPECT_EQ(run({"config", "check", right}).code, 0);
  auto wrong = write("wrong.toml", pool + "min = 5\nmax = 4\n");
  auto result = run({"config", "check", wrong});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.error, HasSubstr(wrong + ":5: pool[0].min: min is 5 and must not be above max"));
  auto missing = write("missing.toml", pool);
  result = run({"config", "check", missing});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.error, HasSubstr(missing + ":3: pool[0].source.redis_list.connection: no connection `main`"));
}

} // namespace
} // namespace wheelwork
