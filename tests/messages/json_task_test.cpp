#include "tests/messages/json_helpers.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const std::string whole_task = R"({"name": "nightly-report", "description": "", "external_id": null,
 "schedule": {"cron": "30 2 * * *", "time_zone": "Asia/Shanghai", "dialect": "unix"},
 "target": {"http": {"url": "https://example.org/report", "method": "POST", "headers": {"X-Team": "a"},
                     "success": {"status": ["2xx"], "json": {"/success": true}}}},
 "payload": {"day":  "today"},
 "retry": {"limit": 6, "delays": ["5s", "15s", "30s", "3m", "1h", "2h"]},
 "timeout": "30s", "overlap": "skip", "misfire": "once", "misfire_grace": "60s", "delivery": "at_least_once",
 "dst": {"gap": "after", "overlap": "first"}, "splay": "0s",
 "enabled": true, "starts_at": null, "ends_at": null, "max_runs": null,
 "environments": ["dev", "test", "release"], "partition": "", "priority": 5, "labels": {"team": "a"}, "history": "all"})";

task_definition decoded_task(const std::string& text) {
  auto read = task_from_text(text, "", test_context);
  if (!read) throw std::runtime_error(read.error().front().pointer + " " + read.error().front().message);
  return *std::move(read);
}

result<task_definition, json_faults> patched(const task_definition& task, const std::string& patch) {
  auto body = parse_json_body(patch);
  return task_from_merge_patch(task, *body->value,
                               {.now = test_now, .base_pointer = {}, .payload_text = body->payload_text});
}

TEST(json_task, the_task_of_the_contract_is_read_and_written_back) {
  auto task = decoded_task(whole_task);
  EXPECT_EQ(task.name, "nightly-report");
  EXPECT_EQ(std::get<cron_schedule>(task.when).zone_name, "Asia/Shanghai");
  EXPECT_EQ(task.how->retry.delays.size(), 6u);
  EXPECT_EQ(task.how->lane, "https://example.org:443");
  EXPECT_THAT(task.environments, ElementsAre("dev", "test", "release"));
  EXPECT_EQ(task.body.data(), R"({"day":  "today"})");
  auto again = decoded_task(task.spec);
  EXPECT_EQ(again.spec, task.spec);
  EXPECT_EQ(again.how, task.how);
  EXPECT_EQ(again.body.data(), task.body.data());
  EXPECT_EQ(task_from_json(task_to_json(task), "", test_context)->how, task.how);
}

