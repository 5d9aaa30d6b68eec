#include "targets/http_request.hpp"
#include "targets/http_url.hpp"
#include "targets/payload_members.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork::target_test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

std::string value_of_header(const header_fields& fields, const std::string& name) {
  for (const auto& [each, value] : fields)
    if (each == name) return value;
  return "(none)";
}

result<std::unique_ptr<http_request>, std::string> make(const attempt_order& order,
                                                        const webhook_signer* signer = nullptr) {
  const variable_reader variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "TOKEN") return "s3cret-value";
    if (name == "BROKEN") return "two\r\nlines";
    return std::nullopt;
  };
  return make_http_request(order, {test_identity(), signer, variable, wall_time{milliseconds{1'700'000'000'000}}});
}

http_target to(std::string method, std::string url = "http://example.org/a") {
  http_target how;
  how.method = std::move(method);
  how.url = std::move(url);
  return how;
}

TEST(http_request, post_carries_the_payload_byte_for_byte) {
  const auto request = make(make_order(to("POST"), payload::json("{ \"a\" : 1.50 }"))).value();
  EXPECT_TRUE(request->has_body);
  EXPECT_EQ(request->body, "{ \"a\" : 1.50 }");
  EXPECT_EQ(value_of_header(request->own, "Content-Type"), "application/json");
}

TEST(http_request, without_payload_there_is_neither_body_nor_content_type) {
  const auto request = make(make_order(to("POST"))).value();
  EXPECT_FALSE(request->has_body);
  EXPECT_EQ(value_of_header(request->own, "Content-Type"), "(none)");
}

TEST(http_request, other_bytes_keep_their_content_type) {
  auto how = to("PUT");
  how.body = body_form::raw;
  const auto request = make(make_order(how, payload::bytes(std::string_view{"\0\xff\n", 3}, "image/png"))).value();
  EXPECT_EQ(request->body, (std::string_view{"\0\xff\n", 3}));
  EXPECT_EQ(value_of_header(request->own, "Content-Type"), "image/png");
}

TEST(http_request, get_sends_members_in_the_query_before_the_fragment) {
  const auto body = payload::json(
      R"({"q":"a b&c","n":12345678901234567890123,"o":{"x":[1, 2]},"l":["u",2,null],"t":true,"z":null,"e":[]})");
  const auto request = make(make_order(to("GET", "http://example.org/a?k=v#part"), body)).value();
  EXPECT_EQ(request->url,
            "http://example.org/a?k=v&q=a%20b%26c&n=12345678901234567890123&o=%7B%22x%22%3A%5B1%2C%202%5D%7D"
            "&l=u&l=2&l=&t=true&z=#part");
  EXPECT_FALSE(request->has_body);
}

TEST(http_request, get_with_a_payload_that_is_no_object_fails_in_words) {
  for (const auto& body : {payload::json("[1]"), payload::json("\"text\""), payload::bytes("{}", "text/plain")}) {
    const auto request = make(make_order(to("GET"), body));
    ASSERT_FALSE(request);
    EXPECT_THAT(request.error(), HasSubstr("JSON object"));
  }
}

TEST(http_request, form_sends_members_encoded) {
  auto how = to("POST");
  how.body = body_form::form;
  const auto request = make(make_order(how, payload::json(R"({"name":"Zoë","empty":""})"))).value();
  EXPECT_EQ(request->body, "name=Zo%C3%AB&empty=");
  EXPECT_EQ(value_of_header(request->own, "Content-Type"), "application/x-www-form-urlencoded");
}

TEST(http_request, users_content_type_wins_and_reserved_headers_do_not) {
  auto how = to("POST");
  how.headers = {{"content-type", "application/vnd.a+json"},
                 {"wheelwork-job-id", "7"},
                 {"IDEMPOTENCY-KEY", "mine"},
                 {"TraceParent", "mine"},
                 {"webhook-id", "mine"},
                 {"X-Team", "a"}};
  const auto request = make(make_order(how, payload::json("{}"))).value();
  EXPECT_EQ(value_of_header(request->own, "Content-Type"), "application/vnd.a+json");
  EXPECT_THAT(request->users, ::testing::ElementsAre(Pair("X-Team", "a")));
}

TEST(http_request, tells_the_attempt_about_itself) {
  auto order = make_order(to("POST"), {}, milliseconds{1000}, 77);
  order.number = 3;
  order.what.due_at = wall_time{milliseconds{1'800'000'000'000}};
  const auto pushed = make(order).value();
  EXPECT_EQ(value_of_header(pushed->own, "Wheelwork-Job-Id"), "77");
  EXPECT_EQ(value_of_header(pushed->own, "Wheelwork-Attempt"), "3");
  EXPECT_EQ(value_of_header(pushed->own, "Wheelwork-Fire-Time"), "2027-01-15T08:00:00.000Z")
      << "no fire: when it was due";
  EXPECT_EQ(value_of_header(pushed->own, "Idempotency-Key"),
            idempotency_key_of(job_id{77}, test_identity().database_secret));
  EXPECT_EQ(value_of_header(pushed->own, "traceparent"),
            traceparent_of(job_id{77}, 3, test_identity().database_secret));

  order.what.origin = job_origin::fire;
  order.what.fire_time = wall_time{milliseconds{1'700'000'000'123}};
  EXPECT_EQ(value_of_header(make(order).value()->own, "Wheelwork-Fire-Time"), "2023-11-14T22:13:20.123Z");
}

