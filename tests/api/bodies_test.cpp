// Bodies that are no JSON, too deep, in another format; paths and methods that are not there.
#include "tests/api/api_fixture.hpp"

namespace wheelwork::testing {
namespace {

using bodies = api_fixture;

struct bad_body {
  std::string text;
  int status;
};

TEST_F(bodies, that_are_no_json_are_400) {
  const std::string deep(100'000, '['), deep_object = [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += R"({"a":)";
    return text;
  }();
  const auto with_payload = [](const std::string& value) {
    return R"({"target":{"native":{"handler":"noop"}},"payload":)" + value + "}";
  };
  const bad_body cases[] = {{"{", 400},
                            {"nonsense", 400},
                            {R"({"target":)", 400},
                            {deep, 400},
                            {deep_object, 400},
                            {with_payload(deep + std::string(100'000, ']')), 400},
                            {with_payload("NaN"), 400},
                            {with_payload("\"\xff\""), 400},
                            {with_payload("\"\xed\xa0\x80\""), 400},
                            {with_payload("\"\xc0\x80\""), 400},
                            {std::string(noop_job) + "x", 400},
                            {"[]", 422},
                            {"null", 422},
                            {"7", 422},
                            {"\"text\"", 422},
                            {"{}", 422}};
  for (const auto& each : cases) {
    const auto answer = request("POST", "/api/v1/jobs", each.text);
    EXPECT_EQ(answer.status, each.status) << each.text.substr(0, 80) << "\n" << answer.body.substr(0, 300);
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_EQ(answer.json()["status"], each.status);
    EXPECT_TRUE(answer.json()["title"].is_string());
    EXPECT_TRUE(answer.json()["detail"].is_string());
  }
  EXPECT_EQ(node.push_calls(), 0u);
  for (const auto* path : {"/api/v1/jobs/batch", "/api/v1/schedules/preview", "/api/v1/jobs/cancel"})
    for (const auto& text : {deep, deep_object, std::string{"{"}})
      EXPECT_EQ(request("POST", path, text).status, 400) << path;
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a", deep_object).status, 400);
}

TEST_F(bodies, in_other_formats_are_415) {
  for (const auto* type :
       {"text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; charset=latin1",
        "application/jsonx", "application/x-ndjson", "application/merge-patch+json"})
    EXPECT_EQ(request("POST", "/api/v1/jobs", noop_job, "", type).status, 415) << type;
  for (const auto* type : {"application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""})
    EXPECT_EQ(request("POST", "/api/v1/jobs", noop_job, "", type).status, 201) << type;
  EXPECT_EQ(request("POST", "/api/v1/jobs").status, 415);
}

TEST_F(bodies, of_a_million_members_are_answered) {
  std::string text = "{";
  for (int i = 0; i < 300'000; ++i) text += "\"" + std::to_string(i) + "\":1,";
  text.back() = '}';
  EXPECT_EQ(request("POST", "/api/v1/jobs", text).status, 422);
}

TEST_F(bodies, unknown_paths_are_404_and_methods_405_with_allow) {
  for (const auto* path :
       {"/", "/api", "/api/v1", "/api/v1/jobs/", "/api/v2/jobs", "/api/v1/tasks//run", "/healthz/", "/favicon.ico"})
    EXPECT_EQ(request("GET", path).status, 404) << path;
  const auto answer = request("DELETE", "/api/v1/jobs");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("allow"), "POST, GET, HEAD");
  EXPECT_EQ(request("PUT", "/api/v1/tasks").headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(request("OPTIONS", "/healthz").status, 405);
  EXPECT_EQ(request("BREW", "/healthz").status, 405);
}

TEST_F(bodies, what_is_planned_says_so) {
  for (const auto& [method, path] : {std::pair{"POST", "/api/v1/nodes/a/drain"}})
    EXPECT_EQ(request(method, path).status, 501) << path;
}

} // namespace
} // namespace wheelwork::testing
