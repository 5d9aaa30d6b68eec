// What a connection does with requests that are whole, cut, folded, doubled, late, huge or no HTTP at all.
#include "tests/api/api_fixture.hpp"

#include <thread>

namespace wheelwork::testing {
namespace {

using ::testing::HasSubstr;
using protocol = api_fixture;

constexpr milliseconds glance{20};

/// Moves the clock until the server does something.
void wait_with_clock(scripted_node& node, http_client& client, milliseconds step) {
  while (!client.is_readable_within(glance)) node.time.advance(step);
}

TEST_F(protocol, pipelined_requests_are_answered_in_order) {
  auto client = connect();
  const auto job = std::string{noop_job};
  std::string all;
  for (int i = 0; i < 100; ++i)
    all += i % 2 == 0
               ? "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
               : "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                     std::to_string(job.size()) + "\r\n\r\n" + job;
  client.send(all);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.receive()->status, i % 2 == 0 ? 200 : 201) << i;
}

TEST_F(protocol, a_request_that_arrives_byte_by_byte_is_answered) {
  auto client = connect();
  const std::string text =
      "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(noop_job.size()) + "\r\n\r\n" + std::string{noop_job};
  for (const char c : text) client.send({&c, 1});
  EXPECT_EQ(client.receive()->status, 201);
}

TEST_F(protocol, chunked_bodies_are_read) {
  auto client = connect();
  client.send("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
              "chunked\r\n\r\n");
  for (const char c : noop_job) client.send("1;x=y\r\n" + std::string{c} + "\r\n");
  client.send("0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 201);
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST_F(protocol, expect_100_continue_is_answered_before_the_body) {
  auto client = connect();
  client.send(
      "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: " +
      std::to_string(noop_job.size()) + "\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 100);
  client.send(noop_job);
  EXPECT_EQ(client.receive()->status, 201);
}

TEST_F(protocol, head_has_the_length_and_no_body) {
  auto client = connect();
  const auto get = client.request("GET", "/openapi.json");
  const auto head = client.request("HEAD", "/openapi.json");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), get.headers.at("content-length"));
  EXPECT_EQ(client.request("GET", "/healthz").status, 200); // nothing of a body is in the way
}

TEST_F(protocol, a_get_with_a_body_is_answered_as_without) {
  auto client = connect();
  EXPECT_EQ(client.request("GET", "/healthz", "what is this", "", "text/plain").status, 200);
  EXPECT_EQ(client.request("GET", "/healthz").status, 200);
}

TEST_F(protocol, http_1_0_is_spoken) {
  auto client = connect();
  client.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive()->headers.at("connection"), "keep-alive");
  client.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive()->headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(protocol, connection_close_is_obeyed) {
  auto client = connect();
  EXPECT_EQ(client.request("GET", "/healthz", "", "Connection: close\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(protocol, a_half_closed_client_still_gets_its_answer) {
  node.hold_pushes();
  auto client = connect();
  client.send("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(noop_job.size()) + "\r\n\r\n" + std::string{noop_job});
  client.end_sending();
  node.await_requests(1);
  node.release_pushes();
  EXPECT_EQ(client.receive()->status, 201);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(protocol, a_request_cut_in_the_middle_is_told_so) {
  auto client = connect();
  client.send("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{");
  client.end_sending();
  EXPECT_EQ(client.receive()->status, 400);
  EXPECT_TRUE(client.is_closed_by_server());
}

class smuggling : public api_fixture, public ::testing::WithParamInterface<const char*> {};

TEST_P(smuggling, is_refused_and_the_connection_closed) {
  auto client = connect();
  client.send(GetParam());
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400) << answer->body;
  EXPECT_EQ(answer->headers.at("content-type"), "application/problem+json");
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_EQ(node.push_calls(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    all, smuggling,
    ::testing::Values(
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: "
        "5\r\n\r\n0\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\nabcde",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nabcde",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x5\r\n\r\nabcde",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: \r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "identity\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        "GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /healthz\r\nHost: localhost\r\n\r\n", "GET /h\"ealthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));

TEST_F(protocol, other_versions_are_refused) {
  auto client = connect();
  client.send("GET /healthz HTTP/3.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 505);
}

TEST_F(protocol, heads_have_a_limit) {
  auto client = connect();
  const auto sized = [](size_t padding) {
    return "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(padding, 'x') + "\r\n\r\n";
  };
  const auto frame = sized(0).size();
  client.send(sized((16u << 10) - frame));
  EXPECT_EQ(client.receive()->status, 200);
  client.send(sized((16u << 10) - frame + 1));
  EXPECT_EQ(client.receive()->status, 431);
}

TEST_F(protocol, ten_megabytes_of_head_get_their_answer) {
  auto client = connect();
  std::thread sender{
      [&] { client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(10u << 20, 'x')); }};
  const auto answer = client.receive();
  sender.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 431);
}

TEST_F(protocol, bodies_have_a_limit_on_all_paths) {
  settings.max_body = 1000;
  for (const auto* path : {"/api/v1/jobs", "/no/such/path"}) {
    auto announced = connect();
    announced.send("POST " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_EQ(announced.receive()->status, 413);
    EXPECT_TRUE(announced.is_closed_by_server());
    auto chunked = connect();
    chunked.send("POST " + std::string{path} +
                 " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'));
    EXPECT_EQ(chunked.receive()->status, 413);
    EXPECT_EQ(request("POST", path, std::string(1000, 'x')).status / 100, 4);
  }
}

TEST_F(protocol, many_large_bodies_at_once_are_refused) {
  limits.all_bodies_bytes_max = 2u << 20;
  const std::string head = "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           "Expect: 100-continue\r\nContent-Length: 1048576\r\n\r\n";
  auto first = connect(), second = connect(), third = connect();
  for (auto* client : {&first, &second}) {
    client->send(head);
    EXPECT_EQ(client->receive()->status, 100);
  }
  third.send(head);
  EXPECT_EQ(third.receive()->status, 503);
  first.send(std::string(1u << 20, ' '));
  EXPECT_EQ(first.receive()->status, 400);
  auto fourth = connect();
  fourth.send(head);
  EXPECT_EQ(fourth.receive()->status, 100);
}

TEST_F(protocol, a_slow_head_is_timed_out_and_others_are_not_held_up) {
  auto slow = connect();
  slow.send("GET /healthz HT");
  EXPECT_EQ(request("GET", "/healthz").status, 200);
  EXPECT_FALSE(slow.is_readable_within(glance));
  wait_with_clock(node, slow, settings.header_timeout);
  EXPECT_EQ(slow.receive()->status, 408);
  EXPECT_TRUE(slow.is_closed_by_server());
}

TEST_F(protocol, a_slow_body_is_timed_out) {
  auto slow = connect();
  slow.send("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n");
  ASSERT_EQ(slow.receive()->status, 100);
  slow.send("{");
  node.time.advance(settings.body_timeout - milliseconds{1});
  EXPECT_FALSE(slow.is_readable_within(glance));
  wait_with_clock(node, slow, milliseconds{1});
  EXPECT_EQ(slow.receive()->status, 408);
}

TEST_F(protocol, idle_connections_are_closed_without_a_word) {
  auto fresh = connect(), used = connect();
  EXPECT_EQ(used.request("GET", "/healthz").status, 200);
  wait_with_clock(node, fresh, settings.header_timeout);
  EXPECT_TRUE(fresh.is_closed_by_server());
  wait_with_clock(node, used, limits.idle_timeout);
  EXPECT_TRUE(used.is_closed_by_server());
}

TEST_F(protocol, past_the_limit_the_connection_that_waited_longest_makes_room) {
  limits.connections_max = 3;
  std::vector<http_client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(clients.back().request("GET", "/healthz").status, 200);
  }
  EXPECT_EQ(clients[0].request("GET", "/healthz").status, 200); // now the second has waited longest
  EXPECT_EQ(request("GET", "/healthz").status, 200);
  EXPECT_TRUE(clients[1].is_closed_by_server());
  EXPECT_EQ(clients[0].request("GET", "/healthz").status, 200);
  EXPECT_EQ(clients[2].request("GET", "/healthz").status, 200);
}

TEST_F(protocol, slow_senders_make_room_too) {
  limits.connections_max = 5;
  std::vector<http_client> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(connect());
    slow.back().send("GET /heal");
  }
  EXPECT_EQ(request("GET", "/healthz").status, 200);
}

} // namespace
} // namespace wheelwork::testing
