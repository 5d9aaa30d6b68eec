#include "tests/messages/json_helpers.hpp"

#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

json_fault only_fault(std::string_view text) {
  auto read = parse_json_body(text);
  if (read || read.error().size() != 1) throw std::runtime_error("expected one fault");
  return read.error().front();
}

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(json_text, what_is_no_json_is_told_apart) {
  for (auto text : {"", "{", "{\"a\":}", "{\"a\":tru}", "{} {}", "{'a':1}", "[1,]", "NaN", "{\"a\":Infinity}",
                    "{\"a\":01}", "\"\\ud800\"", "\"\t\""})
    EXPECT_TRUE(only_fault(text).not_json) << text;
  EXPECT_THAT(only_fault("{\"a\":\n tru}").message, HasSubstr("line 2"));
}

TEST(json_text, invalid_utf8_is_refused_with_its_place) {
  for (std::string wrong : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc3"}) {
    auto fault = only_fault("{\"a\":\"" + wrong + "\"}");
    EXPECT_TRUE(fault.not_json);
    EXPECT_THAT(fault.message, HasSubstr("UTF-8"));
    EXPECT_THAT(fault.message, HasSubstr("byte 6"));
  }
}

TEST(json_text, messages_about_broken_text_are_valid_utf8) {
  auto message = only_fault("{\"a\":\xc3\xa9}").message;
  for (char letter : message) EXPECT_FALSE(letter & 0x80) << message;
}

TEST(json_text, nesting_ends_at_1024_levels_without_using_the_stack) {
  EXPECT_TRUE(parse_json_body(nested(1024)));
  EXPECT_THAT(only_fault(nested(1025)).message, HasSubstr("1024"));
  EXPECT_THAT(only_fault(std::string(1'000'000, '[')).message, HasSubstr("1024"));
  EXPECT_THAT(job_faults(job_with("\"payload\":" + nested(100'000))), ElementsAre(""));
  auto job = job_from_text(job_with("\"payload\":" + nested(1023)), test_context);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->made.body.data(), nested(1023));
}

TEST(json_text, numbers_that_no_program_reads_are_refused) {
  auto fault = only_fault(R"({"payload":1e999})");
  EXPECT_FALSE(fault.not_json);
  EXPECT_THAT(fault.message, HasSubstr("largest number"));
}

TEST(json_text, repeated_members_are_refused_but_in_payloads) {
  EXPECT_EQ(only_fault(R"({"a":1,"b":{"c":1,"\u0063":2}})").pointer, "/b/c");
  EXPECT_EQ(only_fault(R"({"payload":1,"payload":2})").pointer, "/payload");
  EXPECT_EQ(only_fault(R"({"payload":{"a":1},"b":{"c":1,"c":2}})").pointer, "/b/c");
  auto kept = parse_json_body(R"({"payload":{"a":1,"a":2}})");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->payload_text, R"({"a":1,"a":2})");
}

TEST(json_text, very_many_members_end_in_a_clear_fault) {
  std::string text = "{" + noop_target;
  for (int i = 0; i < 200'000; ++i) text += ",\"k" + std::to_string(i) + "\":0";
  auto read = job_from_text(text + "}", test_context);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().size(), 101u);
  EXPECT_EQ(read.error().back().message, "and 199900 more faults");
}

TEST(json_text, a_byte_order_mark_is_passed_over) {
  auto read = job_from_text("\xef\xbb\xbf" + job_with(R"("payload":7)"), test_context);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->made.body.data(), "7");
}

} // namespace
} // namespace wheelwork
