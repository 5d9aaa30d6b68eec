#include "tests/api/api_fixture.hpp"

namespace wheelwork::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

/// list_pool with further members.
std::string pool_body(const std::string& members) {
  return std::string{list_pool.substr(0, list_pool.size() - 1)} + "," + members + "}";
}

class pools_api : public api_fixture {
protected:
  pools_api() {
    brokers.redis["a"] = {};
    brokers.kafka["k"] = {};
  }
  received_answer put(const std::string& name, std::string_view body = list_pool, std::string_view head = "") {
    return request("PUT", "/api/v1/pools/" + name, body, head);
  }
  nlohmann::json get(const std::string& path) { return request("GET", "/api/v1/pools" + path).json(); }
};

TEST_F(pools_api, put_creates_then_replaces_and_the_same_body_changes_nothing) {
  const auto created = put("orders");
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.headers.at("location"), "/api/v1/pools/orders");
  EXPECT_EQ(created.json()["name"], "orders");
  EXPECT_EQ(created.json()["dead_letter"], "orders:dead");
  EXPECT_EQ(created.json()["version"], 1);
  EXPECT_EQ(created.json()["active"], true);
  EXPECT_EQ(created.json()["created_at"], "2026-11-21T08:00:00.000Z");
  const auto same = put("orders");
  EXPECT_EQ(same.status, 200);
  EXPECT_EQ(same.headers.at("etag"), created.headers.at("etag"));
  const auto replaced = put("orders", pool_body(R"("max":20)"));
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(replaced.json()["max"], 20);
  EXPECT_NE(replaced.headers.at("etag"), created.headers.at("etag"));
  EXPECT_EQ(get("/orders"), replaced.json());
}

TEST_F(pools_api, a_pool_shows_how_it_is_doing) {
  put("orders");
  auto shown = get("/orders");
  for (const auto* unknown : {"lag", "oldest", "failure", "last_decision"})
    EXPECT_TRUE(shown.contains(unknown) && shown[unknown].is_null()) << unknown;
  pool_status status;
  status.active = true;
  status.lag = 5000;
  status.consumers = 3;
  status.wanted = 7;
  status.in_flight = 12;
  status.in_hand = 15;
  status.waiting_for_retry = 2;
  status.handled_per_second = 41.66666;
  status.taken = 100;
  status.succeeded = 90;
  status.failed_attempts = 11;
  status.dead_letters = 1;
  status.oldest = manual_clock::start_wall;
  status.failure = "the server is away";
  status.last_decision = "3 → 7";
  node.set_status("orders", status);
  shown = get("/orders");
  EXPECT_EQ(shown["lag"], 5000);
  EXPECT_EQ(shown["consumers"], 3);
  EXPECT_EQ(shown["wanted"], 7);
  EXPECT_EQ(shown["messages_in_flight"], 12);
  EXPECT_EQ(shown["in_flight"], 1) << "of each consumer, as defined";
  EXPECT_EQ(shown["messages_in_hand"], 15);
  EXPECT_EQ(shown["waiting_for_retry"], 2);
  EXPECT_EQ(shown["rate"], 41.667);
  EXPECT_EQ(shown["taken"], 100);
  EXPECT_EQ(shown["succeeded"], 90);
  EXPECT_EQ(shown["failed_attempts"], 11);
  EXPECT_EQ(shown["dead_letters"], 1);
  EXPECT_EQ(shown["oldest"], "2026-11-21T08:00:00.000Z");
  EXPECT_EQ(shown["failure"], "the server is away");
  EXPECT_EQ(shown["last_decision"], "3 → 7");
  EXPECT_EQ(get("")["items"][0], shown);
}

TEST_F(pools_api, a_pool_that_was_read_can_be_put_back) {
  put("orders", pool_body(R"("min":2,"policy":{"lag_step":{}})"));
  const auto read = request("GET", "/api/v1/pools/orders");
  const auto again = put("orders", read.body, "If-Match: " + read.headers.at("etag") + "\r\n");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.headers.at("etag"), read.headers.at("etag"));
}

TEST_F(pools_api, preconditions_guard_edits) {
  const auto first = put("a").headers.at("etag");
  EXPECT_EQ(put("a", pool_body(R"("max":20)"), "If-Match: " + first + "\r\n").status, 200);
  const auto late = put("a", pool_body(R"("max":30)"), "If-Match: " + first + "\r\n");
  EXPECT_EQ(late.status, 412);
  EXPECT_THAT(late.json()["detail"].get<std::string>(), HasSubstr("the pool is"));
  EXPECT_EQ(put("new", list_pool, "If-Match: *\r\n").status, 412);
  EXPECT_EQ(put("a", list_pool, "If-None-Match: *\r\n").status, 412);
  EXPECT_EQ(put("new", list_pool, "If-None-Match: *\r\n").status, 201);
  EXPECT_EQ(request("DELETE", "/api/v1/pools/a", "", "If-Match: " + first + "\r\n").status, 412);
  EXPECT_EQ(request("PATCH", "/api/v1/pools/a", R"({"paused":true})", "If-Match: " + first + "\r\n").status, 412);
}

