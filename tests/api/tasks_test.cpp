#include "tests/api/api_fixture.hpp"

namespace wheelwork::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using tasks_api = api_fixture;

TEST_F(tasks_api, put_creates_then_replaces_and_the_same_body_changes_nothing) {
  const auto created = request("PUT", "/api/v1/tasks/nightly", noop_task);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.headers.at("location"), "/api/v1/tasks/nightly");
  EXPECT_EQ(created.json()["name"], "nightly");
  EXPECT_EQ(created.json()["version"], 1);
  EXPECT_EQ(created.json()["active"], true);
  EXPECT_EQ(created.json()["created_at"], "2026-11-21T08:00:00.000Z");
  const auto same = request("PUT", "/api/v1/tasks/nightly", noop_task);
  EXPECT_EQ(same.status, 200);
  EXPECT_EQ(same.headers.at("etag"), created.headers.at("etag"));
  const auto replaced =
      request("PUT", "/api/v1/tasks/nightly", R"({"schedule":{"every":"2h"},"target":{"native":{"handler":"noop"}}})");
  EXPECT_EQ(replaced.status, 200);
  EXPECT_NE(replaced.headers.at("etag"), created.headers.at("etag"));
  EXPECT_EQ(request("GET", "/api/v1/tasks/nightly").json(), replaced.json());
}

TEST_F(tasks_api, a_task_that_was_read_can_be_put_back) {
  request("PUT", "/api/v1/tasks/a",
          R"({"schedule":{"every":"1h"},"target":{"native":{"handler":"noop"}},"payload":{"z":1.0,"a":[]}})");
  const auto read = request("GET", "/api/v1/tasks/a");
  EXPECT_THAT(read.body, HasSubstr(R"("payload":{"z":1.0,"a":[]})"));
  const auto put = request("PUT", "/api/v1/tasks/a", read.body, "If-Match: " + read.headers.at("etag") + "\r\n");
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.headers.at("etag"), read.headers.at("etag"));
}

TEST_F(tasks_api, names_are_percent_decoded) {
  const auto created = request("PUT", "/api/v1/tasks/n%C3%A4chtlich%20100%25", noop_task);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.json()["name"], "nächtlich 100%");
  EXPECT_EQ(created.headers.at("location"), "/api/v1/tasks/n%C3%A4chtlich%20100%25");
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a%2Fb", noop_task).status, 422);
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a%FFb", noop_task).status, 400);
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a%0Ab", noop_task).status, 422);
}

TEST_F(tasks_api, if_match_lets_only_the_known_version_be_changed) {
  const auto first = request("PUT", "/api/v1/tasks/a", noop_task).headers.at("etag");
  const auto edit = [&](const std::string& tag, std::string_view period) {
    return request("PUT", "/api/v1/tasks/a",
                   R"({"schedule":{"every":")" + std::string{period} + R"("},"target":{"native":{"handler":"noop"}}})",
                   "If-Match: " + tag + "\r\n");
  };
  const auto second = edit(first, "2h");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(edit(first, "3h").status, 412);
  EXPECT_EQ(edit("\"9-9\", " + second.headers.at("etag"), "3h").status, 200);
  EXPECT_EQ(edit("*", "4h").status, 200);
  EXPECT_EQ(edit("W/" + request("GET", "/api/v1/tasks/a").headers.at("etag"), "5h").status, 412);
  EXPECT_EQ(edit("3", "5h").status, 400);
  EXPECT_EQ(request("PUT", "/api/v1/tasks/new", noop_task, "If-Match: *\r\n").status, 412);
  EXPECT_EQ(request("DELETE", "/api/v1/tasks/a", "", "If-Match: " + first + "\r\n").status, 412);
}

TEST_F(tasks_api, if_none_match_creates_only) {
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a", noop_task, "If-None-Match: *\r\n").status, 201);
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a", noop_task, "If-None-Match: *\r\n").status, 412);
}

TEST_F(tasks_api, a_deleted_task_is_gone_and_its_name_free) {
  const auto first = request("PUT", "/api/v1/tasks/a", noop_task);
  const auto deleted = request("DELETE", "/api/v1/tasks/a");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.headers.count("content-length"), 0u);
  EXPECT_EQ(request("GET", "/api/v1/tasks/a").status, 404);
  EXPECT_EQ(request("DELETE", "/api/v1/tasks/a").status, 404);
  const auto second = request("PUT", "/api/v1/tasks/a", noop_task);
  EXPECT_EQ(second.status, 201);
  EXPECT_NE(second.headers.at("etag"), first.headers.at("etag"));
}

TEST_F(tasks_api, patch_merges) {
  request("PUT", "/api/v1/tasks/a",
          R"({"schedule":{"every":"1h"},"target":{"native":{"handler":"noop"}},"labels":{"x":"1","y":"2"}})");
  const auto patched = request("PATCH", "/api/v1/tasks/a", R"({"enabled":false,"labels":{"x":null}})", "",
                               "application/merge-patch+json; charset=UTF-8");
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.json()["enabled"], false);
  EXPECT_EQ(patched.json()["labels"], nlohmann::json({{"y", "2"}}));
  EXPECT_EQ(patched.json()["version"], 2);
  const auto wrong = request("PATCH", "/api/v1/tasks/a", R"({"priority":99,"colour":1})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(pointers_of(wrong), UnorderedElementsAre("/priority", "/colour"));
  EXPECT_EQ(request("PATCH", "/api/v1/tasks/none", R"({"enabled":false})").status, 404);
}

