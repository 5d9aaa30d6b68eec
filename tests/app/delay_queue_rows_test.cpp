// Rows of the delay_queue service's table, and the jobs that they become.
#include "app/delay_queue_rows.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

using mysql::delay_queue_row;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr wall_time at(int64_t unix_seconds) { return wall_time{seconds{unix_seconds}}; }
constexpr int64_t now = 1'800'000'000;

delay_queue_import how() {
  delay_queue_import made;
  made.rules = rules_of({});
  made.table = "gin.hs_task";
  made.now = at(now);
  return made;
}

std::string json_of(const std::string& plan_time, const std::string& method = "", const std::string& param = "") {
  return nlohmann::json{{"notify_url", "http://example.org/queue"},
                        {"plan_time", plan_time},
                        {"method_name", method},
                        {"notify_param", param}}
      .dump();
}

/// As that service writes it.
delay_queue_row waiting(const std::string& notify_param) {
  delay_queue_row row;
  row.id = 26;
  row.queue_index = "97f66d2f-d123-4ac8-a5bf-344384b2f7b3";
  row.add_time = row.dateline = now - 100;
  row.cycle_num = 3;
  row.queue_slot = 20;
  row.notify_url = "http://example.org/queue";
  row.request_method = "GET";
  row.notify_param = notify_param;
  return row;
}

delay_queue_row failed(int64_t tries, int64_t failed_at) {
  auto row = waiting(json_of("2027-01-15T07:00:00Z"));
  row.state = 2;
  row.retry_num = tries;
  row.cycle_num = 1;
  row.dateline = failed_at;
  return row;
}

imported_task import(const delay_queue_row& row) {
  auto made = import_of(row, how());
  if (!made) throw std::runtime_error{made.error()};
  return *made;
}
std::string refusal(const delay_queue_row& row) {
  const auto made = import_of(row, how());
  return made ? "(none)" : made.error();
}
std::vector<int64_t> delays_of(const imported_task& made) {
  std::vector<int64_t> all;
  for (const auto delay : made.made.made.how->retry.delays) all.push_back(delay.count() / 1000);
  return all;
}
const http_target& call_of(const imported_task& made) { return std::get<http_target>(made.made.made.how->how); }

TEST(delay_queue_rows, a_waiting_task_is_due_at_its_plan_time) {
  const auto made = import(waiting(json_of("2027-01-15T16:10:00.5+08:00", "post", "a=1&a=2&b=%E4%B8%AD")));
  EXPECT_EQ(made.made.made.due_at, at(now + 600) + milliseconds{500});
  EXPECT_EQ(call_of(made).method, "POST");
  EXPECT_EQ(call_of(made).url, "http://example.org/queue");
  EXPECT_EQ(made.made.made.body.data(), "a=1&a=2&b=%E4%B8%AD");
  EXPECT_EQ(made.made.made.body.content_type(), "application/x-www-form-urlencoded");
  EXPECT_EQ(made.made.unique_key, "delay_queue:97f66d2f-d123-4ac8-a5bf-344384b2f7b3");
  EXPECT_EQ(made.made.external_id, "97f66d2f-d123-4ac8-a5bf-344384b2f7b3");
  EXPECT_EQ(made.made.marks.at("front"), "delay_queue");
  EXPECT_THAT(delays_of(made), ElementsAre(5, 15, 30, 180, 3600, 7200));
  EXPECT_EQ(made.note, "");
}

TEST(delay_queue_rows, what_is_over_is_due_soon) {
  const auto made = import(waiting(json_of("2020-06-23T14:58:06.5760244+08:00")));
  // That was over when it came in, so the service counted from there: 3 rounds of 60 s and 20 s.
  EXPECT_EQ(made.made.made.due_at, at(now - 100 + 200));
  auto long_ago = waiting(json_of("2027-01-15T07:59:00Z"));
  EXPECT_EQ(import(long_ago).made.made.due_at, at(now + 10)) << "time_interval";
  EXPECT_THAT(import(long_ago).note, HasSubstr("over"));
}

