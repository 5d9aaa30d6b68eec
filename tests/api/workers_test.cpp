#include "tests/api/api_fixture.hpp"

#include "messages/json.hpp"

#include <future>

namespace wheelwork::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class workers_api : public api_fixture {
protected:
  static leased_job leased(uint64_t id, payload body = payload::json(R"({"b": 1.0})")) {
    leased_job made;
    made.order.what.id = job_id{id};
    made.order.what.how = std::make_shared<const resolved_target>(
        *resolved_target_from_json(nlohmann::json::parse(R"({"target":{"worker":{"queue":"mail"}}})"), json_context{}));
    made.order.what.body = std::move(body);
    made.order.what.due_at = manual_clock::start_wall;
    made.order.number = 2;
    made.lease = 30s;
    made.timeout = 60s;
    return made;
  }
  std::future<received_answer> poll_in_background(std::string body) {
    return std::async(std::launch::async,
                      [this, body = std::move(body)] { return request("POST", "/api/v1/workers/poll", body); });
  }
  received_answer ack(std::string_view body) { return request("POST", "/api/v1/workers/ack", body); }
  void add_job(uint64_t id, std::vector<attempt_record> attempts) {
    job_view view;
    view.what = leased(id).order.what;
    view.attempts = std::move(attempts);
    node.add_job(std::move(view));
  }
};

constexpr std::string_view usual_poll = R"({"queues":["mail"],"worker":"host-1","max":10,"wait":"30s"})";

TEST_F(workers_api, a_poll_waits_for_jobs_and_gets_all_that_a_worker_needs) {
  server();
  auto answer =
      poll_in_background(R"({"queues":["mail","more","mail"],"worker":"host-1","max":10,"wait":"30s","lease":"10s"})");
  node.workers.answer(1, {leased(4711), leased(4712, payload::bytes("\x01\x02", "a/b"))});
  const auto got = answer.get();
  ASSERT_EQ(got.status, 200) << got.body;
  const auto& asked = node.workers.polls.at(0);
  EXPECT_THAT(asked.queues, ElementsAre("mail", "more"));
  EXPECT_EQ(asked.worker, "host-1");
  EXPECT_EQ(asked.max, 10u);
  EXPECT_EQ(asked.wait, 30s);
  EXPECT_EQ(asked.lease, 10s);
  const auto jobs = got.json()["jobs"];
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0]["id"], "4711");
  EXPECT_EQ(jobs[0]["attempt"], 2);
  EXPECT_EQ(jobs[0]["queue"], "mail");
  EXPECT_EQ(jobs[0]["lease"], "30s");
  EXPECT_EQ(jobs[0]["timeout"], "60s");
  EXPECT_EQ(jobs[0]["idempotency_key"].get<std::string>().size(), 32u);
  EXPECT_THAT(got.body, HasSubstr(R"("payload":{"b": 1.0})")) << "byte for byte";
  EXPECT_EQ(jobs[1]["payload_base64"], "AQI=");
  EXPECT_EQ(jobs[1]["content_type"], "a/b");
}

TEST_F(workers_api, what_a_poll_leaves_out_has_defaults) {
  server();
  auto answer = poll_in_background(R"({"queues":["mail"],"worker":"host-1"})");
  node.workers.answer(1, {});
  EXPECT_EQ(answer.get().body, R"({"jobs":[]})");
  const auto& asked = node.workers.polls.at(0);
  EXPECT_EQ(asked.max, 1u);
  EXPECT_EQ(asked.wait, 0s);
  EXPECT_EQ(asked.lease, 30s);
}

TEST_F(workers_api, a_poll_may_wait_longer_than_other_requests) {
  limits.answer_timeout = 1s;
  server();
  auto answer = poll_in_background(R"({"queues":["mail"],"worker":"host-1","wait":"10m"})");
  node.workers.await_poll(1);
  node.time.advance(10min);
  const auto quick = request("GET", "/healthz"); // a round of the server in which it was not given up
  EXPECT_EQ(quick.status, 200);
  node.workers.answer(1, {leased(1)});
  EXPECT_EQ(answer.get().status, 200);
}

TEST_F(workers_api, a_worker_that_goes_away_takes_its_poll_back) {
  server();
  {
    auto client = connect();
    client.send("POST /api/v1/workers/poll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: " +
                std::to_string(usual_poll.size()) + "\r\n\r\n" + std::string{usual_poll});
    node.workers.await_poll(1);
  }
  node.workers.await_withdrawal(1);
}