TEST_F(pools_api, a_deleted_pool_is_gone_and_a_new_one_of_its_name_another) {
  const auto first = put("a").headers.at("etag");
  EXPECT_EQ(request("DELETE", "/api/v1/pools/a").status, 204);
  for (const auto* path : {"", "/events", "/minutes"})
    EXPECT_EQ(request("GET", std::string{"/api/v1/pools/a"} + path).status, 404) << path;
  EXPECT_EQ(request("DELETE", "/api/v1/pools/a").status, 404);
  EXPECT_EQ(request("PATCH", "/api/v1/pools/a", R"({"paused":true})").status, 404);
  node.time.advance(milliseconds{1});
  EXPECT_NE(put("a").headers.at("etag"), first);
}

TEST_F(pools_api, patch_merges_and_goes_again_when_others_edit_at_the_same_time) {
  put("a", pool_body(R"("min":2)"));
  const auto paused =
      request("PATCH", "/api/v1/pools/a", R"({"paused":true})", "", "application/merge-patch+json; charset=UTF-8");
  ASSERT_EQ(paused.status, 200) << paused.body;
  EXPECT_EQ(paused.json()["paused"], true);
  EXPECT_EQ(paused.json()["min"], 2);
  EXPECT_EQ(paused.json()["version"], 2);
  const auto wrong = request("PATCH", "/api/v1/pools/a", R"({"max":0,"colour":1})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(pointers_of(wrong), UnorderedElementsAre("/max", "/colour"));
  node.race_pools(2);
  EXPECT_EQ(request("PATCH", "/api/v1/pools/a", R"({"paused":false})").status, 200);
  node.race_pools(100);
  EXPECT_EQ(request("PATCH", "/api/v1/pools/a", R"({"paused":true})").status, 409);
}

TEST_F(pools_api, faults_have_pointers) {
  const auto answer = put("a", R"({"source":{"redis_list":{"key":7}},"target":{},"min":9,"max":3,"colour":1})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer), UnorderedElementsAre("/source/redis_list/connection", "/source/redis_list/key",
                                                        "/target", "/min", "/colour"));
  EXPECT_EQ(put("a", "{").status, 400);
  EXPECT_EQ(put("a", "[]").status, 422);
  EXPECT_EQ(request("PUT", "/api/v1/pools/a", list_pool, "", "text/plain").status, 415);
}

TEST_F(pools_api, a_connection_must_be_configured) {
  const auto list = put("a", R"({"source":{"redis_list":{"connection":"b","key":"k"}},
                               "target":{"native":{"handler":"noop"}}})");
  EXPECT_EQ(list.status, 422);
  EXPECT_THAT(pointers_of(list), ElementsAre("/source/redis_list/connection"));
  EXPECT_THAT(list.body, HasSubstr("there is `a`"));
  const auto kafka = put("a", R"({"source":{"kafka":{"connection":"a","topic":"t","group":"g"}},
                                "target":{"native":{"handler":"noop"}}})");
  EXPECT_THAT(pointers_of(kafka), ElementsAre("/source/kafka/connection"));
  put("a");
  const auto patched = request("PATCH", "/api/v1/pools/a", R"({"source":{"redis_list":{"connection":"b"}}})");
  EXPECT_THAT(pointers_of(patched), ElementsAre("/source/redis_list/connection"));
}

TEST_F(pools_api, errors_of_the_node_are_told) {
  put("a");
  node.fail_with(service_error{service_errc::unavailable, "the disk is full", std::chrono::seconds{3}, ""});
  EXPECT_EQ(put("a", pool_body(R"("max":20)")).status, 503);
  EXPECT_EQ(request("DELETE", "/api/v1/pools/a").status, 503);
  EXPECT_EQ(request("GET", "/api/v1/pools/a").status, 200) << "what is known is still told";
}

TEST_F(pools_api, the_list_is_paged_by_name) {
  for (const auto* name : {"b", "a", "c"}) put(name);
  const auto first = get("?limit=2");
  ASSERT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["items"][0]["name"], "a");
  const auto second = get("?limit=2&cursor=" + first["next"].get<std::string>());
  ASSERT_EQ(second["items"].size(), 1u);
  EXPECT_EQ(second["items"][0]["name"], "c");
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_THAT(pointers_of(request("GET", "/api/v1/pools?colour=red")), ElementsAre("/colour"));
}

TEST_F(pools_api, an_operator_pauses_and_an_admin_edits) {
  settings.tokens = {{"o", "operate-secret", token_role::operator_role}, {"a", "admin-secret", token_role::admin}};
  const auto patch = [&](const std::string& token, std::string_view body) {
    return request("PATCH", "/api/v1/pools/a", body, "Authorization: Bearer " + token + "\r\n").status;
  };
  put("a", list_pool, "Authorization: Bearer admin-secret\r\n");
  EXPECT_EQ(patch("operate-secret", R"({"paused":true})"), 200);
  EXPECT_EQ(patch("operate-secret", R"({"paused":true,"max":20})"), 403);
  EXPECT_EQ(patch("admin-secret", R"({"max":20})"), 200);
}

