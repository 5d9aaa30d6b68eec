#include "tests/api/api_fixture.hpp"

namespace wheelwork::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using jobs_api = api_fixture;

TEST_F(jobs_api, push_answers_with_the_whole_job_and_where_it_is) {
  const auto answer = request(
      "POST", "/api/v1/jobs",
      R"({"target":{"native":{"handler":"noop"}},"payload":{"b":1,"a":1.0},"delay":"90s","external_id":"x-1","labels":{"team":"a"}})");
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto job = answer.json();
  EXPECT_EQ(job["state"], "pending");
  EXPECT_EQ(job["attempt"], 0);
  EXPECT_EQ(job["created_at"], "2026-11-21T08:00:00.000Z");
  EXPECT_EQ(job["due_at"], "2026-11-21T08:01:30.000Z");
  EXPECT_EQ(job["external_id"], "x-1");
  EXPECT_EQ(job["labels"]["team"], "a");
  EXPECT_EQ(job["trace_id"].get<std::string>().size(), 32u);
  EXPECT_THAT(answer.body, HasSubstr(R"("payload":{"b":1,"a":1.0})"));
  EXPECT_EQ(answer.headers.at("location"), "/api/v1/jobs/" + job["id"].get<std::string>());
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
}

TEST_F(jobs_api, what_push_answers_is_what_a_read_then_says) {
  request("PUT", "/api/v1/tasks/nightly", noop_task);
  for (
      const auto* body :
      {R"({"target":{"native":{"handler":"noop"}}})", R"({"task":"nightly","priority":0})",
       R"({"target":{"http":{"url":"http://localhost/a","headers":{"X":"\"1\""}}},"payload":[1.0,"\u00e4"],"retry":{"delays":["5s"]}})",
       R"({"target":{"process":{"command":["/bin/true","\n"]}},"payload_base64":"AAEC","content_type":"a/b","timeout":"5s"})",
       R"({"target":{"native":{"handler":"noop"}},"unique_key":"k\"1","external_id":"\u00e4\\","labels":{"a":"b\"","c":"d"},"delay":"1h"})",
       R"({"target":{"native":{"handler":"noop"}},"delivery":"at_most_once","priority":9,"payload":null})"}) {
    const auto pushed = request("POST", "/api/v1/jobs", body);
    ASSERT_EQ(pushed.status, 201) << pushed.body;
    auto read = request("GET", pushed.headers.at("location")).json();
    EXPECT_EQ(read["attempts"], nlohmann::json::array());
    read.erase("attempts");
    EXPECT_EQ(pushed.json(), read);
  }
}

TEST_F(jobs_api, a_job_of_a_task_shows_what_it_takes_from_it) {
  ASSERT_EQ(
      request("PUT", "/api/v1/tasks/nightly",
              R"({"schedule":{"every":"1h"},"target":{"native":{"handler":"sleep"}},"payload":{"ms":5},"priority":8})")
          .status,
      201);
  const auto job = request("POST", "/api/v1/jobs", R"({"task":"nightly"})").json();
  EXPECT_EQ(job["task"], "nightly");
  EXPECT_EQ(job["target"]["native"]["handler"], "sleep");
  EXPECT_EQ(job["payload"]["ms"], 5);
  EXPECT_EQ(job["priority"], 8);
}

TEST_F(jobs_api, a_job_of_an_unknown_task_is_refused) {
  const auto answer = request("POST", "/api/v1/jobs", R"({"task":"nothing"})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  EXPECT_THAT(pointers_of(answer), ElementsAre("/task"));
  EXPECT_EQ(node.push_calls(), 0u);
}

TEST_F(jobs_api, a_repeated_key_answers_with_the_first_job) {
  const auto first = request("POST", "/api/v1/jobs", noop_job, "Idempotency-Key: k1\r\n");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.json()["unique_key"], "k1");
  const auto by_header =
      request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"fail"}}})", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(by_header.status, 200);
  EXPECT_EQ(by_header.json()["id"], first.json()["id"]);
  const auto by_member =
      request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}},"unique_key":"k1"})");
  EXPECT_EQ(by_member.status, 200);
  EXPECT_EQ(by_member.json()["id"], first.json()["id"]);
}

TEST_F(jobs_api, a_key_from_the_header_holds_a_day_unless_the_body_says_otherwise) {
  request("POST", "/api/v1/jobs", noop_job, "Idempotency-Key: k1\r\n");
  request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}},"unique_for":"5m"})",
          "Idempotency-Key: k2\r\n");
  request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}},"unique_for":"forever"})",
          "Idempotency-Key: k3\r\n");
  const auto jobs = node.pushed_jobs();
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0].unique_until, manual_clock::start_wall + std::chrono::hours{24});
  EXPECT_EQ(jobs[1].unique_until, manual_clock::start_wall + std::chrono::minutes{5});
  EXPECT_EQ(jobs[2].unique_until, std::nullopt);
}