TEST_F(workers_api, jobs_that_reach_nobody_are_given_back) {
  server();
  auto gone = std::make_unique<http_client>(connect());
  gone->send("POST /api/v1/workers/poll HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Content-Length: " +
             std::to_string(usual_poll.size()) + "\r\n\r\n" + std::string{usual_poll});
  node.workers.await_poll(1);
  node.workers.keep_withdrawn(); // the answer is on its way when the worker leaves
  gone.reset();
  node.workers.await_withdrawal(1);
  node.workers.answer(1, {leased(4711)});
  node.workers.await_given_back(job_id{4711});
}

TEST_F(workers_api, a_poll_is_told_all_its_faults) {
  const auto answer =
      request("POST", "/api/v1/workers/poll", R"({"queues":["",7],"max":0,"wait":"11m","lease":"1ms","queue":"mail"})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(pointers_of(answer),
              UnorderedElementsAre("/queues/0", "/queues/1", "/worker", "/max", "/wait", "/lease", "/queue"));
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/workers/poll", R"({"queues":[],"worker":"a"})")),
              ElementsAre("/queues"));
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/workers/poll", "{}")), UnorderedElementsAre("/queues", "/worker"));
  EXPECT_EQ(request("POST", "/api/v1/workers/poll", "queues=mail").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/workers/poll", "{}", "", "text/plain").status, 415);
}

