// MySQL and MariaDB only: connections over TCP, with TLS as the URL asks for it.
#include "tests/persistence/journal_fixture.hpp"
#include "tests/support/mariadb_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::HasSubstr;

class mariadb_tls_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!mariadb_server::missing().empty()) GTEST_SKIP() << mariadb_server::missing();
  }
  /// Empty: it was opened.
  std::string refusal(const std::string& url) {
    journal_options made;
    made.url = url;
    made.table_prefix = prefix_of(folder_);
    made.node_name = "node-a";
    made.clock = &clock_;
    const auto opened = open_journal(made);
    return opened ? std::string{} : opened.error();
  }

  manual_clock clock_;
  temporary_folder folder_;
};

TEST_F(mariadb_tls_test, is_used_and_checked_as_the_url_says) {
  mariadb_server server{{.tls = true}};
  EXPECT_EQ(refusal(server.port_url()), "");
  EXPECT_EQ(refusal(server.port_url("ssl-mode=required")), "");
  EXPECT_EQ(refusal(server.port_url("ssl-ca=" + server.certificate().string())), "");
  EXPECT_THAT(refusal(server.port_url("ssl-mode=verify-identity")), HasSubstr("look at ssl-mode and ssl-ca"))
      << "nobody vouches for its certificate";
  server.execute("alter user root@'127.0.0.1' require ssl");
  EXPECT_EQ(refusal(server.port_url("sslmode=required")), "");
  EXPECT_THAT(refusal(server.port_url()), HasSubstr("127.0.0.1"));
}

TEST_F(mariadb_tls_test, that_the_server_lacks_is_refused) {
  mariadb_server server{{.settings = {"--skip-ssl"}, .port = true}};
  EXPECT_EQ(refusal(server.port_url()), "");
  EXPECT_THAT(refusal(server.port_url("ssl-mode=required")), HasSubstr("look at ssl-mode and ssl-ca"));
}

} // namespace
} // namespace wheelwork::testing_journal
