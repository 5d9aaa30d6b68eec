#include "messages/job_decoder.hpp"
#include "tests/messages/json_helpers.hpp"

#include <gtest/gtest.h>

#include <random>

namespace wheelwork {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// All that a user could tell one job from another by.
std::string description(const new_job& job) {
  std::string text = std::to_string(job.made.due_at.time_since_epoch().count()) + "|" + job.task_name + "|" +
                     job.unique_key + "|" + job.external_id + "|" + std::to_string(job.made.priority) + "|" +
                     (job.made.how ? job.made.how->spec : "no target") + "|" + std::string{job.made.body.data()} + "|" +
                     std::string{job.made.body.content_type()} + "|" +
                     (job.unique_until ? std::to_string(job.unique_until->time_since_epoch().count()) : "for ever") +
                     "|" + std::to_string(job.created_at.time_since_epoch().count());
  for (auto& [name, value] : job.marks) text += "|" + name + "=" + value;
  return text;
}
std::string description(const json_faults& faults) {
  std::string text;
  for (auto& fault : faults) text += fault.pointer + " " + fault.message + (fault.not_json ? " (400)" : "") + "\n";
  return text;
}
template <class T>
std::string description(const result<T, json_faults>& read) {
  return read ? description(*read) : description(read.error());
}

const std::vector<std::string> members_to_draw_from{
    noop_target,
    R"("target":{"http":{"url":"http://127.0.0.1/x"}})",
    R"("target" : {"http": {"url": "http://127.0.0.1/x"} } )",
    R"("target":{"worker":{"queue":"q"}})",
    R"("target":7)",
    R"("task":"t")",
    R"("task":"a/b")",
    R"("task":null)",
    R"("delay":"90s")",
    R"("delay":null)",
    R"("delay":"-1s")",
    R"("delay":5)",
    R"("due_at":"2030-01-31T08:00:00.5+01:00")",
    R"("due_at":"10000-01-01T00:00:00Z")",
    R"("priority":9)",
    R"("priority":10)",
    R"("priority":3.0)",
    R"("payload":{"a": 1.0e2, "a":[{}] })",
    R"("payload":null)",
    R"("payload": "x\u0041" )",
    R"("payload":123456789012345678901234567890)",
    R"("payload":1e999)",
    R"("payload":[tru])",
    R"("payload_base64":"AP9o")",
    R"("pay\u006coad":5)",
    R"("timeou\u0074":"7s")",
    R"("\u0074arget":{"native":{"handler":"noop"}})",
    R"("unique_key":"k")",
    R"("unique_key":"")",
    R"("unique_for":"1h")",
    R"("unique_for":"forever")",
    R"("unique_for":"0s")",
    R"("external_id":"e\u00e9")",
    R"("external_id":"a\nb")",
    R"("labels":{"a":"b","c":"d"})",
    R"("labels":{"a":"b","a":"d"})",
    R"("labels":{"a:b":"c"})",
    R"("labels":{})",
    R"("retry":{"limit":2})",
    R"("retry":{"limit":"2"})",
    R"("timeout":"5s")",
    R"("timeout":"0s")",
    R"("delivery":"at_most_once")",
    R"("history":"none")",
    R"("nonsense":1)",
    R"("content_type":"a/b")",
};

std::string drawn_job(std::mt19937_64& random) {
  std::string text = "{";
  auto count = random() % 5;
  if (random() % 3 != 0) text += members_to_draw_from[random() % 2];
  for (size_t i = 0; i < count; ++i)
    text += (text.size() > 1 ? "," : "") + members_to_draw_from[random() % members_to_draw_from.size()];
  return text + "}";
}

// The promise of the header: whichever way a job goes, it comes out the same, and so do its faults.
TEST(job_decoder, says_the_same_as_the_general_way) {
  job_decoder decoder;
  size_t accepted = 0;
  for (uint64_t seed = 0; seed < 8'000; ++seed) {
    std::mt19937_64 random{seed};
    auto text = drawn_job(random);
    auto fast = decoder.decode_job(text, {.now = test_now});
    ASSERT_EQ(description(fast), description(job_from_text(text, test_context))) << "seed " << seed << ": " << text;
    accepted += fast.has_value();
  }
  EXPECT_GT(accepted, 1000u) << "the drawing must make good jobs, too";
}

TEST(job_decoder, batches_and_lines_say_the_same_as_single_jobs) {
  job_decoder decoder;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    std::mt19937_64 random{seed};
    std::string batch = "{\"jobs\":[", lines, expected;
    json_faults faults;
    size_t jobs = 1 + random() % 4;
    bool broken = false;
    for (size_t i = 0; i < jobs; ++i) {
      auto text = drawn_job(random);
      batch += (i > 0 ? "," : "") + text;
      lines += text + "\r\n" + (random() % 4 == 0 ? "\n" : "");
      auto pointer = "/jobs/" + std::to_string(i);
      auto one = job_from_text(text, {.now = test_now, .base_pointer = pointer});
      if (one)
        expected += description(*one) + "\n";
      else
        faults.insert(faults.end(), one.error().begin(), one.error().end());
      broken = broken || text.find("tru]") != text.npos || text.find("1e999") != text.npos;
    }
    auto all = [](const result<std::vector<new_job>, json_faults>& read) {
      if (!read) return description(read.error());
      std::string text;
      for (auto& job : *read) text += description(job) + "\n";
      return text;
    };
    if (!faults.empty()) expected = description(faults);
    ASSERT_EQ(all(decoder.decode_lines(lines, {.now = test_now})), expected) << "seed " << seed;
    // A batch that is no JSON is refused as a whole.
    if (!broken) {
      ASSERT_EQ(all(decoder.decode_batch(batch + "]}", {.now = test_now})), expected) << "seed " << seed;
    } else {
      ASSERT_FALSE(decoder.decode_batch(batch + "]}", {.now = test_now}));
    }
  }
}

