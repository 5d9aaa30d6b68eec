#include "tests/support/server_process.hpp"
#include "tests/targets/http_fixture.hpp"
#include "tests/targets/openssl_server.hpp"
#include "tests/targets/scripted_resolver.hpp"

#include <csignal>
#include <fstream>

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

/// nginx, with a log that tells the protocol of each request.
class nginx_with_http2 {
public:
  nginx_with_http2(const std::string& certificate, const std::string& key)
      : folder_{new_server_folder({})}, port_{free_port()} {
    std::ofstream{folder_ / "nginx.conf"}
        << "daemon off; master_process off; pid " << (folder_ / "pid").string()
        << "; error_log stderr notice;\nevents { }\nhttp { log_format seen '$server_protocol'; access_log "
        << log().string() << " seen; client_body_temp_path " << folder_.string()
        << "; server { listen 127.0.0.1:" << port_ << " ssl http2; ssl_certificate " << certificate
        << "; ssl_certificate_key " << key << "; location / { return 200; } } }\n";
    process_ = server_process({"nginx", "-c", (folder_ / "nginx.conf").string()}, folder_,
                              {.ended_by = SIGTERM, .own_account = true});
    process_.wait_until_it_says("event method");
  }
  ~nginx_with_http2() {
    process_.end(SIGKILL);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string url() const { return "https://127.0.0.1:" + port_ + "/"; }
  std::filesystem::path log() const { return folder_ / "access.log"; }

private:
  std::filesystem::path folder_;
  std::string port_;
  server_process process_;
};

// It answers before it has read the bodies, which over HTTP/2 libcurl 7.88 takes for an error, or hangs on.
TEST_F(http_tls, a_server_that_offers_http_2_is_spoken_to_in_http_1_1_and_none_of_its_early_answers_is_lost) {
  nginx_with_http2 nginx{server_->certificate_file(), server_->key_file()};
  settings_.ca_file = server_->certificate_file();
  EXPECT_EQ(result_of(get(nginx.url())).outcome, attempt_outcome::succeeded);
  std::vector<attempt_order> orders;
  for (uint64_t id = 10; id < 60; ++id)
    orders.push_back(make_order(post(nginx.url()), payload::json("{}"), milliseconds{20'000}, id));
  runner().run(std::move(orders));
  for (const auto& result : results_.wait(51)) EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  runner_->stop();
  std::ifstream log{nginx.log()};
  std::vector<std::string> protocols;
  for (std::string protocol; log >> protocol;) protocols.push_back(protocol);
  EXPECT_THAT(protocols, AllOf(::testing::SizeIs(51), ::testing::Each("HTTP/1.1")));
}

} // namespace
} // namespace wheelwork::target_test
