#include "messages/http_url.hpp"
#include "messages/target_interner.hpp"
#include "tests/messages/json_helpers.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

resolved_target resolved(const std::string& text) {
  auto read = resolved_target_from_json(nlohmann::json::parse(text), test_context);
  if (!read) throw std::runtime_error(read.error().front().pointer + " " + read.error().front().message);
  return *std::move(read);
}

TEST(json_target, an_http_target_has_the_defaults_of_the_contract) {
  auto how = std::get<http_target>(resolved(R"({"target":{"http":{"url":"http://a/b"}}})").how);
  EXPECT_EQ(how.method, "POST");
  EXPECT_EQ(how.body, body_form::json);
  EXPECT_EQ(how.redirects, 0u);
  EXPECT_THAT(how.success.statuses, ElementsAre(Pair(200, 299)));
}

TEST(json_target, success_names_statuses_and_members_of_the_answer) {
  auto how = std::get<http_target>(
      resolved(
          R"({"target":{"http":{"url":"http://a","success":{"status":[200,"4xx"],"json":{"/ok":true,"/data/0":{"n":1}}}}}})")
          .how);
  EXPECT_THAT(how.success.statuses, ElementsAre(Pair(200, 200), Pair(400, 499)));
  EXPECT_THAT(how.success.json_members, UnorderedElementsAre(Pair("/ok", "true"), Pair("/data/0", R"({"n":1})")));
  EXPECT_THAT(job_faults(http_job(
                  R"("url":"http://a","success":{"status":[99,600,"6xx","2XX",true],"json":{"ok":1},"statuses":[]})")),
              UnorderedElementsAre("/target/http/success/status/0", "/target/http/success/status/1",
                                   "/target/http/success/status/2", "/target/http/success/status/3",
                                   "/target/http/success/status/4", "/target/http/success/json/ok",
                                   "/target/http/success/statuses"));
  EXPECT_THAT(job_faults(http_job(R"("url":"http://a","success":{"status":[]})")),
              ElementsAre("/target/http/success/status"));
}

TEST(json_target, a_url_is_absolute_http_without_user) {
  EXPECT_EQ(lane_of_url("http://Example.org/x?y#z"), "http://example.org:80");
  EXPECT_EQ(lane_of_url("HTTPS://example.org"), "https://example.org:443");
  EXPECT_EQ(lane_of_url("http://[::1]:8080/"), "http://[::1]:8080");
  for (auto wrong : {"",
                     "/x",
                     "example.org/x",
                     "ftp://a/",
                     "file:///etc/passwd",
                     "http://",
                     "http:///x",
                     "http:/a",
                     "http:a",
                     "http://?x",
                     "http://u:p@a/",
                     "http://u@a/",
                     "http://a b/",
                     "http://a/ b",
                     "http://a/\r\nX: y",
                     "http://a:0/",
                     "http://a:70000/",
                     "http://a:x/",
                     "http://a\\b/",
                     "javascript:alert(1)"})
    EXPECT_FALSE(lane_of_url(wrong)) << wrong;
  EXPECT_FALSE(lane_of_url("http://a/" + std::string(9000, 'x')));
}

TEST(json_target, headers_and_methods_can_not_smuggle) {
  EXPECT_THAT(job_faults(http_job(R"("url":"http://a","method":"GET\r\nX: y")")), ElementsAre("/target/http/method"));
  EXPECT_THAT(job_faults(http_job(R"("url":"http://a","headers":{"X-A":"a\r\nX-B: b"})")),
              ElementsAre("/target/http/headers/X-A"));
  EXPECT_THAT(
      job_faults(http_job(R"("url":"http://a","headers":{"X A":"a","":"b","X:":"c","Content-Length":"0","n":5})")),
      UnorderedElementsAre("/target/http/headers/X A", "/target/http/headers/",
                           "/target/http/headers/X:", "/target/http/headers/Content-Length", "/target/http/headers/n"));
}

TEST(json_target, environment_references_stay_as_written) {
  auto made = resolved(R"({"target":{"http":{"url":"http://a","headers":{"Authorization":"Bearer ${env:TOKEN}"}}}})");
  EXPECT_THAT(made.spec, HasSubstr("Bearer ${env:TOKEN}"));
  for (auto wrong : {"${env:}", "${env:A", "${env:1A}", "${env:A B}"})
    EXPECT_THAT(job_faults(http_job(R"("url":"http://a","headers":{"A":")" + std::string{wrong} + "\"}")),
                ElementsAre("/target/http/headers/A"))
        << wrong;
}

TEST(json_target, a_process_has_a_command_of_strings) {
  auto how = std::get<process_target>(
      resolved(R"({"target":{"process":{"command":["/bin/x","","{job_id}"],"env":{"A":"b"},"cwd":"/tmp"}}})").how);
  EXPECT_THAT(how.command, ElementsAre("/bin/x", "", "{job_id}"));
  EXPECT_THAT(how.env, ElementsAre(Pair("A", "b")));
  EXPECT_THAT(job_faults(R"({"target":{"process":{"command":[]}}})"), ElementsAre("/target/process/command"));
  EXPECT_THAT(job_faults(R"({"target":{"process":{"command":"/bin/x"}}})"), ElementsAre("/target/process/command"));
  EXPECT_THAT(job_faults(R"({"target":{"process":{"command":["",7,"a\u0000b"],"env":{"A=B":"c"},"shell":true}}})"),
              UnorderedElementsAre("/target/process/command/0", "/target/process/command/1",
                                   "/target/process/command/2", "/target/process/env/A=B", "/target/process/shell"));
}

TEST(json_target, a_target_has_one_known_kind) {
  EXPECT_THAT(job_messages(R"({"target":{"smtp":{}}})"),
              HasSubstr("exactly one of http, process, native, worker, redis, kafka; `smtp` is no target"));
  EXPECT_THAT(job_faults(R"({"target":{}})"), ElementsAre("/target"));
  EXPECT_THAT(job_faults(R"({"target":"http"})"), ElementsAre("/target"));
  EXPECT_THAT(job_faults(R"({"target":{"native":{"handler":"a"},"http":{"url":"http://a"}}})"), ElementsAre("/target"));
}

TEST(json_target, a_redis_target_writes_to_a_list_or_a_stream) {
  auto list = std::get<redis_target>(
      resolved(R"({"target":{"redis":{"connection":"a","list":"k","push":"right","complete":"on_ack"}}})").how);
  EXPECT_EQ(list.key, "k");
  EXPECT_FALSE(list.stream);
  EXPECT_EQ(list.push, redis_target::list_end::right);
  EXPECT_EQ(list.complete, completion::on_ack);
  EXPECT_TRUE(std::get<redis_target>(resolved(R"({"target":{"redis":{"connection":"a","stream":"k"}}})").how).stream);
  EXPECT_THAT(job_faults(R"({"target":{"redis":{}}})"),
              UnorderedElementsAre("/target/redis", "/target/redis/connection"));
  EXPECT_THAT(job_faults(R"({"target":{"redis":{"connection":"a","stream":"k","push":"left"}}})"),
              ElementsAre("/target/redis/push"));
}

TEST(json_target, a_worker_target_names_a_queue_which_is_its_lane) {
  auto how = resolved(R"({"target":{"worker":{"queue":"mail"}}})");
  EXPECT_EQ(std::get<worker_target>(how.how).queue, "mail");
  EXPECT_EQ(how.lane, "mail");
  EXPECT_THAT(job_faults(R"({"target":{"worker":{}}})"), ElementsAre("/target/worker/queue"));
  EXPECT_THAT(job_faults(R"({"target":{"worker":{"queue":"","kind":"a"}}})"),
              UnorderedElementsAre("/target/worker/queue", "/target/worker/kind"));
}

TEST(json_target, equal_targets_have_one_text_and_one_object) {
  auto one = job_from_text(R"({"target":{"http":{"url":"http://a","method":"POST"}},"timeout":"60s"})", test_context);
  auto other = job_from_text(
      R"({"timeout":"1m","retry":{"limit":3},"target":{"http":{"redirects":0,"url":"http://a"}}})", test_context);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->made.how, other->made.how);
  EXPECT_EQ(resolved_target_from_spec(one->made.how->spec), one->made.how);
}

TEST(json_target, a_spec_reads_back_to_the_same_spec) {
  for (
      std::string text :
      {R"({"target":{"http":{"url":"http://a:1/b","method":"GET","headers":{"A":"b"},"success":{"status":[204,"3xx"],"json":{"/a":[1]}},"body":"form","redirects":3}},"retry":{"delays":["5s","1h30m"],"limit":9},"timeout":"250ms","delivery":"at_least_once","history":"failures"})",
       R"({"target":{"process":{"command":["a","b"],"env":{"A":"${env:B}"},"cwd":"/","user":"nobody"}},"delivery":"at_most_once","history":"none"})",
       R"({"target":{"native":{"handler":"sleep"}},"retry":{"limit":1,"initial":"2s","factor":1.5,"max":"1d","jitter":0.25}})"}) {
    auto first = resolved(text);
    auto again = resolved_target_from_spec(first.spec);
    EXPECT_EQ(again->hash, first.hash);
    EXPECT_EQ(again->lane, first.lane);
    EXPECT_EQ(resolved(again->spec).spec, first.spec);
    EXPECT_EQ(again->retry, first.retry);
  }
}

TEST(json_target, a_foreign_spec_is_refused) {
  EXPECT_THROW(resolved_target_from_spec("{"), std::invalid_argument);
  EXPECT_THROW(resolved_target_from_spec(R"({"target":{"carrier":{"pigeon":"p"}}})"), std::invalid_argument);
}

TEST(target_interner, forgets_targets_that_nobody_uses) {
  target_interner targets;
  auto base = resolved(R"({"target":{"native":{"handler":"noop"}}})");
  for (uint32_t i = 0; i < 100'000; ++i) {
    auto made = base;
    made.hash[0] = static_cast<uint8_t>(i), made.hash[1] = static_cast<uint8_t>(i >> 8),
    made.hash[2] = static_cast<uint8_t>(i >> 16);
    targets.intern(std::move(made));
  }
  EXPECT_LE(targets.size(), 1024u);
}

} // namespace
} // namespace wheelwork