TEST(job_decoder, equal_targets_are_one_object) {
  job_decoder decoder;
  auto read =
      decoder.decode_batch("{\"jobs\":[" + job_with("\"timeout\":\"5s\"") + "," + job_with("\"timeout\":\"5s\"") + "," +
                               job_with("\"timeout\":\"6s\"") + "," +
                               job_with("\"payload_base64\":\"\",\"timeout\":\"6s\"") + ",{" + noop_target + "}]}",
                           {.now = test_now});
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0].made.how, (*read)[1].made.how);
  EXPECT_EQ((*read)[2].made.how, (*read)[3].made.how);
  EXPECT_EQ((*read)[3].made.how->timeout, milliseconds{6000});
  EXPECT_EQ((*read)[4].made.how->timeout, milliseconds{60'000});
}

TEST(job_decoder, keeps_right_with_more_targets_than_its_cache_holds) {
  job_decoder decoder;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 3000; ++i) {
      auto handler = "h" + std::to_string(i);
      auto read = decoder.decode_job(R"({"target":{"native":{"handler":")" + handler + "\"}}}", {.now = test_now});
      ASSERT_TRUE(read);
      ASSERT_EQ(std::get<native_target>(read->made.how->how).handler, handler);
    }
}

TEST(job_decoder, an_envelope_holds_jobs_and_nothing_else) {
  job_decoder decoder;
  auto faults = [&](const std::string& text) {
    auto read = decoder.decode_batch(text, {.now = test_now});
    return read ? std::vector<std::string>{} : pointers_of(read.error());
  };
  EXPECT_THAT(faults("{\"jobs\":[]}"), IsEmpty());
  EXPECT_THAT(faults("{}"), ElementsAre("/jobs"));
  EXPECT_THAT(faults("[]"), ElementsAre(""));
  EXPECT_THAT(faults("7"), ElementsAre(""));
  EXPECT_THAT(faults("{\"jobs\":7}"), ElementsAre("/jobs"));
  EXPECT_THAT(faults("{\"jobs\":[7,[],null,{}]}"), ElementsAre("/jobs/0", "/jobs/1", "/jobs/2", "/jobs/3/target"));
  EXPECT_THAT(faults("{\"jobs\":[],\"jobs\":[]}"), ElementsAre("/jobs"));
  EXPECT_THAT(faults("{\"jobs\":[],\"more\":1}"), ElementsAre("/more"));
  EXPECT_TRUE(decoder.decode_batch("{\"jobs\":[", {.now = test_now}).error().front().not_json);
  EXPECT_TRUE(decoder.decode_batch("", {.now = test_now}).error().front().not_json);
  EXPECT_TRUE(decoder.decode_batch(std::string(100'000, '['), {.now = test_now}).error().front().not_json);
  EXPECT_TRUE(decoder.decode_batch("{\"jobs\":[{\"payload\":\"\xff\"}]}", {.now = test_now}).error().front().not_json);
}

TEST(job_decoder, a_batch_has_at_most_10000_jobs) {
  job_decoder decoder;
  auto job = "{" + noop_target + "}";
  std::string list = job, lines = job + "\n";
  for (size_t i = 1; i < batch_jobs_max; ++i) list += "," + job, lines += job + "\n";
  EXPECT_EQ(decoder.decode_batch("{\"jobs\":[" + list + "]}", {.now = test_now})->size(), batch_jobs_max);
  EXPECT_EQ(decoder.decode_lines(lines, {.now = test_now})->size(), batch_jobs_max);
  EXPECT_THAT(description(decoder.decode_batch("{\"jobs\":[" + list + "," + job + "]}", {.now = test_now}).error()),
              HasSubstr("at most 10000"));
  EXPECT_THAT(description(decoder.decode_lines(lines + job, {.now = test_now}).error()), HasSubstr("at most 10000"));
}

TEST(job_decoder, a_batch_of_nothing_but_faults_ends_soon) {
  job_decoder decoder;
  std::string list = "7";
  for (size_t i = 1; i < batch_jobs_max; ++i) list += ",7";
  auto read = decoder.decode_batch("{\"jobs\":[" + list + "]}", {.now = test_now});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().size(), 101u);
  EXPECT_THAT(read.error().back().message, HasSubstr("not looked at"));
}

} // namespace
} // namespace wheelwork