TEST_F(tasks_api, faults_have_pointers) {
  const auto answer = request("PUT", "/api/v1/tasks/a",
                              R"({"schedule":{"cron":"99 * * * *"},"target":{"native":{"handler":7}},"colour":1})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer), UnorderedElementsAre("/schedule/cron", "/target/native/handler", "/colour"));
  EXPECT_EQ(request("PUT", "/api/v1/tasks/a", "[]").status, 422);
}

TEST_F(tasks_api, the_list_is_paged_and_filtered) {
  for (const auto* name : {"b", "a", "ac"}) request("PUT", std::string{"/api/v1/tasks/"} + name, noop_task);
  request("PATCH", "/api/v1/tasks/b", R"({"enabled":false})");
  const auto first = request("GET", "/api/v1/tasks?limit=2").json();
  ASSERT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["items"][1]["name"], "ac");
  const auto second = request("GET", "/api/v1/tasks?limit=2&cursor=" + first["next"].get<std::string>()).json();
  ASSERT_EQ(second["items"].size(), 1u);
  EXPECT_EQ(second["items"][0]["name"], "b");
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_EQ(request("GET", "/api/v1/tasks?enabled=false").json()["items"].size(), 1u);
  EXPECT_EQ(request("GET", "/api/v1/tasks?q=a").json()["items"].size(), 2u);
  EXPECT_THAT(pointers_of(request("GET", "/api/v1/tasks?enabled=1")), ElementsAre("/enabled"));
}

TEST_F(tasks_api, run_makes_a_job_with_its_own_or_the_tasks_payload) {
  request("PUT", "/api/v1/tasks/a",
          R"({"schedule":{"every":"1h"},"target":{"native":{"handler":"noop"}},"payload":{"day":"today"}})");
  const auto plain = request("POST", "/api/v1/tasks/a/run");
  ASSERT_EQ(plain.status, 201) << plain.body;
  EXPECT_EQ(plain.json()["payload"]["day"], "today");
  EXPECT_EQ(plain.json()["origin"], "by_hand");
  EXPECT_EQ(plain.headers.at("location"), "/api/v1/jobs/" + plain.json()["id"].get<std::string>());
  const auto own =
      request("POST", "/api/v1/tasks/a/run", R"({ "payload" : {"z": 1.0 ,"a":2} })", "Idempotency-Key: r\r\n");
  EXPECT_THAT(own.body, HasSubstr(R"("payload":{"z": 1.0 ,"a":2})"));
  const auto again = request("POST", "/api/v1/tasks/a/run", "", "Idempotency-Key: r\r\n");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json()["id"], own.json()["id"]);
  EXPECT_EQ(request("POST", "/api/v1/tasks/none/run").status, 404);
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/tasks/a/run", R"({"delay":"1s"})")), ElementsAre("/delay"));
  EXPECT_EQ(request("POST", "/api/v1/tasks/a/run", "x=1", "", "application/x-www-form-urlencoded").status, 415);
}

TEST_F(tasks_api, next_lists_coming_times) {
  request("PUT", "/api/v1/tasks/a", R"({"schedule":{"cron":"0 12 * * *"},"target":{"native":{"handler":"noop"}}})");
  EXPECT_EQ(request("GET", "/api/v1/tasks/a/next?count=2").json()["times"],
            nlohmann::json({"2026-11-21T12:00:00.000Z", "2026-11-22T12:00:00.000Z"}));
  request("PATCH", "/api/v1/tasks/a", R"({"enabled":false})");
  EXPECT_TRUE(request("GET", "/api/v1/tasks/a/next").json()["times"].empty());
  EXPECT_EQ(request("GET", "/api/v1/tasks/a/next?count=1001").status, 422);
  EXPECT_EQ(request("GET", "/api/v1/tasks/none/next").status, 404);
}

TEST_F(tasks_api, preview_takes_a_schedule_that_no_task_has) {
  const auto answer = request(
      "POST", "/api/v1/schedules/preview",
      R"({"schedule":{"cron":"30 2 * * *","time_zone":"Asia/Shanghai"},"count":2,"after":"2026-01-01T00:00:00Z"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["times"], nlohmann::json({"2026-01-01T18:30:00.000Z", "2026-01-02T18:30:00.000Z"}));
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/schedules/preview", R"({"schedule":{"cron":"0 0 30 2 *"},"x":1})")),
              UnorderedElementsAre("/schedule/cron", "/x"));
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/schedules/preview", "{}")), ElementsAre("/schedule"));
}

TEST_F(tasks_api, fires_are_a_ledger_with_pages) {
  request("PUT", "/api/v1/tasks/a", noop_task);
  const auto at = [](int minutes) { return manual_clock::start_wall - std::chrono::minutes{minutes}; };
  node.add_ledger("a", {at(50), at(50), 1, job_id{5}, {}});
  node.add_ledger("a", {at(40), at(20), 3, {}, skip_verdict::overlap});
  node.add_ledger("a", {at(10), at(10), 1, job_id{6}, {}});
  const auto first = request("GET", "/api/v1/tasks/a/fires?limit=2").json();
  EXPECT_EQ(first["items"][0],
            nlohmann::json({{"fire_time", "2026-11-21T07:10:00.000Z"}, {"verdict", "fired"}, {"job", "5"}}));
  EXPECT_EQ(first["items"][1], nlohmann::json({{"from", "2026-11-21T07:20:00.000Z"},
                                               {"to", "2026-11-21T07:40:00.000Z"},
                                               {"count", 3},
                                               {"verdict", "overlap"}}));
  const auto second = request("GET", "/api/v1/tasks/a/fires?limit=2&cursor=" + first["next"].get<std::string>()).json();
  ASSERT_EQ(second["items"].size(), 1u);
  EXPECT_EQ(second["items"][0]["job"], "6");
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_EQ(request("GET", "/api/v1/tasks/none/fires").status, 404);
}

} // namespace
} // namespace wheelwork::testing
