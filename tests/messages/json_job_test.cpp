#include "tests/messages/json_helpers.hpp"

#include "schedule/time_text.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

new_job decoded_job(const std::string& text) {
  auto read = job_from_text(text, test_context);
  if (!read) throw std::runtime_error(read.error().front().pointer + " " + read.error().front().message);
  return *std::move(read);
}

TEST(json_job, defaults_are_those_of_the_contract) {
  auto job = decoded_job("{" + noop_target + "}");
  EXPECT_EQ(job.made.due_at, test_now);
  EXPECT_EQ(job.created_at, test_now);
  EXPECT_EQ(job.made.priority, 5);
  EXPECT_TRUE(job.made.body.empty());
  EXPECT_EQ(job.made.how->timeout, milliseconds{60'000});
  EXPECT_EQ(job.made.how->retry, retry_policy{});
  EXPECT_EQ(job.made.how->delivery, delivery_mode::at_least_once);
  EXPECT_EQ(job.unique_until, test_now + std::chrono::hours{24});
}

TEST(json_job, delay_and_due_at_say_when) {
  EXPECT_EQ(decoded_job(job_with(R"("delay":"90s")")).made.due_at, test_now + milliseconds{90'000});
  EXPECT_EQ(decoded_job(job_with(R"("due_at":"2027-01-15T09:00:00.250+01:00")")).made.due_at,
            test_now + milliseconds{250});
  EXPECT_LT(decoded_job(job_with(R"("due_at":"2001-01-01T00:00:00Z")")).made.due_at, test_now)
      << "a time in the past is due now";
  EXPECT_THAT(job_faults(job_with(R"("delay":"1s","due_at":"2030-01-01T00:00:00Z")")), ElementsAre("/due_at"));
}

TEST(json_job, times_end_with_the_year_9999) {
  EXPECT_EQ(decoded_job(job_with(R"("due_at":"9999-12-31T23:59:59.999Z")")).made.due_at, latest_wall_time);
  EXPECT_THAT(job_faults(job_with(R"("due_at":"10000-01-01T00:00:00Z")")), ElementsAre("/due_at"));
  EXPECT_THAT(job_faults(job_with(R"("due_at":"9999-12-31T23:59:59-01:00")")), ElementsAre("/due_at"));
  json_context late{.now = latest_wall_time - milliseconds{500}};
  EXPECT_TRUE(job_from_text(job_with(R"("delay":"500ms")"), late));
  EXPECT_FALSE(job_from_text(job_with(R"("delay":"501ms")"), late));
}

TEST(json_job, all_faults_are_told_at_once) {
  auto text =
      R"({"target":{"http":{"url":"ftp://x","methd":"GET"}},"delay":5,"priority":10,"unique_key":"","labels":{"a":1},"nonsense":true})";
  EXPECT_THAT(job_faults(text), UnorderedElementsAre("/target/http/url", "/target/http/methd", "/delay", "/priority",
                                                     "/unique_key", "/labels/a", "/nonsense"));
  auto messages = job_messages(text);
  EXPECT_THAT(messages, HasSubstr("`nonsense`"));
  EXPECT_THAT(messages, HasSubstr("a whole number from 0 to 9, not 10"));
}

TEST(json_job, wrong_types_name_what_would_be_right) {
  for (auto member : {"delay", "due_at", "priority", "unique_key", "unique_for", "external_id", "labels", "timeout",
                      "delivery", "retry"})
    for (auto value : {"true", "[]", "1.5"})
      EXPECT_THAT(job_faults(job_with("\"" + std::string{member} + "\":" + value)),
                  ElementsAre(std::string{"/"} + member))
          << value;
}

TEST(json_job, priority_is_0_to_9) {
  EXPECT_EQ(decoded_job(job_with(R"("priority":0)")).made.priority, 0);
  EXPECT_EQ(decoded_job(job_with(R"("priority":9)")).made.priority, 9);
  for (auto wrong : {"-1", "10", "5.0", "\"5\"", "99999999999999999999"})
    EXPECT_THAT(job_faults(job_with(std::string{"\"priority\":"} + wrong)), ElementsAre("/priority")) << wrong;
}

TEST(json_job, durations_are_whole_milliseconds) {
  for (auto wrong : {"1us", "0.5ms", "-1s", "1", "", "1 s", "1s1h"})
    EXPECT_THAT(job_faults(job_with("\"delay\":\"" + std::string{wrong} + "\"")), ElementsAre("/delay")) << wrong;
  EXPECT_THAT(job_faults(job_with(R"("timeout":"0s")")), ElementsAre("/timeout"));
}

TEST(json_job, unique_keys_hold_for_a_day_another_time_or_ever) {
  EXPECT_EQ(decoded_job(job_with(R"("unique_key":"k","unique_for":"1h")")).unique_until,
            test_now + std::chrono::hours{1});
  EXPECT_EQ(decoded_job(job_with(R"("unique_key":"k","unique_for":"forever")")).unique_until, std::nullopt);
  EXPECT_THAT(job_faults(job_with(R"("unique_key":"k","unique_for":"0s")")), ElementsAre("/unique_for"));
  EXPECT_THAT(job_faults(job_with(R"("unique_key":"k","unique_for":"always")")), ElementsAre("/unique_for"));
  EXPECT_EQ(decoded_job(job_with("\"unique_key\":\"" + std::string(255, 'k') + "\"")).unique_key.size(), 255u);
  EXPECT_THAT(job_faults(job_with("\"unique_key\":\"" + std::string(256, 'k') + "\"")), ElementsAre("/unique_key"));
}

TEST(json_job, a_job_of_a_task_takes_target_and_rules_from_it) {
  auto job = decoded_job(R"({"task":"nightly","payload":{"a":1},"delay":"1s","labels":{"x":"y"}})");
  EXPECT_EQ(job.task_name, "nightly");
  EXPECT_EQ(job.made.how, nullptr);
  EXPECT_EQ(job.made.priority, priority_of_task);
  EXPECT_EQ(decoded_job(R"({"task":"nightly","priority":7})").made.priority, 7);
  EXPECT_THAT(
      job_faults(R"({"task":"nightly",)" + noop_target + R"(,"retry":{},"timeout":"1s","delivery":"at_least_once"})"),
      UnorderedElementsAre("/target", "/retry", "/timeout", "/delivery"));
  EXPECT_THAT(job_faults("{}"), ElementsAre("/target"));
  EXPECT_THAT(job_faults(R"({"task":"a/b"})"), ElementsAre("/task"));
}

TEST(json_job, at_most_once_has_no_retries) {
  EXPECT_EQ(decoded_job(job_with(R"("delivery":"at_most_once")")).made.how->retry.limit, 0u);
  EXPECT_EQ(decoded_job(job_with(R"("delivery":"at_most_once","retry":{"limit":0})")).made.how->retry.limit, 0u);
  EXPECT_THAT(job_faults(job_with(R"("delivery":"at_most_once","retry":{"limit":1})")), ElementsAre("/retry/limit"));
  EXPECT_THAT(job_faults(job_with(R"("delivery":"at_most_once","retry":{"delays":["1s"]})")),
              ElementsAre("/retry/delays"));
}

TEST(json_job, retry_has_delays_or_growth) {
  auto delays = decoded_job(job_with(R"("retry":{"delays":["5s","15s"]})")).made.how->retry;
  EXPECT_EQ(delays.limit, 2u);
  EXPECT_THAT(delays.delays, ElementsAre(milliseconds{5000}, milliseconds{15'000}));
  EXPECT_EQ(decoded_job(job_with(R"("retry":{"limit":6,"delays":["5s"]})")).made.how->retry.limit, 6u);
  auto growth =
      decoded_job(job_with(R"("retry":{"limit":0,"initial":"2s","factor":1.5,"max":"1m","jitter":0})")).made.how->retry;
  EXPECT_EQ(growth, (retry_policy{.limit = 0,
                                  .delays = {},
                                  .initial = milliseconds{2000},
                                  .factor = 1.5,
                                  .max = milliseconds{60'000},
                                  .jitter = 0}));
  EXPECT_THAT(job_faults(job_with(R"("retry":{"delays":["5s"],"factor":2,"max":"1h"})")),
              UnorderedElementsAre("/retry/factor", "/retry/max"));
  EXPECT_THAT(job_faults(job_with(R"("retry":{"delays":[],"limit":1})")), ElementsAre("/retry/delays"));
  EXPECT_THAT(job_faults(job_with(R"("retry":{"delays":["5s",7]})")), ElementsAre("/retry/delays/1"));
  EXPECT_THAT(job_faults(job_with(R"("retry":{"limit":-1,"factor":0.5,"jitter":2})")),
              UnorderedElementsAre("/retry/limit", "/retry/factor", "/retry/jitter"));
}

TEST(json_job, payloads_are_kept_byte_for_byte) {
  for (std::string text : {R"({"b":1.0e2, "a":1,  "a":2})", R"("\u00e9/\/")", "12345678901234567890123", "null", "[ ]",
                           "\"\"", "-0.0", "true"})
    EXPECT_EQ(decoded_job(job_with("\"payload\" : " + text + "\n ")).made.body.data(), text);
  EXPECT_TRUE(decoded_job(job_with(R"("payload":null)")).made.body.is_json());
}

TEST(json_job, other_bytes_come_in_base64) {
  auto body = decoded_job(job_with(R"("payload_base64":"AP9o","content_type":"image/png")")).made.body;
  EXPECT_EQ(body.data(), (std::string_view{"\0\xffh", 3}));
  EXPECT_EQ(body.content_type(), "image/png");
  EXPECT_EQ(decoded_job(job_with(R"("payload_base64":"")")).made.body.content_type(), "application/octet-stream");
  EXPECT_THAT(job_faults(job_with(R"("payload_base64":"AP9o","payload":1)")), ElementsAre("/payload_base64"));
  EXPECT_THAT(job_faults(job_with(R"("content_type":"image/png")")), ElementsAre("/content_type"));
  for (auto wrong : {"A", "A===", "AP9", "AP 9", "AP9o=", "!!!!"})
    EXPECT_THAT(job_faults(job_with("\"payload_base64\":\"" + std::string{wrong} + "\"")),
                ElementsAre("/payload_base64"))
        << wrong;
  EXPECT_THAT(job_faults(job_with(R"("payload_base64":"AP9o","content_type":"a\r\nb/c")")), Contains("/content_type"));
}

TEST(json_job, an_answer_names_all_members) {
  job_view view;
  auto made = decoded_job(job_with(R"("payload":{"x": 1.0e2},"unique_key":"k","labels":{"a":"b"})"));
  view.what = made.made;
  view.what.id = job_id{17};
  view.unique_key = made.unique_key;
  view.marks = made.marks;
  view.created_at = test_now;
  view.attempts.push_back({1, "node", test_now, test_now, attempt_outcome::failed, "refused", R"({"status":500})"});
  std::array<uint8_t, 16> secret{1};
  auto text = job_to_text(view, secret, true);
  EXPECT_THAT(text, HasSubstr(R"("payload":{"x": 1.0e2})"));
  auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["id"], to_string(view.what.id));
  EXPECT_EQ(json["state"], "pending");
  EXPECT_EQ(json["due_at"], format_time(test_now));
  EXPECT_EQ(json["fire_time"], nullptr);
  EXPECT_EQ(json["task"], nullptr);
  EXPECT_EQ(json["trace_id"], trace_id_of(view.what.id, secret));
  EXPECT_EQ(json["idempotency_key"], idempotency_key_of(view.what.id, secret));
  EXPECT_EQ(json["target"]["native"]["handler"], "noop");
  EXPECT_EQ(json["timeout"], "60s");
  EXPECT_EQ(json["labels"]["a"], "b");
  EXPECT_EQ(json["attempts"][0]["outcome"], "failed");
  EXPECT_EQ(json["attempts"][0]["response"]["status"], 500);
  EXPECT_EQ(json, job_to_json(view, secret, true));
  EXPECT_FALSE(job_to_json(view, secret, false).contains("attempts"));
}

} // namespace
} // namespace wheelwork