pool_event happened(wall_time at, const std::string& reason) {
  pool_event made;
  made.pool = "a";
  made.at = at;
  made.reason = reason;
  return made;
}

TEST_F(pools_api, events_come_newest_first_and_pages_lose_none) {
  put("a");
  const auto at = [](int seconds) { return manual_clock::start_wall + std::chrono::seconds{seconds}; };
  auto grew = happened(at(0), "grew");
  grew.consumers_before = 1;
  grew.consumers = 4;
  grew.lag = 900;
  node.add_event(grew);
  for (const auto* reason : {"first of three", "second of three", "third of three"})
    node.add_event(happened(at(1), reason));
  node.add_event(happened(at(2), "last"));
  const auto newest = get("/a/events?limit=2");
  ASSERT_EQ(newest["items"].size(), 1u) << "a page does not end inside an instant";
  EXPECT_EQ(newest["items"][0]["reason"], "last");
  std::vector<std::string> reasons;
  std::string cursor = newest["next"];
  for (int pages = 0; pages < 10 && !cursor.empty(); ++pages) {
    const auto page = get("/a/events?limit=3&cursor=" + cursor);
    for (const auto& each : page["items"]) reasons.push_back(each["reason"]);
    cursor = page["next"].is_null() ? "" : page["next"].get<std::string>();
  }
  EXPECT_THAT(reasons, ElementsAre("third of three", "second of three", "first of three", "grew"));
  const auto before = get("/a/events?before=2026-11-21T08:00:01Z");
  ASSERT_EQ(before["items"].size(), 1u);
  EXPECT_EQ(before["items"][0], nlohmann::json({{"at", "2026-11-21T08:00:00.000Z"},
                                                {"kind", "scaled"},
                                                {"consumers_before", 1},
                                                {"consumers", 4},
                                                {"lag", 900},
                                                {"messages", 0},
                                                {"reason", "grew"}}));
  EXPECT_EQ(request("GET", "/api/v1/pools/none/events").status, 404);
  EXPECT_THAT(pointers_of(request("GET", "/api/v1/pools/a/events?before=soon&cursor=x")),
              UnorderedElementsAre("/before", "/cursor"));
}

TEST_F(pools_api, minutes_are_those_of_the_last_day_unless_asked_otherwise) {
  put("a");
  pool_minute minute;
  minute.pool = "a";
  minute.node = "node-a";
  minute.taken = 7;
  for (const int hours : {30, 2, 1}) {
    minute.minute = manual_clock::start_wall - std::chrono::hours{hours};
    node.add_minute(minute);
  }
  const auto last_day = get("/a/minutes");
  ASSERT_EQ(last_day["items"].size(), 2u);
  EXPECT_EQ(last_day["items"][0]["minute"], "2026-11-21T06:00:00.000Z");
  EXPECT_EQ(last_day["items"][0]["taken"], 7);
  EXPECT_EQ(get("/a/minutes?from=2026-11-20T00:00:00Z&to=2026-11-21T07:00:00Z")["items"].size(), 2u);
  EXPECT_THAT(pointers_of(request("GET", "/api/v1/pools/a/minutes?from=2026-11-01T00:00:00Z")), ElementsAre("/from"));
  EXPECT_EQ(request("GET", "/api/v1/pools/none/minutes").status, 404);
}

TEST_F(pools_api, metrics_tell_what_is_known_of_each_pool) {
  put("a");
  put("b");
  pool_status status;
  status.lag = 12;
  status.consumers = 3;
  status.taken = 40;
  status.oldest = manual_clock::start_wall;
  node.set_status("b", status);
  node.time.advance(milliseconds{1500});
  const auto text = request("GET", "/metrics").body;
  EXPECT_THAT(text, HasSubstr("# TYPE wheelwork_pool_messages_taken_total counter"));
  EXPECT_THAT(text, HasSubstr("wheelwork_pool_messages_taken_total{pool=\"b\"} 40\n"));
  EXPECT_THAT(text, HasSubstr("wheelwork_pool_messages_taken_total{pool=\"a\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("wheelwork_pool_lag{pool=\"b\"} 12\n"));
  EXPECT_THAT(text, Not(HasSubstr("wheelwork_pool_lag{pool=\"a\"}"))) << "unknown";
  EXPECT_THAT(text, HasSubstr("wheelwork_pool_consumers{pool=\"b\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("wheelwork_pool_oldest_message_age_seconds{pool=\"b\"} 1.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("wheelwork_pool_oldest_message_age_seconds{pool=\"a\"}")));
}

} // namespace
} // namespace wheelwork::testing