TEST(delay_queue_rows, other_shapes_of_plan_time_are_read) {
  const auto due_of = [](const std::string& plan_time) {
    return import(waiting(R"({"notify_url":"http://example.org/","plan_time":)" + plan_time + "}")).made.made.due_at;
  };
  EXPECT_EQ(due_of("1800000600"), at(now + 600));
  EXPECT_EQ(due_of("\"1800000600\""), at(now + 600));
  EXPECT_EQ(due_of("\"0001-01-01T00:00:00Z\""), at(now + 100)) << "Go's zero: counted by the columns";
  EXPECT_EQ(due_of("null"), at(now + 100));
  EXPECT_EQ(import(waiting(R"({"notify_url":"http://example.org/"})")).made.made.due_at, at(now + 100));
}

TEST(delay_queue_rows, a_failed_task_goes_on_with_the_retries_that_are_left) {
  const auto first = import(failed(1, now));
  EXPECT_EQ(first.made.made.due_at, at(now + 5));
  EXPECT_THAT(delays_of(first), ElementsAre(15, 30, 180, 3600, 7200));
  EXPECT_EQ(first.made.made.how->retry.limit, 5u);

  const auto fifth = import(failed(5, now - 60));
  EXPECT_EQ(fifth.made.made.due_at, at(now - 60 + 3600));
  EXPECT_THAT(delays_of(fifth), ElementsAre(7200));

  const auto last = import(failed(6, now - 60));
  EXPECT_EQ(last.made.made.due_at, at(now - 60 + 7200));
  EXPECT_EQ(last.made.made.how->retry.limit, 0u);
  EXPECT_EQ(import(failed(99, now)).made.made.how->retry.limit, 0u);

  EXPECT_EQ(import(failed(1, now - 1000)).made.made.due_at, at(now + 10)) << "its time is over";
}

TEST(delay_queue_rows, without_retries_a_failed_task_has_one_more_try) {
  auto none = how();
  delay_queue_front_settings settings;
  settings.max_retry_num = 0;
  none.rules = rules_of(settings);
  const auto made = import_of(failed(1, now), none);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->made.made.how->retry.limit, 0u);
  EXPECT_EQ(made->made.made.due_at, at(now + 10));
}

TEST(delay_queue_rows, of_a_cut_row_counts_what_the_columns_have) {
  auto row = waiting(json_of("2027-01-15T08:10:00Z").substr(0, 60));
  row.param_fills_column = true;
  const auto made = import(row);
  EXPECT_EQ(made.made.made.due_at, at(now + 100));
  EXPECT_EQ(call_of(made).method, "GET");
  EXPECT_THAT(made.note, HasSubstr("cut off"));

  row.url_fills_column = true;
  EXPECT_THAT(refusal(row), HasSubstr("notify_url fills its column"));
  row.url_fills_column = false;
  row.request_method = "POST";
  EXPECT_THAT(refusal(row), HasSubstr("what is to be posted is not known"));
}

TEST(delay_queue_rows, the_form_of_older_versions_is_read_by_the_columns) {
  const auto made = import(waiting("notify_url=http://example.org/queue&plan_time=1800000100"));
  EXPECT_EQ(made.made.made.due_at, at(now + 100));
  EXPECT_THAT(made.note, HasSubstr("not what came in"));
}

TEST(delay_queue_rows, wheels_of_other_sizes_count_otherwise) {
  auto other = how();
  other.slots = 3600;
  EXPECT_EQ(import_of(waiting("?"), other)->made.made.due_at, at(now - 100 + 3 * 3600 + 20));
}

TEST(delay_queue_rows, a_column_without_a_sensible_time_is_due_soon) {
  for (const int64_t wrong : {int64_t{0}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    auto row = waiting("?");
    row.add_time = wrong;
    EXPECT_EQ(import(row).made.made.due_at, at(now + 10)) << wrong;
    EXPECT_THAT(import(row).note, HasSubstr("no time"));
    row = waiting("?");
    row.cycle_num = wrong == 0 ? INT64_MAX : wrong;
    EXPECT_EQ(import(row).made.made.due_at, at(now + 10)) << wrong;
    EXPECT_EQ(import(failed(wrong, wrong)).made.made.due_at, at(now + 10)) << wrong;
  }
}

TEST(delay_queue_rows, what_can_not_be_called_is_refused) {
  const auto refusal_of = [](const std::string& url) {
    return refusal(waiting(nlohmann::json{{"notify_url", url}, {"plan_time", "1800000600"}}.dump()));
  };
  EXPECT_THAT(refusal_of(""), HasSubstr("notify_url"));
  EXPECT_THAT(refusal_of("ftp://example.org/"), HasSubstr("http"));
  EXPECT_THAT(refusal_of("http://example.org/\r\nX: y"), HasSubstr("control"));
}

TEST(delay_queue_rows, the_service_called_by_get_what_is_not_post) {
  const auto made = import(waiting(json_of("1800000600", "DELETE", "a=1")));
  EXPECT_EQ(call_of(made).method, "GET");
  EXPECT_TRUE(made.made.made.body.empty());
  EXPECT_THAT(made.note, HasSubstr("by GET"));
}

TEST(delay_queue_rows, a_row_without_queue_index_has_a_key_of_its_table) {
  auto row = waiting(json_of("1800000600"));
  row.queue_index.clear();
  EXPECT_EQ(import(row).made.unique_key, "delay_queue:gin.hs_task:26");
  EXPECT_EQ(import(row).made.external_id, "");
}

TEST(delay_queue_rows, are_pushed_whole) {
  const auto body = nlohmann::json::parse(push_body_of(import(waiting(json_of("1800000600", "POST", "a='1'"))).made));
  EXPECT_EQ(body["due_at"], "2027-01-15T08:10:00.000Z");
  EXPECT_EQ(body["unique_for"], "forever");
  EXPECT_EQ(body["labels"], (nlohmann::json{{"front", "delay_queue"}}));
  EXPECT_EQ(body["target"]["http"]["success"]["json"], (nlohmann::json{{"/success", true}}));
  EXPECT_EQ(body["content_type"], "application/x-www-form-urlencoded");
  EXPECT_EQ(body["payload_base64"], "YT0nMSc=");
}

} // namespace
} // namespace wheelwork
