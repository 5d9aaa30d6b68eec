#include "tests/targets/http_fixture.hpp"
#include "tests/targets/openssl_server.hpp"
#include "tests/targets/scripted_resolver.hpp"

namespace wheelwork::target_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class http_tls : public http_fixture {
protected:
  void SetUp() override {
    if (!openssl_server::is_installed()) GTEST_SKIP() << "needs the program openssl";
    server_ = std::make_unique<openssl_server>();
  }
  http_target get(std::string url) {
    auto how = post(std::move(url));
    how.method = "GET";
    return how;
  }
  std::unique_ptr<openssl_server> server_;
};

TEST_F(http_tls, a_certificate_that_nobody_vouches_for_is_refused_in_words) {
  const auto result = result_of(get(server_->url()));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr("TLS with 127.0.0.1:"), HasSubstr("certificate"), HasSubstr("self-signed")));
}

TEST_F(http_tls, a_trusted_certificate_is_called_under_its_own_name_only) {
  settings_.ca_file = server_->certificate_file();
  const auto result = result_of(get(server_->url()));
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  const scripted_name other{"other.test", {"127.0.0.1"}};
  const auto mismatch = result_of(get(server_->url("other.test")));
  EXPECT_EQ(mismatch.outcome, attempt_outcome::failed);
  EXPECT_THAT(mismatch.error, AllOf(HasSubstr("TLS with"), HasSubstr("other.test")));
}

} // namespace
} // namespace wheelwork::target_test
