// The job that a task of the delay_queue service becomes.
#include "api/compat/delay_queue_task.hpp"

#include "schedule/time_text.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const wall_time now = *parse_time("2026-11-21T12:00:00.250Z");
const delay_queue_rules rules = rules_of({});

delay_queue_task usual() {
  delay_queue_task task;
  task.notify_url = "http://sksystem.sk0.com/queue/vip?x=1";
  task.plan_time = now + 1h;
  return task;
}

const http_target& target_of(const new_job& job) { return std::get<http_target>(job.made.how->how); }

TEST(delay_queue_task, calls_its_url_at_its_time_and_wants_success) {
  const auto job = job_of(usual(), rules, now);
  ASSERT_TRUE(job.has_value()) << job.error();
  EXPECT_EQ(job->made.due_at, now + 1h);
  EXPECT_EQ(job->created_at, now);
  EXPECT_EQ(job->marks, (labels{{"front", "delay_queue"}}));
  EXPECT_EQ(target_of(*job).url, "http://sksystem.sk0.com/queue/vip?x=1");
  EXPECT_EQ(target_of(*job).method, "GET");
  EXPECT_EQ(target_of(*job).success.statuses, (std::vector<std::pair<int, int>>{{200, 200}}));
  EXPECT_EQ(target_of(*job).success.json_members,
            (std::vector<std::pair<std::string, std::string>>{{"/success", "true"}}));
  EXPECT_EQ(job->made.how->retry.limit, 6u);
  EXPECT_EQ(job->made.how->retry.delays.at(3), 180s);
  EXPECT_EQ(job->made.how->lane, "http://sksystem.sk0.com:80");
  EXPECT_FALSE(job->made.how->spec.empty());
}

TEST(delay_queue_task, sends_its_parameter_with_post_only_and_byte_for_byte) {
  auto task = usual();
  task.notify_param = "a=1&a=2&b=%E4%B8%AD\xff";
  EXPECT_TRUE(job_of(task, rules, now)->made.body.empty());
  for (const auto* method : {"post", "POST", "Post"}) {
    task.method_name = method;
    const auto job = job_of(task, rules, now);
    ASSERT_TRUE(job.has_value()) << job.error();
    EXPECT_EQ(target_of(*job).method, "POST");
    EXPECT_EQ(job->made.body.data(), task.notify_param);
    EXPECT_EQ(job->made.body.content_type(), "application/x-www-form-urlencoded");
  }
}

TEST(delay_queue_task, whose_time_is_over_waits_the_interval) {
  auto task = usual();
  for (const auto& late : {std::optional<wall_time>{}, std::optional{now - 1ms}, std::optional{now - 24h}}) {
    task.plan_time = late;
    EXPECT_EQ(job_of(task, rules, now)->made.due_at, now + 10s);
  }
  task.plan_time = now;
  EXPECT_EQ(job_of(task, rules, now)->made.due_at, now);
}

TEST(delay_queue_task, is_refused_with_the_member_at_fault) {
  const auto fault_with = [](auto change) {
    auto task = usual();
    change(task);
    const auto job = job_of(task, rules, now);
    return job ? std::string{"none"} : job.error();
  };
  EXPECT_THAT(fault_with([](auto& task) { task.notify_url = ""; }), HasSubstr("notify_url is missing"));
  EXPECT_THAT(fault_with([](auto& task) { task.notify_url = "file:///etc/passwd"; }), HasSubstr("notify_url"));
  EXPECT_THAT(fault_with([](auto& task) { task.notify_url = "http://a/b\r\nX-Evil: 1"; }), HasSubstr("control"));
  EXPECT_THAT(fault_with([](auto& task) { task.notify_url = "http://a/\xff\xfe"; }), HasSubstr("UTF-8"));
  EXPECT_THAT(fault_with([](auto& task) { task.method_name = "PUT"; }), HasSubstr("method_name must be get or post"));
}

TEST(delay_queue_task, has_its_time_in_seconds) {
  EXPECT_EQ(plan_time_of_seconds("1593317127")->value(), *parse_time("2020-06-28T04:05:27Z"));
  for (const auto* none : {"0", "-5", "-99999999999999999999"})
    EXPECT_EQ(plan_time_of_seconds(none).value(), std::nullopt) << none;
  for (const auto* wrong : {"", "abc", "1.5", "1e3", " 1", "1 ", "0x10", "2026-11-21", "--1", "+-1"})
    EXPECT_FALSE(plan_time_of_seconds(wrong)) << wrong;
  for (const auto* far : {"1593317127000", "253402300800", "99999999999999999999"})
    EXPECT_THAT(plan_time_of_seconds(far).error(), HasSubstr("seconds, not milliseconds")) << far;
}

TEST(delay_queue_task, is_read_from_entries_of_the_list) {
  const auto read = [](const char* text) { return delay_queue_task_of_json(text); };
  const auto task = read(R"({"notify_url":"http://a/b","plan_time":"2020-06-28T12:05:27+08:00","method_name":"post",
                             "notify_param":"a=1","other":7})");
  ASSERT_TRUE(task.has_value()) << task.error();
  EXPECT_EQ(task->notify_url, "http://a/b");
  EXPECT_EQ(task->plan_time, parse_time("2020-06-28T04:05:27Z").value());
  EXPECT_EQ(task->method_name, "post");
  EXPECT_EQ(task->notify_param, "a=1");
  EXPECT_EQ(read(R"({"notify_url":"u","plan_time":1593317127})")->plan_time, task->plan_time);
  EXPECT_EQ(read(R"({"notify_url":"u","plan_time":"1593317127"})")->plan_time, task->plan_time);
  EXPECT_EQ(read(R"({"notify_url":"u","plan_time":"0001-01-01T00:00:00Z"})")->plan_time,
            std::nullopt); // Go's zero time
}

TEST(delay_queue_task, that_cannot_be_read_says_why) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "can't be read"},
      {"[]", "must be a JSON object"},
      {"{\"notify_url\":\"u\"}", "plan_time is missing"},
      {"{\"notify_url\":\"u\",\"plan_time\":1.5}", "plan_time must be RFC 3339"},
      {"{\"notify_url\":\"u\",\"plan_time\":\"soon\"}", "plan_time must be RFC 3339"},
      {"{\"notify_url\":\"u\",\"plan_time\":99999999999999}", "seconds, not milliseconds"},
      {"{\"notify_url\":7,\"plan_time\":1}", "must be strings"},
      {"{\"notify_url\":\"\xff\",\"plan_time\":1}", "can't be read"},
      {"{\"notify_url\":\"u\",\"plan_time\":1", "can't be read"},
      {R"({"notify_url":"u","plan_time":1e999})", "can't be read"},
      {R"({"notify_url":"u","notify_url":"v","plan_time":1})", "can't be read"},
  };
  for (const auto& [text, why] : cases) {
    const auto task = delay_queue_task_of_json(text);
    ASSERT_FALSE(task.has_value()) << text;
    EXPECT_THAT(task.error(), HasSubstr(why)) << text;
  }
}

TEST(delay_queue_task, nested_without_end_is_refused) {
  const std::string deep(100'000, '[');
  EXPECT_FALSE(delay_queue_task_of_json(deep).has_value());
  const auto inside = R"({"notify_url":"u","plan_time":1,"other":)" + deep + std::string(100'000, ']') + "}";
  EXPECT_FALSE(delay_queue_task_of_json(inside).has_value());
}

} // namespace
} // namespace wheelwork
