// The command line of an attempt, run by real shells against a real receiver that compares.
#include "targets/curl_command.hpp"
#include "targets/shell_text.hpp"
#include "tests/targets/http_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace wheelwork::target_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::array shells{"/bin/sh", "/bin/bash"};

/// As if the text was pasted: the shell reads it. Gives what came of it.
int run_by(const std::string& shell, const std::string& text) {
  FILE* input = popen((shell + " >/dev/null 2>&1").c_str(), "w");
  if (!input) throw std::runtime_error{"no shell"};
  std::fwrite(text.data(), 1, text.size(), input);
  std::fputc('\n', input);
  return pclose(input);
}

/// What is compared of a request: everything that came.
auto all_of(const received_request& request) {
  return std::tie(request.method, request.target, request.headers, request.body);
}

curl_command command_for(const attempt_order& order, bool is_signed = false) {
  attempt_record record;
  record.number = order.number;
  record.started_at = order.what.due_at;
  auto what = order.what;
  what.attempt = order.number;
  return curl_command_of(what, record, test_identity(), is_signed).value();
}

class curl_command_test : public http_fixture {
protected:
  /// The runner's call, then the line by each shell: all must be the same to the receiver.
  void expect_the_same(http_target how, const payload& body) {
    how.url = server_.url() + how.url;
    const auto order = make_order(std::move(how), body);
    const auto before = server_.requests().size();
    ASSERT_EQ(result_of(order).error, "");
    const auto command = command_for(order);
    for (const auto* shell : shells) {
      EXPECT_EQ(run_by(shell, command.line), 0) << shell << ": " << command.line;
      const auto requests = server_.requests();
      ASSERT_GT(requests.size(), before + 1) << shell << ": " << command.line;
      EXPECT_EQ(all_of(requests[before]), all_of(requests.back())) << shell << ": " << command.line;
    }
    EXPECT_TRUE(is_plain_text(command.line)) << command.line;
    EXPECT_THAT(command.lacks, IsEmpty());
  }
  static http_target to(std::string method, std::string rest = "a") {
    http_target how;
    how.method = std::move(method);
    how.url = std::move(rest);
    how.body = body_form::raw;
    return how;
  }
  static payload bytes(std::string_view data) { return payload::bytes(data, "application/x-www-form-urlencoded"); }

  recording_server server_{always(200)};
};

TEST_F(curl_command_test, repeats_each_method_with_and_without_a_body) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"}) {
    expect_the_same(to(method), {});
    expect_the_same(to(method, "a?k=v"), payload::json(R"({"a":[1,2],"b":"c d"})"));
  }
}

TEST_F(curl_command_test, repeats_headers_of_the_target) {
  auto how = to("POST");
  how.headers = {
      {"X-Quote", "it's \"${HOME}\" `id` $(id) \\ !!"}, {"X-Tab", "a\tb !x"},   {"X-Empty", ""}, {"X-Name", "Zoë 中"},
      {"content-type", "text/plain; charset='x'"},      {"User-Agent", "mine"}, {"Accept", ""}};
  expect_the_same(how, payload::json("{}"));
}

TEST_F(curl_command_test, repeats_urls_as_they_are) {
  for (const char* rest : {"a/../b/./c", "[1-3]{a,b}", "a?x=1&y='$(id)'", "a;b|c>d*?~!h", "%E4%B8%AD?%00=%27",
                           "中?é=`id`", "a?b=\"${HOME}\"#part"})
    expect_the_same(to("GET", rest), {});
  expect_the_same(to("GET", "a?" + std::string(2000, 'x')), {});
}

