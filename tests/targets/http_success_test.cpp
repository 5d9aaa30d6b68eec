#include "targets/http_success.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;

success_rule members(std::vector<std::pair<std::string, std::string>> wanted) {
  success_rule rule;
  rule.json_members = std::move(wanted);
  return rule;
}

TEST(http_success, statuses_are_ranges_with_both_ends) {
  success_rule rule;
  EXPECT_TRUE(status_counts(rule, 200));
  EXPECT_TRUE(status_counts(rule, 299));
  EXPECT_FALSE(status_counts(rule, 300));
  EXPECT_FALSE(status_counts(rule, 199));
  EXPECT_EQ(unmet_status(rule, 500), "status 500, success is 2xx");
  rule.statuses = {{200, 200}, {300, 399}, {410, 412}};
  EXPECT_TRUE(status_counts(rule, 411));
  EXPECT_EQ(unmet_status(rule, 201), "status 201, success is 200, 3xx, 410 to 412");
}

TEST(http_success, members_equal_by_value) {
  EXPECT_FALSE(unmet_json(members({{"/success", "true"}}), R"({"success":true,"x":1})"));
  EXPECT_FALSE(unmet_json(members({{"/n", "1"}}), R"({"n":1.0})"));
  EXPECT_FALSE(unmet_json(members({{"/n", "1e2"}}), R"({"n":100})"));
  EXPECT_FALSE(unmet_json(members({{"/a", R"({"x":[1,2.0],"y":null})"}}), R"({"a":{"y":null,"x":[1.0,2]}})"));
  EXPECT_FALSE(unmet_json(members({{"/list/1/id", "\"b\""}}), R"({"list":[{"id":"a"},{"id":"b"}]})"));
  EXPECT_FALSE(unmet_json(members({{"/a~1b", "0"}}), R"({"a/b":0})"));
  EXPECT_FALSE(unmet_json(members({{"", "\"ok\""}}), R"("ok")"));
}

TEST(http_success, large_numbers_are_not_rounded_together) {
  EXPECT_TRUE(unmet_json(members({{"/n", "9007199254740993"}}), R"({"n":9007199254740992.0})"));
  EXPECT_TRUE(unmet_json(members({{"/n", "18446744073709551615"}}), R"({"n":-1})"));
  EXPECT_FALSE(unmet_json(members({{"/n", "18446744073709551615"}}), R"({"n":18446744073709551615})"));
}

TEST(http_success, the_reason_names_pointer_and_what_was_found) {
  EXPECT_EQ(unmet_json(members({{"/success", "true"}}), R"({"success":"yes"})"),
            "/success of the answer is \"yes\", success needs true");
  EXPECT_EQ(unmet_json(members({{"/success", "true"}}), R"({"ok":true})"),
            "the answer has no /success, success needs true there");
  EXPECT_EQ(unmet_json(members({{"/a", "1"}}), R"({"a":[1,2]})"), "/a of the answer is an array of 2, success needs 1");
  EXPECT_EQ(unmet_json(members({{"/a", "1"}}), "<html>"), "the answer is not JSON, success needs 1 at /a");
  EXPECT_THAT(*unmet_json(members({{"/a", "1"}, {"/b", "2"}}), R"({"a":1,"b":3})"), HasSubstr("/b"));
}

TEST(http_success, hostile_answers_are_only_unmet) {
  const std::string deep = std::string(500'000, '[') + std::string(500'000, ']');
  EXPECT_TRUE(unmet_json(members({{"/a", "1"}}), deep));
  EXPECT_TRUE(unmet_json(members({{"", "1"}}), deep));
  EXPECT_TRUE(unmet_json(members({{"", "[[1]]"}}), deep));
  EXPECT_TRUE(unmet_json(members({{"/a", "1"}}), std::string_view{"\0\xff{\"a\":1}", 9}));
  EXPECT_TRUE(unmet_json(members({{"/a", "1"}}), R"({"a":1e999})"));
  EXPECT_TRUE(unmet_json(members({{"/a", "1"}}), ""));
  EXPECT_TRUE(unmet_json(members({{"/0", "1"}}), R"({"a":1})"));
  EXPECT_TRUE(unmet_json(members({{"/a/x", "1"}}), R"({"a":[1]})"));
}

} // namespace
} // namespace wheelwork
