// Callbacks that behave badly (RELIABILITY rows 23 and 24): each ends in time, with a reason, and holds up nobody.
#include "tests/targets/http_fixture.hpp"
#include "tests/targets/scripted_resolver.hpp"

#include <sys/resource.h>

namespace wheelwork::target_test {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class http_faults : public http_fixture {};

constexpr milliseconds short_timeout{300};
constexpr std::string_view head_of_endless = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";

TEST_F(http_faults, accepts_and_never_answers) {
  test_server server{[](test_connection& connection) { connection.wait_for_close(); }};
  const auto result = result_of(post(server.url()), {}, short_timeout);
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr("300ms"), HasSubstr("did not answer"), HasSubstr(std::to_string(server.port()))));
  EXPECT_GE(result.finished_at - result.started_at, short_timeout - milliseconds{5});
}

TEST_F(http_faults, dribbles_byte_by_byte) {
  test_server server{[](test_connection& connection) {
    connection.read();
    connection.write(head_of_endless);
    while (connection.stays_open_for(20) && connection.write("x")) {
    }
  }};
  const auto result = result_of(post(server.url()), {}, short_timeout);
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(result.error, HasSubstr("did not finish its answer"));
}

TEST_F(http_faults, dribbles_its_head) {
  test_server server{[](test_connection& connection) {
    connection.read();
    connection.write("HTTP/1.1 200 OK\r\nX-Long: ");
    while (connection.stays_open_for(20) && connection.write("x")) {
    }
  }};
  EXPECT_EQ(result_of(post(server.url()), {}, short_timeout).outcome, attempt_outcome::timed_out);
}

TEST_F(http_faults, redirects_for_ever_within_the_one_timeout) {
  recording_server server{[](test_connection& connection, const received_request&) {
    if (connection.stays_open_for(100)) connection.answer(302, "", "Location: /again\r\n");
  }};
  auto how = post(server.url());
  how.redirects = 10;
  EXPECT_EQ(result_of(how, {}, short_timeout).outcome, attempt_outcome::timed_out);
  EXPECT_LE(server.requests().size(), 4u);
}

void answer_without_end(test_connection& connection) {
  connection.read();
  connection.write(head_of_endless);
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 1000 && connection.write(megabyte); ++i) {
  }
}

TEST_F(http_faults, a_gigabyte_is_not_read) {
  test_server server{answer_without_end};
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const auto result = result_of(post(server.url()));
  getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_EQ(response_of(result).at("body").get<std::string>().size(), 4096u);
  EXPECT_EQ(response_of(result).at("truncated"), true);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 50 << 10) << "KiB";
}

TEST_F(http_faults, a_gigabyte_is_too_long_for_success_json) {
  test_server server{answer_without_end};
  auto how = post(server.url());
  how.success.json_members = {{"/a", "1"}};
  const auto result = result_of(how);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, AllOf(HasSubstr("1048576"), HasSubstr("success.json")));
  EXPECT_EQ(response_of(result).at("body").get<std::string>().size(), 4096u);
}

TEST_F(http_faults, a_mebibyte_is_not_too_long) {
  const std::string filler((1 << 20) - 8, ' ');
  recording_server server{always(200, R"({"a":1})" + filler + " ")};
  auto how = post(server.url());
  how.success.json_members = {{"/a", "1"}};
  EXPECT_EQ(result_of(how).outcome, attempt_outcome::succeeded);
}

TEST_F(http_faults, what_is_not_http) {
  for (const char* garbage : {"\x01\x02\x03garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "+OK redis\r\n"}) {
    test_server server{[&](test_connection& connection) {
      connection.read();
      connection.write(garbage);
    }};
    const auto result = result_of(post(server.url()));
    EXPECT_EQ(result.outcome, attempt_outcome::failed);
    EXPECT_THAT(result.error, HasSubstr("is not HTTP"));
  }
}

TEST_F(http_faults, closes_without_an_answer_or_in_the_middle) {
  test_server silent{[](test_connection& connection) { connection.read(); }};
  EXPECT_THAT(result_of(post(silent.url())).error, HasSubstr("closed the connection without an answer"));
  test_server broken{[](test_connection& connection) {
    connection.read();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }};
  const auto result = result_of(post(broken.url()));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, AllOf(HasSubstr("in the middle of its answer"), HasSubstr("4 bytes")));
}

TEST_F(http_faults, a_flood_of_headers) {
  test_server server{[](test_connection& connection) {
    connection.read();
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-Flood: 0123456789012345678901234567890123456789\r\n")) {
    }
  }};
  const auto result = result_of(post(server.url()));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("headers of the answer"));
}

TEST_F(http_faults, bytes_that_are_no_text) {
  recording_server server{always(200, std::string{"\0\xff\x80", 3})};
  EXPECT_EQ(response_of(result_of(post(server.url()))).at("body_base64"), "AP+A");
}

TEST_F(http_faults, plain_http_where_tls_was_expected) {
  test_server server{[](test_connection& connection) { connection.answer(200, "plain"); }};
  const auto result = result_of(post("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("TLS with 127.0.0.1:" + std::to_string(server.port()) + " failed"));
}

TEST_F(http_faults, a_tls_handshake_that_never_ends) {
  test_server server{[](test_connection& connection) { connection.wait_for_close(); }};
  const auto result = result_of(post("https://127.0.0.1:" + std::to_string(server.port()) + "/"), {}, short_timeout);
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(result.error, HasSubstr("no TLS connection to 127.0.0.1:" + std::to_string(server.port())));
}

TEST_F(http_faults, a_stuck_resolver_holds_up_nobody) {
  recording_server server{always(200)};
  stuck_name stuck{"stuck.test"};
  run(make_order(post("http://stuck.test/"), {}, milliseconds{150}, 100));
  stuck.wait_until_asked();
  const auto timed_out = results_.wait(1).back(); // libcurl would wait for its resolver thread here
  EXPECT_EQ(timed_out.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(timed_out.error, HasSubstr("stuck.test was not resolved"));
  EXPECT_EQ(result_of(post(server.url())).outcome, attempt_outcome::succeeded);
  run(make_order(post("http://stuck.test/"), {}, milliseconds{60'000}, 101));
  runner().stop(); // returns although that look-up hangs
}

TEST_F(http_faults, the_connect_timeout_is_named) {
  settings_.connect_timeout = milliseconds{50};
  stuck_name stuck{"stuck.test"};
  const auto result = result_of(post("http://stuck.test/"));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, AllOf(HasSubstr("50 ms"), HasSubstr("http_target.connect_timeout")));
}

TEST_F(http_faults, a_thousand_slow_ones_hold_up_no_fast_one) {
  test_server slow{[](test_connection& connection) { connection.wait_for_close(); }};
  recording_server fast{always(200)};
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 1000; ++id) orders.push_back(make_order(post(slow.url()), {}, milliseconds{60'000}, id));
  for (uint64_t id = 2001; id <= 3000; ++id)
    orders.push_back(make_order(post(fast.url()), {}, milliseconds{60'000}, id));
  const auto begin = machine_clock().steady_now();
  runner().run(std::move(orders));
  for (const auto& result : results_.wait(1000)) EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_LT(machine_clock().steady_now() - begin, std::chrono::seconds{10});
  for (uint64_t id = 1; id <= 1000; ++id) runner().cancel(job_id{id}, 1);
  const auto results = results_.wait(2000);
  EXPECT_EQ(std::count_if(results.begin(), results.end(),
                          [](const auto& result) { return result.outcome == attempt_outcome::cancelled; }),
            1000);
}

} // namespace
} // namespace wheelwork::target_test