TEST_F(curl_command_test, repeats_bodies_of_any_bytes) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  for (const std::string& body :
       {std::string{"a=1&a=2&b=%E4%B8%AD"}, std::string{"@/etc/hostname"}, std::string{"@-"}, std::string{"'"},
        std::string{"'; id; '"}, std::string{"-n"}, std::string{"-n\n"}, std::string{"\n\n"}, std::string{"\r\n"},
        std::string{"%s %d\\n\\"}, std::string{"!!\t!x"}, std::string{"\0", 1}, std::string{"\0001", 2},
        std::string{"\xff\xfe"}, std::string{"中文 ✓ \xe2\x80\xae"}, all_bytes, std::string(65'536, 'p'),
        std::string(300'000, 'p') + "'", std::string(200'000, '\0')})
    expect_the_same(to("POST"), bytes(body));
}

TEST_F(curl_command_test, repeats_hostile_bodies_and_urls) {
  const std::vector<std::string> pieces{"'",        "\"",   "\\", "\n",   "\r",    "\t",       std::string{"\0", 1},
                                        "@",        "%",    "%s", "\\0",  "\\x41", "$",        "`",
                                        "$(x)",     "${x}", "!",  "#",    "&",     ";",        "|",
                                        ">",        "*",    "~",  "中",   "者",    "\x80",     "\xff",
                                        "\xc3\x28", "-",    " ",  "\x1b", "\x7f",  "\xc2\x85", "7",
                                        "a"};
  std::mt19937 random{5};
  const auto any = [&](size_t count) { return std::uniform_int_distribution<size_t>{0, count - 1}(random); };
  for (int round = 0; round < 120; ++round) {
    std::string body, rest = "p?";
    for (auto left = any(30); left > 0; --left) body += pieces[any(pieces.size())];
    for (auto left = any(30); left > 0; --left) {
      const auto& piece = pieces[any(pieces.size())];
      // A URL that a target may have: no blanks, no controls, no backslash.
      if (is_plain_text(piece) && piece.find_first_of(" \\#") == std::string::npos) rest += piece;
    }
    SCOPED_TRACE("round " + std::to_string(round));
    expect_the_same(to("POST", rest), bytes(body));
    if (HasFailure()) return;
  }
}

TEST_F(curl_command_test, follows_redirects_as_the_attempt_did) {
  recording_server server{[](test_connection& to_client, const received_request& request) {
    if (request.target.starts_with("/end")) {
      to_client.answer(200, "ok");
    } else {
      const auto status = std::stoi(request.target.substr(1));
      to_client.answer(status, "", "Location: /end\r\n");
    }
  }};
  for (const auto& [method, status] :
       {std::pair{"GET", 302}, {"GET", 307}, {"GET", 308}, {"HEAD", 303}, {"HEAD", 301}}) {
    auto how = to(method, server.url("/" + std::to_string(status)));
    how.redirects = 3;
    const auto order = make_order(how);
    const auto before = server.requests().size();
    ASSERT_EQ(result_of(order).error, "");
    const auto line = command_for(order).line;
    EXPECT_EQ(run_by("/bin/sh", line), 0) << line;
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), before + 4) << line;
    EXPECT_EQ(all_of(requests[before]), all_of(requests[before + 2])) << line;
    EXPECT_EQ(all_of(requests[before + 1]), all_of(requests[before + 3])) << line;
  }
  auto how = to("GET", server.url("/302"));
  how.redirects = 3;
  EXPECT_THAT(command_for(make_order(how)).line, HasSubstr(" -L "));
  how.method = "POST";
  EXPECT_THAT(command_for(make_order(how)).line, Not(HasSubstr(" -L ")));
  how.method = "GET";
  how.headers = {{"X-Key", "of this host"}};
  EXPECT_THAT(command_for(make_order(how)).line, Not(HasSubstr(" -L ")));
}

TEST_F(curl_command_test, takes_variables_of_the_node_from_the_shell) {
  auto how = to("POST", server_.url("/v"));
  how.headers = {{"Authorization", "Bearer ${env:WHEELWORK_TEST_TOKEN}, it's"},
                 {"X-Text", "${NAME} ${env:WHEELWORK_TEST_TOKEN}${env:WHEELWORK_TEST_TOKEN}"}};
  const auto line = command_for(make_order(how)).line;
  EXPECT_THAT(line, HasSubstr("\"${WHEELWORK_TEST_TOKEN:?}\""));
  for (const auto* shell : shells) {
    EXPECT_NE(run_by(shell, line), 0) << "nothing may be sent without the value";
    EXPECT_EQ(run_by(shell, "WHEELWORK_TEST_TOKEN='a \"b'\n" + line), 0);
  }
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), shells.size());
  for (const auto& request : requests) {
    EXPECT_EQ(request.header("authorization"), "Bearer a \"b, it's");
    EXPECT_EQ(request.header("x-text"), "${NAME} a \"ba \"b");
  }
}

TEST_F(curl_command_test, says_which_headers_it_lacks) {
  auto order = make_order(to("POST", server_.url()), payload::json("{}"));
  const auto with_signature = command_for(order, true);
  EXPECT_THAT(with_signature.lacks, ElementsAre("webhook-id", "webhook-timestamp", "webhook-signature"));
  EXPECT_THAT(with_signature.line, Not(HasSubstr("webhook")));

  // The second attempt waits: when the first was due is not kept anywhere.
  attempt_record first;
  first.number = 1;
  first.started_at = order.what.due_at;
  order.what.attempt = 1;
  order.what.due_at += milliseconds{5000};
  const auto moved_on = curl_command_of(order.what, first, test_identity(), false).value();
  EXPECT_THAT(moved_on.lacks, ElementsAre("Wheelwork-Fire-Time"));
  EXPECT_THAT(moved_on.line, Not(HasSubstr("Wheelwork-Fire-Time")));
  EXPECT_THAT(moved_on.line, HasSubstr("Wheelwork-Attempt: 1"));

  order.what.origin = job_origin::fire;
  EXPECT_THAT(curl_command_of(order.what, first, test_identity(), false).value().lacks, IsEmpty());
}

TEST(curl_command, is_of_calls_only) {
  attempt_record first;
  first.number = 1;
  const auto of = [&](target how, payload body = {}) {
    return curl_command_of(make_order(std::move(how), std::move(body)).what, first, test_identity(), false).has_value();
  };
  http_target call;
  call.url = "http://example.org/";
  EXPECT_TRUE(of(call));
  EXPECT_FALSE(of(native_target{"noop"}));
  call.method = "GET";
  EXPECT_FALSE(of(call, payload::json("[1]"))) << "that makes no request";
  EXPECT_FALSE(of(call, payload::json(R"({"q":")" + std::string(200'000, 'q') + "\"}"))) << "no argument is that long";
}

} // namespace
} // namespace wheelwork::target_test
