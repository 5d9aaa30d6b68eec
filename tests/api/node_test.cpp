// How the API behaves towards its node: batching, limits, failures, stops.
#include "tests/api/api_fixture.hpp"

namespace wheelwork::testing {
namespace {

using ::testing::HasSubstr;
using node_api = api_fixture;

std::string push_text() {
  return "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(noop_job.size()) + "\r\n\r\n" + std::string{noop_job};
}

TEST_F(node_api, pushes_of_one_round_go_to_the_node_together) {
  std::vector<http_client> clients;
  for (int i = 0; i < 65; ++i) {
    clients.push_back(connect());
    ASSERT_EQ(clients.back().request("GET", "/healthz").status, 200);
  }
  node.close_gate();
  clients[0].send(push_text());
  node.await_requests(1); // the I/O thread stands in push(); what the others send gathers
  for (size_t i = 1; i < clients.size(); ++i) clients[i].send(push_text());
  node.open_gate();
  for (auto& client : clients) EXPECT_EQ(client.receive()->status, 201);
  EXPECT_EQ(node.pushed_requests(), 65u);
  EXPECT_LE(node.push_calls(), 4u);
}

TEST_F(node_api, past_max_in_flight_pushes_get_429) {
  settings.max_in_flight = 2;
  node.hold_pushes();
  auto first = connect(), second = connect();
  first.send(push_text());
  second.send(push_text());
  node.await_requests(2);
  for (const auto* path : {"/api/v1/jobs", "/api/v1/jobs/batch"}) {
    const auto refused = request("POST", path, noop_job);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.at("retry-after"), "1");
  }
  EXPECT_EQ(request("GET", "/api/v1/stats").status, 200);
  node.release_pushes();
  EXPECT_EQ(first.receive()->status, 201);
  EXPECT_EQ(second.receive()->status, 201);
}

TEST_F(node_api, errors_of_the_node_have_their_codes) {
  const std::pair<service_errc, int> codes[] = {{service_errc::not_found, 404},        {service_errc::conflict, 409},
                                                {service_errc::version_mismatch, 412}, {service_errc::invalid, 422},
                                                {service_errc::overloaded, 429},       {service_errc::unavailable, 503},
                                                {service_errc::unknown_outcome, 503},  {service_errc::broken, 500}};
  for (const auto& [code, status] : codes) {
    node.fail_with(service_error{code, "because of it", std::chrono::seconds{7}, "/where"});
    const auto answer = request("POST", "/api/v1/jobs", noop_job);
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.json()["status"], status);
    EXPECT_EQ(answer.json()["detail"], "because of it");
    EXPECT_EQ(answer.headers.count("retry-after"), status == 429 || status == 503 ? 1u : 0u);
    if (status == 503) {
      EXPECT_EQ(answer.headers.at("retry-after"), "7");
    }
    if (status == 422) {
      EXPECT_EQ(answer.json()["errors"][0]["pointer"], "/where");
    }
  }
}

TEST_F(node_api, an_answer_that_does_not_come_is_503_in_time) {
  node.hold_pushes();
  auto client = connect();
  client.send(push_text());
  node.await_requests(1);
  node.time.advance(limits.answer_timeout);
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->headers.at("retry-after"), "1");
  EXPECT_THAT(answer->body, HasSubstr("Idempotency-Key"));
  node.release_pushes(); // too late: must not be taken for the answer of the next request
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST_F(node_api, a_callback_that_is_thrown_away_is_503_at_once) {
  node.drop_callbacks(true);
  EXPECT_EQ(request("POST", "/api/v1/jobs", noop_job).status, 503);
  EXPECT_EQ(request("GET", "/api/v1/jobs/42").status, 503);
  EXPECT_EQ(request("POST", "/api/v1/jobs/42/cancel").status, 503);
  node.drop_callbacks(false);
  EXPECT_EQ(request("POST", "/api/v1/jobs", noop_job).status, 201);
}

TEST_F(node_api, a_client_that_goes_away_harms_nobody) {
  node.hold_pushes();
  {
    auto gone = connect();
    gone.send(push_text());
    node.await_requests(1);
  }
  node.release_pushes();
  EXPECT_EQ(request("POST", "/api/v1/jobs", noop_job).status, 201);
}

TEST_F(node_api, readyz_tells_why_not) {
  EXPECT_EQ(request("GET", "/readyz").json()["ready"], true);
  node.set_health({false, "the disk is full"});
  const auto answer = request("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json()["reason"], "the disk is full");
  EXPECT_EQ(request("GET", "/healthz").status, 200);
}

TEST_F(node_api, stats_have_the_members_of_the_contract_and_are_a_second_old_at_most) {
  node.counts.succeeded = 5;
  node.counts.timed_out = 2;
  auto stats = request("GET", "/api/v1/stats").json();
  EXPECT_TRUE(stats["jobs"]["pending"].is_null());
  EXPECT_EQ(stats["jobs"]["succeeded"], 5);
  EXPECT_EQ(stats["attempts"]["timed_out"], 2);
  for (const auto* name : {"pushed", "started", "finished"}) EXPECT_TRUE(stats["rates"][name].is_number()) << name;
  for (const auto* name : {"p50", "p99", "max"}) EXPECT_TRUE(stats["lateness_ms"][name].is_number()) << name;
  EXPECT_EQ(stats["skipped"], 0);
  node.counts.live.set_base({1}, 10);
  node.counts.in_flight = 4;
  node.time.advance(milliseconds{999});
  EXPECT_TRUE(request("GET", "/api/v1/stats").json()["jobs"]["pending"].is_null());
  node.time.advance(milliseconds{1});
  stats = request("GET", "/api/v1/stats").json();
  EXPECT_EQ(stats["jobs"]["pending"], 6);
  EXPECT_EQ(stats["jobs"]["running"], 4);
}

TEST_F(node_api, metrics_are_prometheus_text) {
  node.counts.dead = 3;
  const auto answer = request("GET", "/metrics");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("# TYPE wheelwork_jobs_finished_total counter"));
  EXPECT_THAT(answer.body, HasSubstr("wheelwork_jobs_finished_total{state=\"dead\"} 3"));
  EXPECT_THAT(answer.body, HasSubstr("wheelwork_ready 1"));
}

TEST_F(node_api, nodes_lists_this_one) {
  const auto items = request("GET", "/api/v1/nodes").json()["items"];
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0]["name"], "node-a");
  EXPECT_EQ(items[0]["shards"], 64);
  EXPECT_EQ(items[0]["started_at"], "2026-11-21T08:00:00.000Z");
}

TEST_F(node_api, a_taken_port_is_named) {
  settings.listen = "127.0.0.1:" + std::to_string(server().port());
  try {
    api_server second{settings, node, {}};
    FAIL() << "two servers on one port";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr(settings.listen));
  }
}

TEST_F(node_api, stop_accepting_closes_idle_connections_and_answers_those_in_hand) {
  node.hold_pushes();
  auto idle = connect(), busy = connect();
  EXPECT_EQ(idle.request("GET", "/healthz").status, 200);
  busy.send(push_text());
  node.await_requests(1);
  server().stop_accepting();
  EXPECT_TRUE(idle.is_closed_by_server());
  node.release_pushes();
  const auto answer = busy.receive();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->headers.at("connection"), "close");
}

TEST_F(node_api, stop_answers_what_still_waits) {
  node.hold_pushes();
  auto busy = connect();
  busy.send(push_text());
  node.await_requests(1);
  server().stop();
  EXPECT_EQ(busy.receive()->status, 503);
  node.release_pushes(); // callbacks that come later find nobody
}

} // namespace
} // namespace wheelwork::testing
