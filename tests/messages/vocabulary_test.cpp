#include "messages/job.hpp"

#include <gtest/gtest.h>

#include <set>

namespace wheelwork {
namespace {

TEST(ids, hold_milliseconds_shard_and_sequence) {
  auto id = job_id{make_id(1'800'000'000'000, shard_id{63}, 1023)};
  EXPECT_EQ(milliseconds_of(id), 1'800'000'000'000u);
  EXPECT_EQ(shard_of(id), shard_id{63});
  EXPECT_EQ(value_of(id) & id_sequence_max, 1023u);
  EXPECT_EQ(parse_job_id(to_string(id)), id);
}

TEST(ids, are_decimal_digits_only) {
  EXPECT_EQ(parse_job_id("9223372036854775807"), job_id{9223372036854775807u});
  for (auto wrong : {"", "0", "-1", "+1", " 1", "1 ", "1x", "0x1", "9223372036854775808", "99999999999999999999999"})
    EXPECT_EQ(parse_job_id(wrong), std::nullopt) << wrong;
}

TEST(ids, a_task_stays_in_its_shard_in_every_release) {
  // Rows of existing databases depend on these.
  EXPECT_EQ(value_of(shard_of_task("nightly-report", 64)), 43);
  EXPECT_EQ(value_of(shard_of_task("", 64)), 0);
  std::set<uint16_t> used;
  for (int i = 0; i < 2000; ++i) used.insert(value_of(shard_of_task("task" + std::to_string(i), 64)));
  EXPECT_EQ(used.size(), 64u);
  EXPECT_LT(*used.rbegin(), 64);
}

TEST(trace_ids, are_the_same_for_a_job_and_differ_for_others) {
  std::array<uint8_t, 16> secret{1, 2, 3}, other{4};
  auto trace = trace_id_of(job_id{7}, secret);
  EXPECT_EQ(trace.size(), 32u);
  EXPECT_EQ(trace.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(trace, trace_id_of(job_id{7}, secret));
  EXPECT_NE(trace, trace_id_of(job_id{8}, secret));
  EXPECT_NE(trace, trace_id_of(job_id{7}, other));
  EXPECT_NE(trace, idempotency_key_of(job_id{7}, secret));
}

TEST(trace_ids, traceparent_changes_its_span_with_the_attempt) {
  std::array<uint8_t, 16> secret{1};
  auto first = traceparent_of(job_id{7}, 1, secret), second = traceparent_of(job_id{7}, 2, secret);
  EXPECT_EQ(first.size(), 55u);
  EXPECT_EQ(first.substr(0, 36), "00-" + trace_id_of(job_id{7}, secret) + "-");
  EXPECT_EQ(first.substr(52), "-01");
  EXPECT_NE(first, second);
  EXPECT_EQ(first.substr(0, 36), second.substr(0, 36));
}

TEST(payloads, keep_bytes_and_type_and_share_them) {
  auto json = payload::json(R"({"a":1})");
  auto copy = json;
  EXPECT_EQ(copy.data().data(), json.data().data());
  EXPECT_TRUE(json.is_json());
  EXPECT_EQ(json.content_type(), "application/json");
  auto bytes = payload::bytes(std::string_view{"\0\xff", 2}, "image/png");
  EXPECT_FALSE(bytes.is_json());
  EXPECT_EQ(bytes.data(), (std::string_view{"\0\xff", 2}));
  EXPECT_EQ(bytes.content_type(), "image/png");
  EXPECT_FALSE(payload::bytes("", "a/b").empty());
  EXPECT_FALSE(payload::bytes("x", "").is_json()) << "bytes without a type are no JSON";
  copy = std::move(bytes);
  EXPECT_EQ(copy.content_type(), "image/png");
  EXPECT_TRUE(payload{}.empty());
  EXPECT_EQ(payload{}.data(), "");
}

TEST(jobs, stay_small) { EXPECT_LE(sizeof(job), 72u) << "a million of them wait in RAM"; }

} // namespace
} // namespace wheelwork