TEST(json_task, defaults_are_those_of_the_contract) {
  auto task = decoded_task("{\"name\":\"t\",\"schedule\":{\"cron\":\"* * * * *\"}," + noop_target + "}");
  EXPECT_EQ(task.overlap, overlap_policy::skip);
  EXPECT_EQ(task.misfire, misfire_policy::once);
  EXPECT_EQ(task.misfire_grace, milliseconds{60'000});
  EXPECT_EQ(task.splay, milliseconds{0});
  EXPECT_TRUE(task.enabled);
  EXPECT_EQ(task.priority, 5);
  EXPECT_EQ(task.how->timeout, milliseconds{60'000});
  EXPECT_EQ(task.how->history, history_policy::all);
  EXPECT_EQ(std::get<cron_schedule>(task.when).zone_name, "UTC");
  EXPECT_EQ(std::get<cron_schedule>(task.when).dialect, cron_dialect::unix_cron);
  EXPECT_EQ(decoded_task(task.spec).spec, task.spec);
}

TEST(json_task, equal_bodies_are_equal_texts) {
  EXPECT_EQ(decoded_task(task_with(R"("timeout":"60s","enabled":true)")).spec,
            decoded_task(task_with(R"("timeout":"1m")")).spec);
  EXPECT_NE(decoded_task(task_with(R"("timeout":"60s")")).spec, decoded_task(task_with(R"("timeout":"61s")")).spec);
}

TEST(json_task, names_are_1_to_255_bytes_without_control_characters_or_slash) {
  for (std::string good : {"a", "täglich ☀", "a b:c?d"}) EXPECT_EQ(task_name_fault(good), std::nullopt) << good;
  for (std::string wrong : {"", "a/b", "a\nb", "a\x7f", "\xc2\x85", "\xff"})
    EXPECT_NE(task_name_fault(wrong), std::nullopt) << wrong;
  EXPECT_EQ(task_name_fault(std::string(255, 'x')), std::nullopt);
  EXPECT_NE(task_name_fault(std::string(256, 'x')), std::nullopt);
  EXPECT_NE(task_name_fault(std::string_view{"a\0b", 3}), std::nullopt);
}

TEST(json_task, the_name_of_the_address_counts) {
  auto nameless = "{\"schedule\":{\"every\":\"1s\"}," + noop_target + "}";
  EXPECT_EQ(task_from_text(nameless, "here", test_context)->name, "here");
  EXPECT_THAT(task_faults(nameless), ElementsAre("/name"));
  EXPECT_FALSE(task_from_text(task_with("\"enabled\":true"), "other", test_context));
  EXPECT_TRUE(task_from_text(task_with("\"enabled\":true"), "t", test_context));
}

TEST(json_task, a_schedule_is_exactly_one_of_three) {
  auto with = [](const std::string& schedule) {
    return task_faults("{\"name\":\"t\"," + noop_target + ",\"schedule\":" + schedule + "}");
  };
  EXPECT_THAT(with(R"({"every":"1h","anchor":"2027-01-01T00:00:00Z","first":"now"})"), IsEmpty());
  EXPECT_THAT(with(R"({"every":"1h","from":"end"})"), IsEmpty());
  EXPECT_THAT(with(R"({"at":"2001-01-01T00:00:00Z"})"), IsEmpty());
  EXPECT_THAT(with("{}"), ElementsAre("/schedule"));
  EXPECT_THAT(with("\"* * * * *\""), ElementsAre("/schedule"));
  EXPECT_THAT(with(R"({"every":"1h","cron":"* * * * *"})"), ElementsAre("/schedule"));
  EXPECT_THAT(with(R"({"every":"99ms"})"), ElementsAre("/schedule/every"));
  EXPECT_THAT(with(R"({"every":"100ms"})"), IsEmpty());
  EXPECT_THAT(with(R"({"every":"1h","time_zone":"UTC"})"), ElementsAre("/schedule/time_zone"));
  EXPECT_THAT(with(R"({"every":"1h","first":"later","from":"start"})"),
              UnorderedElementsAre("/schedule/first", "/schedule/from"));
  EXPECT_THAT(with(R"({"cron":"99 * * * *"})"), ElementsAre("/schedule/cron"));
  EXPECT_THAT(with(R"({"cron":"0 0 30 2 *"})"), ElementsAre("/schedule/cron")) << "never";
  EXPECT_THAT(with(R"({"cron":"* * * * *","time_zone":"Mars/Base"})"), ElementsAre("/schedule/time_zone"));
  EXPECT_THAT(with(R"({"cron":"* * * * *","dialect":"quartz"})"), ElementsAre("/schedule/dialect"));
  EXPECT_THAT(with(R"({"at":"soon"})"), ElementsAre("/schedule/at"));
}

TEST(json_task, all_faults_are_told_at_once) {
  EXPECT_THAT(
      task_faults(R"({"name":"a/b","schedule":{},"target":{},"overlap":"maybe","misfire":1,"enabled":"yes","max_runs":0,
                              "starts_at":"2030-01-01T00:00:00Z","ends_at":"2029-01-01T00:00:00Z","environments":"dev","priority":-1,"tags":[]})"),
      UnorderedElementsAre("/name", "/schedule", "/target", "/overlap", "/misfire", "/enabled", "/max_runs", "/ends_at",
                           "/environments", "/priority", "/tags"));
  EXPECT_THAT(task_faults("[]"), ElementsAre(""));
}

TEST(json_task, dst_goes_with_cron_only) {
  EXPECT_THAT(task_faults(task_with(R"("dst":{"gap":"skip"})")), ElementsAre("/dst"));
  EXPECT_THAT(task_faults(task_with(R"("dst":{"gap":"before","overlap":"never"})")),
              UnorderedElementsAre("/dst/gap", "/dst/overlap"));
  auto task = decoded_task(
      "{\"name\":\"t\",\"schedule\":{\"cron\":\"30 2 * * *\"},\"dst\":{\"gap\":\"skip\",\"overlap\":\"both\"}," +
      noop_target + "}");
  EXPECT_EQ(std::get<cron_schedule>(task.when).dst, (dst_rule{dst_gap::skip, dst_overlap::both}));
  EXPECT_EQ(decoded_task(task.spec).spec, task.spec);
}

TEST(json_task, a_merge_patch_changes_what_it_names) {
  auto task = decoded_task(whole_task);
  auto changed = patched(task, R"({"enabled":false,"labels":{"team":null,"x":"y"}})");
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->enabled);
  EXPECT_THAT(changed->marks, ElementsAre(Pair("x", "y")));
  EXPECT_EQ(changed->body.data(), task.body.data()) << "what is not named stays byte for byte";
  EXPECT_EQ(changed->how, task.how);
  EXPECT_THAT(pointers_of(patched(task, R"({"prioriti":1,"name":"other"})").error()),
              UnorderedElementsAre("/name", "/prioriti"));
  EXPECT_FALSE(patched(task, R"({"target":null})"));
  EXPECT_FALSE(patched(task, "[]"));
}

TEST(json_task, a_merge_patch_may_name_another_kind) {
  auto task = decoded_task(whole_task);
  auto every = patched(
      task, R"({"schedule":{"every":"5s"},"target":{"native":{"handler":"noop"}},"retry":{"limit":1,"initial":"1s"}})");
  ASSERT_TRUE(every);
  EXPECT_EQ(std::get<every_schedule>(every->when).period, milliseconds{5000});
  EXPECT_EQ(kind_of(every->how->how), target_kind::native);
  EXPECT_TRUE(every->how->retry.delays.empty());
  auto careful = patched(decoded_task(task_with("\"priority\":1")), R"({"delivery":"at_most_once"})");
  ASSERT_TRUE(careful) << "a retry that nobody asked for does not stand in the way";
  EXPECT_EQ(careful->how->retry.limit, 0u);
  EXPECT_THAT(pointers_of(patched(task, R"({"delivery":"at_most_once"})").error()), ElementsAre("/retry/limit"));
}

TEST(json_task, a_merge_patch_replaces_or_merges_the_payload) {
  auto task = decoded_task(whole_task);
  EXPECT_EQ(patched(task, R"({"payload":[1.0e2]})")->body.data(), "[1.0e2]");
  EXPECT_EQ(patched(task, R"({"payload":{"day":null,"a":1}})")->body.data(), R"({"a":1})");
  EXPECT_TRUE(patched(task, R"({"payload":null})")->body.empty());
  EXPECT_EQ(patched(task, R"({"payload_base64":"aGk="})")->body.data(), "hi");
}

TEST(json_task, a_body_built_in_memory_needs_no_text) {
  nlohmann::json body{{"name", "t"},
                      {"schedule", {{"every", "1s"}}},
                      {"target", {{"native", {{"handler", "noop"}}}}},
                      {"payload", {{"a", 1}}},
                      {"priority", 3}};
  EXPECT_EQ(task_from_json(body, "", test_context)->body.data(), R"({"a":1})");
  body["payload"] = std::numeric_limits<double>::infinity();
  EXPECT_THAT(pointers_of(task_from_json(body, "", test_context).error()), ElementsAre("/payload"));
  body["payload"] = "\xff";
  EXPECT_THAT(pointers_of(task_from_json(body, "", test_context).error()), ElementsAre("/payload"));
}

} // namespace
} // namespace wheelwork
