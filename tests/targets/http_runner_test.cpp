#include "tests/targets/http_fixture.hpp"

#include "targets/webhook_signature.hpp"
#include "tests/targets/scripted_resolver.hpp"

namespace wheelwork::target_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class http_runner_test : public http_fixture {};

TEST_F(http_runner_test, a_callback_that_succeeds) {
  recording_server server{always(200, "done")};
  const auto result = result_of(post(server.url("/path?x=1")), payload::json("{ \"a\": 1.50}"));
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_EQ(result.id, job_id{1});
  EXPECT_EQ(result.number, 1u);
  EXPECT_TRUE(result.started);
  EXPECT_THAT(result.error, IsEmpty());
  EXPECT_LE(result.started_at, result.finished_at);
  EXPECT_EQ(response_of(result).at("status"), 200);
  EXPECT_EQ(response_of(result).at("body"), "done");

  const auto request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/path?x=1");
  EXPECT_EQ(request.body, "{ \"a\": 1.50}");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("wheelwork-job-id"), "1");
  EXPECT_EQ(request.header("wheelwork-attempt"), "1");
  EXPECT_EQ(request.header("wheelwork-fire-time"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(request.header("idempotency-key"), idempotency_key_of(job_id{1}, test_identity().database_secret));
  EXPECT_EQ(request.header("traceparent"), traceparent_of(job_id{1}, 1, test_identity().database_secret));
  EXPECT_THAT(request.header("user-agent"), ::testing::StartsWith("wheelwork/"));
  EXPECT_EQ(request.header("expect"), "(none)");
  EXPECT_EQ(request.header("webhook-id"), "(none)");
}

TEST_F(http_runner_test, the_status_decides) {
  recording_server server{always(500, "no")};
  auto result = result_of(post(server.url()));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_EQ(result.error, "status 500, success is 2xx");
  EXPECT_EQ(response_of(result).at("body"), "no");

  auto how = post(server.url());
  how.success.statuses = {{500, 599}};
  EXPECT_EQ(result_of(how).outcome, attempt_outcome::succeeded);
}

TEST_F(http_runner_test, json_members_decide) {
  recording_server server{always(200, R"({"success":true,"code":0.0})")};
  auto how = post(server.url());
  how.success.json_members = {{"/success", "true"}, {"/code", "0"}};
  EXPECT_EQ(result_of(how).outcome, attempt_outcome::succeeded);
  how.success.json_members = {{"/data/id", "1"}};
  const auto result = result_of(how);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_EQ(result.error, "the answer has no /data/id, success needs 1 there");
  EXPECT_EQ(response_of(result).at("status"), 200);
}

TEST_F(http_runner_test, methods_and_their_bodies) {
  recording_server server{always(204, "")};
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    auto how = post(server.url("/p"));
    how.method = method;
    EXPECT_EQ(result_of(how, payload::json(R"({"a":1})")).outcome, attempt_outcome::succeeded) << method;
    EXPECT_EQ(result_of(how).outcome, attempt_outcome::succeeded) << method;
  }
  const auto requests = server.requests();
  const auto line = [&](size_t i) {
    return requests[i].method + " " + requests[i].target + " " + requests[i].body + " " +
           requests[i].header("content-length") + " " + requests[i].header("content-type");
  };
  EXPECT_EQ(line(0), "GET /p?a=1  (none) (none)");
  EXPECT_EQ(line(1), "GET /p  (none) (none)");
  EXPECT_EQ(line(2), "POST /p {\"a\":1} 7 application/json");
  EXPECT_EQ(line(3), "POST /p  0 (none)");
  EXPECT_EQ(line(4), "PUT /p {\"a\":1} 7 application/json");
  EXPECT_EQ(line(5), "PUT /p  0 (none)");
  EXPECT_EQ(line(6), "PATCH /p {\"a\":1} 7 application/json");
  EXPECT_EQ(line(7), "PATCH /p  0 (none)");
  EXPECT_EQ(line(8), "DELETE /p {\"a\":1} 7 application/json");
  EXPECT_EQ(line(9), "DELETE /p  (none) (none)");
}

TEST_F(http_runner_test, raw_bytes_arrive_unchanged) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  recording_server server{always(200)};
  auto how = post(server.url());
  how.body = body_form::raw;
  EXPECT_EQ(result_of(how, payload::bytes(bytes, "application/x-any")).outcome, attempt_outcome::succeeded);
  EXPECT_EQ(server.requests().at(0).body, bytes);
  EXPECT_EQ(server.requests().at(0).header("content-type"), "application/x-any");
}

TEST_F(http_runner_test, headers_of_the_target_with_secrets_that_are_never_shown) {
  setenv("WHEELWORK_TEST_TOKEN", "very-secret-token", 1);
  recording_server server{[](test_connection& connection, const received_request& request) {
    connection.answer(200, std::string(4090, 'x') + request.header("authorization"));
  }};
  auto how = post(server.url());
  how.headers = {{"Authorization", "Bearer ${env:WHEELWORK_TEST_TOKEN}"}, {"X-Empty", ""}};
  const auto result = result_of(how);
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Bearer very-secret-token");
  EXPECT_EQ(server.requests().at(0).header("x-empty"), "");
  EXPECT_THAT(result.response, Not(HasSubstr("very")));
  how.success.json_members = {{"/a", "1"}};
  EXPECT_THAT(result_of(how).error, Not(HasSubstr("very")));
  how.headers = {{"Authorization", "${env:WHEELWORK_TEST_ABSENT}"}};
  const auto missing = result_of(how);
  EXPECT_EQ(missing.outcome, attempt_outcome::failed);
  EXPECT_FALSE(missing.started);
  EXPECT_THAT(missing.error, HasSubstr("WHEELWORK_TEST_ABSENT"));
}