TEST(http_request, variables_are_filled_in_and_remembered_as_secrets) {
  auto how = to("POST");
  how.headers = {{"Authorization", "Bearer ${env:TOKEN}!"}};
  const auto request = make(make_order(how)).value();
  EXPECT_THAT(request->users, Contains(Pair("Authorization", "Bearer s3cret-value!")));
  EXPECT_THAT(request->secrets, Contains("s3cret-value"));
}

TEST(http_request, a_missing_variable_is_named) {
  auto how = to("POST");
  how.headers = {{"Authorization", "Bearer ${env:ABSENT}"}};
  const auto request = make(make_order(how));
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error(), HasSubstr("ABSENT"));
  EXPECT_THAT(request.error(), HasSubstr("Authorization"));
}

TEST(http_request, a_line_break_from_the_environment_is_refused_without_showing_it) {
  auto how = to("POST");
  how.headers = {{"X-A", "${env:BROKEN}"}};
  const auto request = make(make_order(how));
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error(), HasSubstr("X-A"));
  EXPECT_THAT(request.error(), Not(HasSubstr("lines")));
}

TEST(http_request, headers_that_frame_a_message_and_bad_names_are_refused) {
  for (const char* name : {"Content-Length", "transfer-encoding", "X A", "", "X:"}) {
    auto how = to("POST");
    how.headers = {{name, "1"}};
    EXPECT_FALSE(make(make_order(how))) << name;
  }
}

TEST(http_request, only_absolute_http_urls) {
  for (const char* url : {"gopher://127.0.0.1:70/", "file:///etc/passwd", "ftp://example.org/", "/path",
                          "example.org/x", "http://", ""}) {
    const auto request = make(make_order(to("POST", url)));
    EXPECT_FALSE(request) << url;
  }
  EXPECT_THAT(make(make_order(to("POST", "gopher://127.0.0.1/"))).error(), HasSubstr("gopher"));
  EXPECT_TRUE(make(make_order(to("POST", "HTTPS://example.org"))));
}

TEST(http_request, signed_with_the_idempotency_key_as_id) {
  const auto signer = webhook_signer::from_secret("plain secret").value();
  const auto request = make(make_order(to("POST"), payload::json("{}")), &signer).value();
  const auto id = idempotency_key_of(job_id{1}, test_identity().database_secret);
  EXPECT_EQ(value_of_header(request->signature, "webhook-id"), id);
  EXPECT_EQ(value_of_header(request->signature, "webhook-timestamp"), "1700000000");
  EXPECT_EQ(value_of_header(request->signature, "webhook-signature"), signer.sign(id, 1'700'000'000, "{}"));
}

TEST(http_request, redirect_to_another_origin_leaves_the_targets_headers_behind) {
  const auto signer = webhook_signer::from_secret("plain secret").value();
  for (const char* location : {"http://other.example/", "https://example.org/", "http://example.org:8080/"}) {
    auto how = to("POST");
    how.headers = {{"Authorization", "Bearer x"}, {"Cookie", "a=b"}};
    const auto request = make(make_order(how, payload::json("{}")), &signer).value();
    redirect(*request, 307, location);
    EXPECT_THAT(request->users, IsEmpty()) << location;
    EXPECT_THAT(request->signature, IsEmpty()) << location;
    EXPECT_EQ(request->body, "{}");
    EXPECT_EQ(value_of_header(request->own, "Content-Type"), "application/json");
    EXPECT_EQ(value_of_header(request->own, "Wheelwork-Job-Id"), "1");
  }
}

TEST(http_request, redirect_within_the_origin_keeps_them) {
  auto how = to("POST");
  how.headers = {{"Authorization", "Bearer x"}};
  const auto request = make(make_order(how, payload::json("{}"))).value();
  redirect(*request, 308, "http://EXAMPLE.org:80/b");
  EXPECT_THAT(request->users, Contains(Pair("Authorization", "Bearer x")));
  EXPECT_EQ(request->method, "POST");
}

TEST(http_request, redirects_change_the_method_as_browsers_do) {
  const auto method_after = [](const char* method, int status) {
    const auto request = make(make_order(to(method), payload::json("{}"))).value();
    redirect(*request, status, "http://example.org/b");
    return request->method + (request->has_body ? "+body" : "");
  };
  EXPECT_EQ(method_after("POST", 301), "GET");
  EXPECT_EQ(method_after("POST", 302), "GET");
  EXPECT_EQ(method_after("PUT", 302), "PUT+body");
  EXPECT_EQ(method_after("PUT", 303), "GET");
  EXPECT_EQ(method_after("HEAD", 303), "HEAD");
  EXPECT_EQ(method_after("POST", 307), "POST+body");
}

} // namespace
} // namespace wheelwork::target_test
