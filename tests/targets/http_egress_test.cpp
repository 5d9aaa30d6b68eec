// Calls that must not reach denied networks, whatever way they are written (RELIABILITY row 26), and redirects.
#include "tests/targets/http_fixture.hpp"
#include "tests/targets/scripted_resolver.hpp"

namespace wheelwork::target_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class http_egress : public http_fixture {
protected:
  static std::string port_of(const recording_server& server) { return ":" + std::to_string(server.port()); }
  static recording_server::answer redirecting_to(std::string location, int status = 307) {
    return always(status, "", "Location: " + location + "\r\n");
  }
};

TEST_F(http_egress, all_ways_to_write_a_denied_address_are_refused) {
  deny({"127.0.0.0/8", "::1/128"});
  recording_server server{always(200)};
  const scripted_name resolved{"innocent.test", {"127.0.0.1"}};
  for (const char* host :
       {"127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "0.0.0.0", "0", "[::]", "innocent.test", "example.org@127.0.0.1"}) {
    const auto result = result_of(post("http://" + (host + port_of(server)) + "/"));
    EXPECT_EQ(result.outcome, attempt_outcome::failed) << host;
    EXPECT_FALSE(result.started) << host;
    EXPECT_THAT(result.error, HasSubstr("http_target.deny_networks")) << host;
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(http_egress, the_refusal_names_address_network_and_setting) {
  deny({"127.0.0.0/8"});
  EXPECT_THAT(result_of(post("http://127.0.0.1:9/")).error,
              AllOf(HasSubstr("127.0.0.1 "), HasSubstr("127.0.0.0/8"), HasSubstr("http_target.allow_networks")));
}

TEST_F(http_egress, an_exception_is_called) {
  deny({"127.0.0.0/8"});
  settings_.allow_networks.push_back(parse_network("127.0.0.1").value());
  recording_server server{always(200)};
  EXPECT_EQ(result_of(post(server.url())).outcome, attempt_outcome::succeeded);
}

TEST_F(http_egress, other_schemes_are_not_called) {
  recording_server server{always(200)};
  for (const char* scheme : {"gopher", "ftp", "file", "dict", "telnet", "ldap"}) {
    const auto result = result_of(post(scheme + std::string{"://127.0.0.1"} + port_of(server) + "/"));
    EXPECT_EQ(result.outcome, attempt_outcome::failed) << scheme;
    EXPECT_THAT(result.error, HasSubstr("only http and https")) << scheme;
  }
  EXPECT_EQ(server.connections(), 0u);
}

// The name's first address may be called, the one that it has at the next look-up may not.
TEST_F(http_egress, a_name_that_resolves_elsewhere_the_second_time) {
  deny({"127.0.0.2/32"});
  recording_server server{always(200, "", "Connection: close\r\n")};
  const auto url = "http://rebinding.test" + port_of(server) + "/";
  {
    const scripted_name first{"rebinding.test", {"127.0.0.1"}};
    EXPECT_EQ(result_of(post(url)).outcome, attempt_outcome::succeeded);
  }
  const scripted_name second{"rebinding.test", {"127.0.0.2"}};
  runner().stop();
  runner_.reset(); // a new runner looks the name up again
  const auto result = result_of(post(url));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("127.0.0.2 may not be called"));
  EXPECT_EQ(server.connections(), 1u);
}

/// A name with TTL 0: looked up for each call, in one runner.
TEST_F(http_egress, a_name_with_an_allowed_and_a_denied_address_reaches_only_the_allowed_one) {
  deny({"127.0.0.2/32", "::1/128"});
  recording_server server{always(200, "", "Connection: close\r\n")};
  const scripted_name both{"both.test", {"127.0.0.2", "127.0.0.1"}};
  for (int each = 0; each < 5; ++each) {
    const auto result = result_of(post("http://both.test" + port_of(server) + "/"));
    if (result.outcome != attempt_outcome::succeeded) {
      EXPECT_THAT(result.error, HasSubstr("may not be called"));
    }
  }
  for (const auto& request : server.requests()) EXPECT_EQ(request.header("host"), "both.test" + port_of(server));
}

TEST_F(http_egress, changed_networks_count_on_kept_connections_too) {
  recording_server server{always(200)};
  EXPECT_EQ(result_of(post(server.url())).outcome, attempt_outcome::succeeded);
  runner().set_networks({parse_network("127.0.0.0/8").value()}, {});
  EXPECT_THAT(result_of(post(server.url())).error, HasSubstr("may not be called"));
  runner().set_networks({}, {});
  EXPECT_EQ(result_of(post(server.url())).outcome, attempt_outcome::succeeded);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(http_egress, a_redirect_is_only_a_status_by_default) {
  recording_server other{always(200)};
  recording_server server{redirecting_to(other.url())};
  const auto result = result_of(post(server.url()));
  EXPECT_EQ(result.error, "status 307, success is 2xx");
  EXPECT_EQ(other.connections(), 0u);
}

TEST_F(http_egress, redirects_are_followed_as_far_as_the_target_says) {
  recording_server server{[](test_connection& connection, const received_request& request) {
    const int step = std::stoi(request.target.substr(1));
    if (step == 0)
      connection.answer(200, "there");
    else
      connection.answer(307, "", "Location: /" + std::to_string(step - 1) + "\r\n");
  }};
  auto how = post(server.url("/3"));
  how.redirects = 3;
  const auto arrived = result_of(how, payload::json("{}"));
  EXPECT_EQ(arrived.outcome, attempt_outcome::succeeded) << arrived.error;
  EXPECT_EQ(server.requests().at(3).body, "{}");
  how.url = server.url("/4");
  const auto result = result_of(how);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("after 3 redirects"));
}

TEST_F(http_egress, a_redirect_to_a_denied_address_is_refused) {
  deny({"127.0.0.2/32"});
  recording_server server{redirecting_to("http://127.0.0.2:9/latest/meta-data")};
  auto how = post(server.url());
  how.redirects = 5;
  const auto result = result_of(how);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_TRUE(result.started);
  EXPECT_THAT(result.error, AllOf(HasSubstr("after 1 redirect"), HasSubstr("127.0.0.2 may not be called")));
}

TEST_F(http_egress, a_redirect_to_another_scheme_is_refused) {
  recording_server server{redirecting_to("gopher://127.0.0.1:70/")};
  auto how = post(server.url());
  how.redirects = 5;
  const auto result = result_of(how);
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("gopher"));
}

TEST_F(http_egress, secrets_stay_with_the_origin_that_the_target_names) {
  settings_.signing_secret = "secret";
  recording_server other{always(200)};
  const scripted_name name{"other.test", {"127.0.0.1"}};
  recording_server server{redirecting_to("http://other.test" + port_of(other) + "/x")};
  auto how = post(server.url());
  how.headers = {{"Authorization", "Bearer t"}, {"Cookie", "a=b"}, {"X-Api-Key", "k"}};
  how.redirects = 1;
  EXPECT_EQ(result_of(how, payload::json("{}")).outcome, attempt_outcome::succeeded);
  EXPECT_EQ(server.requests().at(0).header("authorization"), "Bearer t");
  const auto moved = other.requests().at(0);
  for (const char* name_of_secret : {"authorization", "cookie", "x-api-key", "webhook-signature"})
    EXPECT_EQ(moved.header(name_of_secret), "(none)") << name_of_secret;
  EXPECT_EQ(moved.header("wheelwork-job-id"), "1");
  EXPECT_EQ(moved.body, "{}");
}

TEST_F(http_egress, passwords_in_urls_are_not_shown) {
  const auto port = std::to_string(refused_port());
  EXPECT_THAT(result_of(post("http://user:hunter2@127.0.0.1:" + port + "/")).error,
              ::testing::Not(HasSubstr("hunter2")));
}

} // namespace
} // namespace wheelwork::target_test
