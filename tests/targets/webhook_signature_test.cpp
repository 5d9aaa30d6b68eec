#include "targets/webhook_signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork {
namespace {

// The example that the libraries of Standard Webhooks test themselves with.
TEST(webhook_signature, agrees_with_the_published_example) {
  const auto signer = webhook_signer::from_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  EXPECT_EQ(signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// HMAC-SHA256 of "a.1." with the key "Jefe", computed with `openssl dgst`.
TEST(webhook_signature, other_text_is_the_key_itself) {
  const auto signer = webhook_signer::from_secret("Jefe").value();
  EXPECT_EQ(signer.sign("a", 1, ""), "v1,ggeD7nOjm4I+99sE9MHuNY99w5ZTF7Ua8KX8B4AMB4M=");
}

TEST(webhook_signature, base64_that_is_none_is_refused_without_showing_it) {
  for (const char* secret : {"whsec_", "whsec_not base64!"}) {
    const auto signer = webhook_signer::from_secret(secret);
    ASSERT_FALSE(signer) << secret;
    EXPECT_THAT(signer.error(), ::testing::HasSubstr("http_target.signing_secret"));
    EXPECT_THAT(signer.error(), ::testing::Not(::testing::HasSubstr("not base64!")));
  }
}

} // namespace
} // namespace wheelwork