TEST_F(jobs_api, header_and_member_that_differ_are_refused) {
  const auto answer = request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}},"unique_key":"a"})",
                              "Idempotency-Key: b\r\n");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer), ElementsAre("/unique_key"));
  const auto same = request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}},"unique_key":"a"})",
                            "Idempotency-Key: a\r\n");
  EXPECT_EQ(same.status, 201);
}

TEST_F(jobs_api, a_key_of_the_header_has_the_rules_of_the_member) {
  for (const auto& key : {std::string(256, 'k'), std::string{"a\tb"}, std::string{"\xff"}}) {
    const auto answer = request("POST", "/api/v1/jobs", noop_job, "Idempotency-Key: " + key + "\r\n");
    EXPECT_EQ(answer.status, 422) << key;
    EXPECT_THAT(answer.body, HasSubstr("the header Idempotency-Key"));
  }
  EXPECT_EQ(node.push_calls(), 0u);
  const auto longest = "Idempotency-Key: " + std::string(255, 'k') + "\r\n";
  EXPECT_EQ(request("POST", "/api/v1/jobs", noop_job, longest).status, 201);
  const auto beside =
      request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}},"priority":10,"unique_key":"a"})",
              "Idempotency-Key: b\r\n");
  EXPECT_THAT(pointers_of(beside), UnorderedElementsAre("/priority", "/unique_key"));
}

TEST_F(jobs_api, lines_are_told_by_their_type_alone) {
  const std::string lines = R"({"target":{"native":{"handler":"noop"}}})"
                            "\n"
                            R"({"target":{"native":{"handler":"noop"}}})";
  const auto as_lines = request("POST", "/api/v1/jobs/batch", lines, "", "Application/X-NDJSON; a=b");
  EXPECT_EQ(as_lines.status, 201) << as_lines.body;
  EXPECT_EQ(request("POST", "/api/v1/jobs/batch", lines, "", "application/json; x=ndjson").status, 400);
}

TEST_F(jobs_api, a_line_that_is_no_json_is_named) {
  const auto answer =
      request("POST", "/api/v1/jobs/batch", std::string{noop_job} + "\n\n{\"target\":\n", "", "application/x-ndjson");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("/jobs/1 is not JSON"));
}

TEST_F(jobs_api, all_faults_of_a_job_come_at_once) {
  const auto answer = request("POST", "/api/v1/jobs",
                              R"({"target":{"native":{"handler":"noop"}},"delay":"x","priority":12,"colour":"red"})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer), UnorderedElementsAre("/delay", "/priority", "/colour"));
}

TEST_F(jobs_api, a_batch_answers_with_ids_in_order) {
  const auto as_json =
      request("POST", "/api/v1/jobs/batch",
              R"({"jobs":[{"target":{"native":{"handler":"noop"}}},{"target":{"native":{"handler":"fail"}}}]})");
  ASSERT_EQ(as_json.status, 201) << as_json.body;
  ASSERT_EQ(as_json.json()["ids"].size(), 2u);
  EXPECT_EQ(request("GET", "/api/v1/jobs/" + as_json.json()["ids"][1].get<std::string>())
                .json()["target"]["native"]["handler"],
            "fail");
  const auto as_lines =
      request("POST", "/api/v1/jobs/batch", std::string{noop_job} + "\n\n" + std::string{noop_job} + "\n", "",
              "application/x-ndjson");
  ASSERT_EQ(as_lines.status, 201) << as_lines.body;
  EXPECT_EQ(as_lines.json()["ids"].size(), 2u);
  EXPECT_EQ(request("POST", "/api/v1/jobs/batch", R"({"jobs":[]})").json()["ids"].size(), 0u);
}

TEST_F(jobs_api, a_batch_is_all_or_nothing_and_names_the_faults_of_all_jobs) {
  const auto answer = request(
      "POST", "/api/v1/jobs/batch",
      R"({"jobs":[{"target":{"native":{"handler":"noop"}}},{"delay":"1s"},{"target":{"native":{"handler":"noop"}},"delay":7}]})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer), UnorderedElementsAre("/jobs/1/target", "/jobs/2/delay"));
  EXPECT_EQ(node.push_calls(), 0u);
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/jobs/batch", R"({"jobs":[{"task":"none"}]})")),
              ElementsAre("/jobs/0/task"));
}

TEST_F(jobs_api, a_batch_of_ten_thousand_and_one_is_refused) {
  std::string lines;
  for (size_t i = 0; i < 10'001; ++i) lines.append(noop_job).append("\n");
  EXPECT_EQ(request("POST", "/api/v1/jobs/batch", lines, "", "application/x-ndjson").status, 422);
  lines.resize(lines.size() - noop_job.size() - 1);
  EXPECT_EQ(request("POST", "/api/v1/jobs/batch", lines, "", "application/x-ndjson").json()["ids"].size(), 10'000u);
}

TEST_F(jobs_api, reading_what_is_not_there_is_404) {
  EXPECT_EQ(request("GET", "/api/v1/jobs/42").status, 404);
  EXPECT_EQ(request("GET", "/api/v1/jobs/abc").status, 404);
  EXPECT_EQ(request("POST", "/api/v1/jobs/42/cancel").status, 404);
}

TEST_F(jobs_api, the_list_goes_page_by_page_newest_first) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), push(noop_job));
  std::vector<std::string> seen;
  std::string path = "/api/v1/jobs?limit=2";
  for (int page = 0; page < 3; ++page) {
    const auto answer = request("GET", path).json();
    for (const auto& each : answer["items"]) seen.push_back(each["id"]);
    EXPECT_EQ(answer["next"].is_null(), page == 2);
    if (page < 2) path = "/api/v1/jobs?limit=2&cursor=" + answer["next"].get<std::string>();
  }
  EXPECT_EQ(seen, ids);
}

