// How attempts of http targets are shown: with the line that repeats the call.
#include "tests/api/api_fixture.hpp"

namespace wheelwork::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class calls_api : public api_fixture {
protected:
  /// A dead job with three attempts, and with the label of a front.
  void add_call(uint64_t id, payload body = payload::bytes("a=1&b='2'", "application/x-www-form-urlencoded")) {
    resolved_target how;
    http_target http;
    http.url = "http://127.0.0.1:9/hook?x='1'";
    http.headers = {{"Authorization", "Bearer ${env:SECRET_TOKEN}"}};
    http.body = body_form::raw;
    how.how = std::move(http);
    job_view view;
    view.what.id = job_id{id};
    view.what.how = std::make_shared<const resolved_target>(std::move(how));
    view.what.body = std::move(body);
    view.what.attempt = 3;
    view.what.due_at = manual_clock::start_wall;
    view.state = job_state::dead;
    view.marks = {{"front", "delay_queue"}};
    for (uint32_t number : {1, 2, 3})
      view.attempts.push_back({number, "node-a", manual_clock::start_wall - milliseconds{3000 - 1000 * number},
                               manual_clock::start_wall, attempt_outcome::failed, "status 500", R"({"status":500})"});
    node.add_job(std::move(view));
  }
};

TEST_F(calls_api, each_attempt_has_the_line_that_repeats_it) {
  add_call(7);
  const auto attempts = request("GET", "/api/v1/jobs/7").json()["attempts"];
  ASSERT_EQ(attempts.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const auto line = attempts[i]["curl"].get<std::string>();
    EXPECT_THAT(line, HasSubstr("-X POST "));
    EXPECT_THAT(line, HasSubstr("--data-binary 'a=1&b='\\''2'\\'''"));
    EXPECT_THAT(line, HasSubstr("'http://127.0.0.1:9/hook?x='\\''1'\\'''"));
    EXPECT_THAT(line, HasSubstr("-H 'Wheelwork-Attempt: " + std::to_string(i + 1) + "'"));
    EXPECT_THAT(line, HasSubstr("\"${SECRET_TOKEN:?}\""));
  }
  EXPECT_THAT(attempts[0]["curl_lacks"], ElementsAre("Wheelwork-Fire-Time"));
  EXPECT_THAT(attempts[2]["curl_lacks"], IsEmpty());
  EXPECT_EQ(request("POST", "/api/v1/jobs/7/retry").json()["attempts"][2]["curl"], attempts[2]["curl"]);
}

TEST_F(calls_api, a_missing_signature_is_named) {
  signs_calls = true;
  add_call(7);
  const auto attempts = request("GET", "/api/v1/jobs/7").json()["attempts"];
  EXPECT_THAT(attempts[2]["curl_lacks"], ElementsAre("webhook-id", "webhook-timestamp", "webhook-signature"));
}

TEST_F(calls_api, the_log_of_a_front_has_the_attempts) {
  add_call(7);
  const auto log = request("GET", "/api/v1/jobs?label=front:delay_queue").json()["items"];
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0]["attempts"], request("GET", "/api/v1/jobs/7").json()["attempts"]);
  EXPECT_EQ(log[0]["attempts"][1]["response"]["status"], 500);

  const auto without = [&](const char* path) { return !request("GET", path).json()["items"][0].contains("attempts"); };
  EXPECT_TRUE(without("/api/v1/jobs"));
  EXPECT_TRUE(without("/api/v1/jobs?label=front:delay_queue&attempts=false"));
  EXPECT_FALSE(without("/api/v1/jobs?attempts=true"));
  EXPECT_THAT(pointers_of(request("GET", "/api/v1/jobs?attempts=7")), ElementsAre("/attempts"));
}

TEST_F(calls_api, lines_of_older_attempts_do_not_make_the_answer_endless) {
  add_call(7, payload::bytes(std::string(600'000, 'p'), "text/plain"));
  const auto attempts = request("GET", "/api/v1/jobs/7").json()["attempts"];
  EXPECT_TRUE(attempts[2]["curl"].is_string());
  EXPECT_TRUE(attempts[1]["curl"].is_null());
  EXPECT_TRUE(attempts[0]["curl"].is_null());
}

TEST_F(calls_api, what_calls_nothing_has_no_line) {
  job_view view;
  view.what.id = job_id{8};
  resolved_target how;
  how.how = native_target{"noop"};
  view.what.how = std::make_shared<const resolved_target>(std::move(how));
  view.attempts.push_back({1, "node-a", {}, {}, attempt_outcome::failed, "", ""});
  node.add_job(std::move(view));
  const auto attempt = request("GET", "/api/v1/jobs/8").json()["attempts"][0];
  EXPECT_FALSE(attempt.contains("curl"));
  EXPECT_FALSE(attempt.contains("curl_lacks"));
}

} // namespace
} // namespace wheelwork::testing
