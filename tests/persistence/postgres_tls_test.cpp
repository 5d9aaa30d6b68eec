// Postgres only: TLS by parameters of the URL, against a server that takes nothing else over its port.
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class postgres_tls_test : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    if (postgres_server::missing().empty()) server_ = new postgres_server{{.tls = true}};
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    if (!postgres_server::missing().empty()) GTEST_SKIP() << postgres_server::missing();
    stranger_ = (folder_.path / "stranger.crt").string();
    server_process{{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", "stranger.key", "-out", "stranger.crt", "-days", "2", "-subj", "/CN=nobody"},
                   writable_folder()}
        .wait();
  }
  std::filesystem::path writable_folder() {
    give_to_server_account(folder_.path);
    return folder_.path;
  }
  journal_options with(const std::string& parameters) {
    journal_options made;
    made.url = server_->port_url(parameters);
    made.node_name = "node-a";
    made.clock = &clock_;
    return made;
  }
  std::string refusal(const std::string& parameters) {
    const auto opened = migration_status_of(with(parameters));
    EXPECT_FALSE(opened) << "it was opened";
    return opened ? std::string{} : opened.error();
  }
  std::string own() const { return server_->certificate().string(); }

  static inline postgres_server* server_ = nullptr;
  manual_clock clock_;
  temporary_folder folder_;
  std::string stranger_;
};

TEST_F(postgres_tls_test, sslmode_require_encrypts_and_the_journal_works) {
  const auto opened = open_journal(with("sslmode=require"));
  ASSERT_TRUE(opened) << opened.error();
  const auto writer = (*opened)->open_writer();
  ASSERT_TRUE(writer->commit({inserting({pushed(1, at(0))})}));
  EXPECT_EQ(server_->value("select bool_and(ssl) from pg_stat_ssl s join pg_stat_activity a using (pid) where "
                           "a.application_name = 'wheelwork' and a.client_addr is not null"),
            "t");
}

TEST_F(postgres_tls_test, verify_full_takes_the_certificate_that_the_url_names) {
  EXPECT_TRUE(migration_status_of(with("sslmode=verify-full&sslrootcert=" + own())));
}

TEST_F(postgres_tls_test, verify_full_refuses_a_server_that_another_authority_vouches_for) {
  EXPECT_THAT(refusal("sslmode=verify-full&sslrootcert=" + stranger_),
              AllOf(HasSubstr("certificate"), HasSubstr("sslrootcert"), HasSubstr("signed")));
}

TEST_F(postgres_tls_test, verify_full_without_a_file_of_authorities_says_which_is_missing) {
  EXPECT_THAT(refusal("sslmode=verify-full&sslrootcert=/nowhere/ca.crt"),
              AllOf(HasSubstr("/nowhere/ca.crt"), HasSubstr("sslrootcert in database.url must name")));
}

TEST_F(postgres_tls_test, verify_full_refuses_a_host_that_the_certificate_does_not_name) {
  // 127.0.0.1 is where it goes; the name is what is checked.
  auto wrong = with("hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=" + own());
  const size_t host = wrong.url.find("127.0.0.1");
  wrong.url.replace(host, 9, "other.example");
  const auto opened = migration_status_of(wrong);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), AllOf(HasSubstr("other.example"), HasSubstr("another host")));
}

TEST_F(postgres_tls_test, a_server_that_wants_tls_says_so_to_who_comes_without) {
  EXPECT_THAT(refusal("sslmode=disable"), HasSubstr("sslmode=require"));
}

TEST_F(postgres_tls_test, a_server_without_tls_is_told_from_one_with) {
  const postgres_server plain{{.port = true}};
  auto how = with({});
  how.url = plain.port_url("sslmode=require");
  const auto opened = migration_status_of(how);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), AllOf(HasSubstr("has no TLS"), HasSubstr("ssl = on")));
}

} // namespace
} // namespace wheelwork::testing_journal