TEST_F(workers_api, an_acknowledgement_says_what_became_of_the_attempt) {
  const auto done = ack(R"({"id":"4711","attempt":2,"outcome":"succeeded","result":{"sent":3},"worker":"host-1"})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.json(), nlohmann::json::parse(R"({"id":"4711","attempt":2,"outcome":"succeeded"})"));
  const auto failed = ack(R"({"id":"4711","attempt":3,"outcome":"failed","error":"no space"})");
  EXPECT_EQ(failed.status, 200);
  const auto& acks = node.workers.acks;
  ASSERT_EQ(acks.size(), 2u);
  EXPECT_EQ(acks[0], (attempt_ack{job_id{4711}, 2, true, "", R"({"sent":3})"}));
  EXPECT_EQ(acks[1], (attempt_ack{job_id{4711}, 3, false, "no space", ""}));
}

TEST_F(workers_api, while_the_node_stops_only_what_ends_work_is_taken) {
  server().stop_taking_work();
  const auto refused = request("POST", "/api/v1/workers/poll", usual_poll);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(request("POST", "/api/v1/jobs", R"({"target":{"native":{"handler":"noop"}}})").status, 503);
  EXPECT_EQ(request("DELETE", "/api/v1/tasks/a").status, 503);
  EXPECT_EQ(request("GET", "/healthz").status, 200);
  EXPECT_EQ(ack(R"({"id":"4711","attempt":2,"outcome":"succeeded"})").status, 200);
  EXPECT_EQ(request("POST", "/api/v1/jobs/4711/attempts/2/ack", R"({"outcome":"succeeded"})").status, 200);
  EXPECT_NE(request("POST", "/api/v1/workers/heartbeat", R"({"id":"4711","attempt":2})").status, 503);
}

TEST_F(workers_api, the_attempt_may_be_named_in_the_path) {
  const auto done = request("POST", "/api/v1/jobs/4711/attempts/2/ack", R"({"outcome":"succeeded","result":7})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(node.workers.acks.at(0), (attempt_ack{job_id{4711}, 2, true, "", R"({"result":7})"}));
  EXPECT_EQ(request("POST", "/api/v1/jobs/4711/attempts/0/ack", R"({"outcome":"succeeded"})").status, 404);
  EXPECT_EQ(request("POST", "/api/v1/jobs/x/attempts/1/ack", R"({"outcome":"succeeded"})").status, 404);
  EXPECT_THAT(pointers_of(request("POST", "/api/v1/jobs/4711/attempts/2/ack", R"({"id":"4711"})")),
              UnorderedElementsAre("/id", "/outcome"));
}

TEST_F(workers_api, a_large_result_is_cut) {
  const std::string much(70'000, 'x');
  ASSERT_EQ(ack(R"({"id":"1","attempt":1,"outcome":"succeeded","result":")" + much + R"("})").status, 200);
  const auto response = nlohmann::json::parse(node.workers.acks.at(0).response);
  EXPECT_EQ(response["truncated"], true);
  EXPECT_LT(response.dump().size(), 70'000u);
}

TEST_F(workers_api, an_acknowledgement_is_told_all_its_faults) {
  EXPECT_THAT(pointers_of(ack("{}")), UnorderedElementsAre("/id", "/attempt", "/outcome"));
  EXPECT_THAT(pointers_of(ack(R"({"id":4711,"attempt":0,"outcome":"done","reason":"a"})")),
              UnorderedElementsAre("/id", "/attempt", "/outcome", "/reason"));
  EXPECT_THAT(pointers_of(ack(R"({"id":"1","attempt":1,"outcome":"succeeded","error":"none"})")),
              ElementsAre("/error"));
  EXPECT_TRUE(node.workers.acks.empty());
}

TEST_F(workers_api, a_late_acknowledgement_is_409_and_kept_with_its_attempt) {
  node.workers.verdict = ack_verdict::unknown;
  attempt_record ended{
      1, "node-a", manual_clock::start_wall, manual_clock::start_wall, attempt_outcome::failed, "its lease ran out",
      ""};
  add_job(4711, {ended});
  const auto answer = ack(R"({"id":"4711","attempt":1,"outcome":"succeeded","result":{"a":1}})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("its lease ran out"));
  ASSERT_EQ(node.workers.late.size(), 1u);
  const auto& late = node.workers.late[0].second;
  EXPECT_EQ(late.number, 1u);
  EXPECT_EQ(late.response, R"({"a":1})");
  EXPECT_THAT(late.error, HasSubstr("its lease ran out"));
  EXPECT_THAT(late.error, HasSubstr("succeeded"));
}

TEST_F(workers_api, the_journal_knows_acknowledgements_of_before) {
  node.workers.verdict = ack_verdict::unknown;
  attempt_record done{1, "node-a", {}, {}, attempt_outcome::succeeded, "", R"({"a":1})"};
  attempt_record runs{2, "node-a", {}, {}, std::nullopt, "", ""};
  add_job(4711, {done, runs});
  EXPECT_EQ(ack(R"({"id":"4711","attempt":1,"outcome":"succeeded","result":{"a":1}})").status, 200);
  EXPECT_EQ(ack(R"({"id":"4711","attempt":1,"outcome":"succeeded","result":{"a":2}})").status, 409);
  EXPECT_EQ(ack(R"({"id":"4711","attempt":1,"outcome":"failed","error":"x"})").status, 409);
  EXPECT_EQ(ack(R"({"id":"4711","attempt":2,"outcome":"succeeded"})").status, 409);
  EXPECT_EQ(ack(R"({"id":"4711","attempt":3,"outcome":"succeeded"})").status, 409);
  EXPECT_EQ(ack(R"({"id":"1","attempt":1,"outcome":"succeeded"})").status, 404);
  EXPECT_TRUE(node.workers.late.empty()) << "it succeeded, and nothing else is worth a row";
}

TEST_F(workers_api, a_heartbeat_extends_the_lease_of_who_holds_the_attempt) {
  node.workers.held[{job_id{4711}, 2}] = 30s;
  const auto beat = [this](std::string_view body) { return request("POST", "/api/v1/workers/heartbeat", body); };
  const auto same = beat(R"({"id":"4711","attempt":2,"worker":"host-1"})");
  ASSERT_EQ(same.status, 200) << same.body;
  EXPECT_EQ(same.json()["lease"], "30s");
  EXPECT_EQ(beat(R"({"id":"4711","attempt":2,"lease":"5s"})").json()["lease"], "5s");
  EXPECT_EQ(beat(R"({"id":"4711","attempt":1})").status, 409);
  EXPECT_THAT(pointers_of(beat(R"({"lease":"soon"})")), UnorderedElementsAre("/id", "/attempt", "/lease"));
}

TEST_F(workers_api, metrics_tell_of_polls_and_leases) {
  node.counts.workers.polls = 3;
  node.counts.workers.leases = 5;
  const auto metrics = request("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("wheelwork_worker_polls_waiting 3"));
  EXPECT_THAT(metrics, HasSubstr("wheelwork_worker_leases 5"));
}

} // namespace
} // namespace wheelwork::testing