TEST_F(jobs_api, the_list_is_filtered) {
  const auto marked =
      push(R"({"target":{"native":{"handler":"noop"}},"labels":{"team":"a b","env":"x:y"},"external_id":"e+1"})");
  const auto other = push(R"({"target":{"native":{"handler":"noop"}},"unique_key":"u"})");
  const auto ids_of = [&](const std::string& query) {
    std::vector<std::string> ids;
    const auto answer = request("GET", "/api/v1/jobs?" + query).json();
    for (const auto& each : answer["items"]) ids.push_back(each["id"]);
    return ids;
  };
  EXPECT_THAT(ids_of("label=team:a+b&label=env:x%3Ay"), ElementsAre(marked));
  EXPECT_THAT(ids_of("label=team:a"), ElementsAre());
  EXPECT_THAT(ids_of("external_id=e%2B1"), ElementsAre(marked));
  EXPECT_THAT(ids_of("unique_key=u&state=pending"), ElementsAre(other));
  EXPECT_THAT(ids_of("state=dead"), ElementsAre());
  EXPECT_THAT(ids_of("from=2026-11-21T09:00:00%2B01:00"), ElementsAre(other, marked));
  EXPECT_THAT(ids_of("from=2026-11-21T09:00:00+01:00"), ElementsAre(other, marked));
  EXPECT_THAT(ids_of("to=2026-11-21T08:00:00Z"), ElementsAre());
}

TEST_F(jobs_api, every_fault_of_a_query_is_named) {
  const auto answer =
      request("GET", "/api/v1/jobs?limit=0&state=gone&from=yesterday&colour=red&label=x&cursor=%21&task=a&task=b");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer),
              UnorderedElementsAre("/limit", "/state", "/from", "/colour", "/label", "/cursor", "/task"));
}

TEST_F(jobs_api, cancel_and_retry_answer_with_the_job_or_409) {
  const auto path = "/api/v1/jobs/" + push(noop_job);
  EXPECT_EQ(request("POST", path + "/retry").status, 409);
  const auto cancelled = request("POST", path + "/cancel");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(cancelled.json()["state"], "cancelled");
  EXPECT_EQ(request("POST", path + "/cancel").status, 409);
  EXPECT_EQ(request("POST", path + "/retry").json()["state"], "pending");
}

TEST_F(jobs_api, bulk_cancel_counts) {
  for (int i = 0; i < 3; ++i) push(noop_job);
  EXPECT_EQ(request("POST", "/api/v1/jobs/cancel", R"({"state":"pending","limit":2})").json()["count"], 2);
  EXPECT_EQ(request("POST", "/api/v1/jobs/retry", R"({})").json()["count"], 2);
  const auto wrong = request("POST", "/api/v1/jobs/cancel", R"({"state":"dead","limit":0,"colour":1,"from":5})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(pointers_of(wrong), UnorderedElementsAre("/state", "/limit", "/colour", "/from"));
}

TEST_F(jobs_api, attempts_with_output_that_is_no_text_are_shown) {
  job_view view;
  view.what.id = job_id{77};
  view.what.attempt = 1;
  view.state = job_state::dead;
  view.attempts.push_back({1, "node-a", {}, {}, attempt_outcome::failed, "exit \xff code", ""});
  node.add_job(view);
  const auto answer = request("GET", "/api/v1/jobs/77");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["attempts"][0]["outcome"], "failed");
}

} // namespace
} // namespace wheelwork::testing
