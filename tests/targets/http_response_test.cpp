#include "targets/http_response.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

nlohmann::json response(std::string body, size_t kept = 8) {
  const auto bytes = body.size();
  return nlohmann::json::parse(http_response_json(200, std::move(body), bytes, kept, milliseconds{12}));
}

TEST(http_response, text_as_it_is) {
  EXPECT_EQ(response("ok"), (nlohmann::json{{"status", 200}, {"body", "ok"}, {"duration_ms", 12}}));
  EXPECT_EQ(response(std::string{"a\0b", 3}).at("body"), (std::string{"a\0b", 3}));
}

TEST(http_response, other_bytes_as_base64) {
  EXPECT_EQ(response("\xff\xfe").at("body_base64"), "//4=");
  EXPECT_FALSE(response("\xff\xfe").contains("body"));
}

TEST(http_response, a_long_one_is_cut_between_characters) {
  EXPECT_EQ(response("12345678").contains("truncated"), false);
  EXPECT_EQ(response("123456789").at("body"), "12345678");
  EXPECT_EQ(response("123456789").at("truncated"), true);
  EXPECT_EQ(response("1234567\xc3\xa9").at("body"), "1234567");
  EXPECT_EQ(response("123456\xe2\x82\xac").at("body"), "123456");
  EXPECT_EQ(response("12345\xe2\x82\xac...").at("body"), "12345\xe2\x82\xac");
  EXPECT_EQ(response("12345\xf0\x9f\x98\x80").at("body"), "12345");
  EXPECT_EQ(response("\xff"
                     "2345678 9")
                .at("body_base64"),
            "/zIzNDU2Nzg=");
}

TEST(http_response, secrets_are_hidden) {
  std::string text = "a token token2 tokentoken";
  hide(text, {"token", "2", ""});
  EXPECT_EQ(text, "a *** ***2 ******");
}

TEST(http_response, retry_after_in_seconds_or_as_a_date) {
  const wall_time now{milliseconds{1'700'000'000'000}}; // 2023-11-14T22:13:20Z
  EXPECT_EQ(parse_retry_after("120", now), milliseconds{120'000});
  EXPECT_EQ(parse_retry_after("0", now), milliseconds{0});
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:14:20 GMT", now), milliseconds{60'000});
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:00:00 GMT", now), milliseconds{0});
  EXPECT_EQ(parse_retry_after("99999999999999999999999", now), milliseconds{std::chrono::days{36'500}});
  for (const char* text : {"", "soon", "-5", "1.5"}) EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
}

} // namespace
} // namespace wheelwork