TEST_F(http_runner_test, signed_requests_verify_and_keep_their_id_over_attempts) {
  settings_.signing_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  recording_server server{always(500)};
  auto order = make_order(post(server.url()), payload::json(R"({"a":1})"));
  result_of(order);
  order.number = 2;
  result_of(order);
  const auto requests = server.requests();
  const auto signer = webhook_signer::from_secret(settings_.signing_secret).value();
  for (const auto& request : requests) {
    const auto timestamp = std::stoll(request.header("webhook-timestamp"));
    EXPECT_EQ(request.header("webhook-signature"), signer.sign(request.header("webhook-id"), timestamp, request.body));
  }
  EXPECT_EQ(requests.at(0).header("webhook-id"), requests.at(1).header("webhook-id"));
}

TEST_F(http_runner_test, a_bad_signing_secret_is_told_at_once) {
  settings_.signing_secret = "whsec_!";
  EXPECT_THROW(runner(), std::invalid_argument);
}

TEST_F(http_runner_test, retry_after_is_passed_on) {
  recording_server server{always(503, "", "Retry-After: 120\r\n")};
  EXPECT_EQ(result_of(post(server.url())).retry_after, milliseconds{120'000});
  recording_server without{always(503, "")};
  EXPECT_EQ(result_of(post(without.url())).retry_after, std::nullopt);
}

TEST_F(http_runner_test, a_port_that_refuses) {
  const auto port = std::to_string(refused_port());
  const auto result = result_of(post("http://127.0.0.1:" + port + "/"));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_EQ(result.error, "connection refused by 127.0.0.1:" + port);
  EXPECT_TRUE(result.started);
  EXPECT_THAT(result.response, IsEmpty());
}

TEST_F(http_runner_test, a_name_that_does_not_resolve) {
  const scripted_name unknown{"nonexistent.invalid", {""}};
  const auto result = result_of(post("http://user:password@nonexistent.invalid/"));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_EQ(result.error, "name not resolved: nonexistent.invalid");
}

TEST_F(http_runner_test, connections_are_kept_alive) {
  recording_server server{always(200)};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(result_of(post(server.url())).outcome, attempt_outcome::succeeded);
  EXPECT_EQ(server.connections(), 1u);
}

// On a kept-alive connection that is closed after the request went out, libcurl sends it again by itself.
TEST_F(http_runner_test, at_most_once_is_never_sent_twice) {
  recording_server server{[](test_connection& connection, const received_request& request) {
    if (request.target == "/drop")
      connection.close();
    else
      connection.answer(200, "");
  }};
  EXPECT_EQ(result_of(post(server.url())).outcome, attempt_outcome::succeeded);
  auto order = make_order(post(server.url("/drop")), payload::json("{}"));
  auto how = std::make_shared<resolved_target>(*order.what.how);
  how->delivery = delivery_mode::at_most_once;
  order.what.how = how;
  const auto result = result_of(order);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("closed the connection without an answer"));
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(http_runner_test, many_at_once_are_each_answered_once) {
  recording_server server{always(200)};
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 500; ++id) orders.push_back(make_order(post(server.url()), {}, milliseconds{20'000}, id));
  runner().run(std::move(orders));
  std::set<uint64_t> ids;
  for (const auto& result : results_.wait(500)) {
    EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
    ids.insert(value_of(result.id));
  }
  EXPECT_EQ(ids.size(), 500u);
}

TEST_F(http_runner_test, cancel_ends_an_attempt_at_once_and_closes_its_connection) {
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false, closed = false;
  test_server server{[&](test_connection& connection) {
    connection.read();
    {
      const std::lock_guard lock{mutex};
      asked = true;
    }
    changed.notify_all();
    connection.wait_for_close();
    const std::lock_guard lock{mutex};
    closed = true;
    changed.notify_all();
  }};
  run(make_order(post(server.url()), {}, milliseconds{60'000}, 7));
  std::unique_lock lock{mutex};
  changed.wait(lock, [&] { return asked; });
  runner().cancel(job_id{7}, 2); // another attempt: nothing happens
  runner().cancel(job_id{7}, 1);
  changed.wait(lock, [&] { return closed; });
  const auto results = results_.wait(1);
  EXPECT_EQ(results[0].outcome, attempt_outcome::cancelled);
  EXPECT_EQ(results.size(), 1u);
}

TEST_F(http_runner_test, stop_abandons_what_runs_and_is_quick) {
  std::mutex mutex;
  std::condition_variable changed;
  size_t asked = 0;
  test_server server{[&](test_connection& connection) {
    connection.read();
    {
      const std::lock_guard lock{mutex};
      ++asked;
    }
    changed.notify_all();
    connection.wait_for_close();
  }};
  for (uint64_t id = 1; id <= 50; ++id) run(make_order(post(server.url()), {}, milliseconds{60'000}, id));
  {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return asked == 50; });
  }
  const auto begin = machine_clock().steady_now();
  runner().stop();
  EXPECT_LT(machine_clock().steady_now() - begin, std::chrono::seconds{2});
  EXPECT_EQ(results_.count(), 0u);
}

TEST_F(http_runner_test, a_wrong_kind_of_target_fails_in_words) {
  const auto result = result_of(make_order(native_target{"noop"}));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_FALSE(result.started);
}

} // namespace
} // namespace wheelwork::target_test
