// MySQL and MariaDB only: what open_journal refuses, in words that name the fix and never a password.
#include "persistence/mysql/url.hpp"
#include "tests/persistence/journal_fixture.hpp"
#include "tests/support/mariadb_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class mariadb_open_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!mariadb_server::missing().empty()) GTEST_SKIP() << mariadb_server::missing();
  }
  journal_options at_url(const std::string& url) {
    journal_options made;
    made.url = url;
    made.table_prefix = prefix_of(folder_);
    made.node_name = "node-a";
    made.clock = &clock_;
    return made;
  }
  std::string refusal(const std::string& url) {
    const auto opened = open_journal(at_url(url));
    EXPECT_FALSE(opened) << "it was opened";
    return opened ? std::string{} : opened.error();
  }

  manual_clock clock_;
  temporary_folder folder_;
};

TEST_F(mariadb_open_test, a_wrong_password_is_told_and_not_shown) {
  mariadb_server& server = mariadb_server::of_process();
  server.execute("create or replace user guest@localhost identified by 'right'");
  EXPECT_THAT(refusal(server.url_of("guest", "wrong-secret", "wheelwork")),
              AllOf(HasSubstr("password is wrong"), HasSubstr("guest"), Not(HasSubstr("wrong-secret"))));
  EXPECT_THAT(refusal(server.url_of("guest", "", "wheelwork")), HasSubstr("password is wrong"));
  EXPECT_THAT(refusal(server.url_of("guest", "right", "wheelwork")),
              AllOf(HasSubstr("lacks a right"), HasSubstr("grant"), Not(HasSubstr("right@"))));
}

TEST_F(mariadb_open_test, rights_on_its_own_database_are_enough) {
  mariadb_server& server = mariadb_server::of_process();
  server.execute("create or replace user worker@localhost identified by 'p@ss/word'; "
                 "create or replace database of_worker; grant all on of_worker.* to worker@localhost");
  const auto opened = open_journal(at_url(server.url_of("worker", "p%40ss%2Fword", "of_worker")));
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_TRUE((*opened)->open_writer()->commit({inserting({pushed(1, at(0))})}));
  EXPECT_EQ((*opened)->open_reader()->count_live()->live, 1u);
}

TEST_F(mariadb_open_test, a_stopped_nodes_session_is_ended_without_further_rights) {
  mariadb_server& server = mariadb_server::of_process();
  server.execute("create or replace user worker@localhost; create or replace database of_worker; "
                 "grant all on of_worker.* to worker@localhost");
  const std::string url = server.url_of("worker", "", "of_worker");
  auto first = open_journal(at_url(url));
  ASSERT_TRUE(first) << first.error();
  const auto writer = (*first)->open_writer();
  const std::string rows = "of_worker." + prefix_of(folder_);

  server.execute("update " + rows + "node set lease_ends = 0");
  const auto second = open_journal(at_url(url));
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(writer->commit({inserting({pushed(1, at(0))})}).error().code, journal_errc::fenced);
}

TEST_F(mariadb_open_test, a_missing_database_is_told) {
  EXPECT_THAT(refusal(mariadb_server::of_process().url("nowhere")),
              AllOf(HasSubstr("nowhere"), HasSubstr("create database")));
}

TEST_F(mariadb_open_test, a_server_that_is_read_only_is_told) {
  mariadb_server server{{.settings = {"--read-only"}}};
  EXPECT_THAT(refusal(server.url()), AllOf(HasSubstr("read-only"), HasSubstr("name the primary")));
}

TEST_F(mariadb_open_test, a_server_that_is_away_is_told) {
  EXPECT_THAT(refusal("mysql://me:secret@/db?socket=" + (folder_.path / "none").string()),
              AllOf(HasSubstr("no server listens there"), Not(HasSubstr("secret"))));
  EXPECT_THAT(refusal("mysql://me:secret@nowhere.invalid/db"),
              AllOf(HasSubstr("nowhere.invalid"), HasSubstr("host"), Not(HasSubstr("secret"))));
}

TEST(mariadb_url, keeps_the_password_to_itself) {
  const auto target = mysql::read_url("mysql://me:p%40ss@db.example:3307/jobs?ssl-mode=required");
  ASSERT_TRUE(target) << target.error();
  EXPECT_EQ(target->shown, "mysql://me@db.example:3307/jobs");
  EXPECT_EQ(target->password, "p@ss");
  EXPECT_EQ(target->host, "db.example");
  EXPECT_EQ(target->port, 3307);
  EXPECT_EQ(target->database, "jobs");
  EXPECT_EQ(target->tls, mysql::tls_mode::required);
  EXPECT_EQ(mysql::read_url("mariadb://h/db")->tls, mysql::tls_mode::off);
  EXPECT_EQ(mysql::read_url("mysql://h/db?ssl-ca=/etc/ca.pem")->tls, mysql::tls_mode::verify_identity);
  EXPECT_EQ(mysql::read_url("mysql://u@/db?socket=/run/a.sock")->socket, "/run/a.sock");
  EXPECT_THAT(mysql::read_url("mysql://me:secret@host/db?nonsense=1").error(),
              AllOf(HasSubstr("`nonsense` is not known"), Not(HasSubstr("secret"))));
  EXPECT_THAT(mysql::read_url("mysql://me:secret@host/db?ssl-mode=perhaps").error(),
              AllOf(HasSubstr("verify-identity"), Not(HasSubstr("secret"))));
  EXPECT_THAT(mysql::read_url("mysql://me:secret@host").error(),
              AllOf(HasSubstr("names no database"), Not(HasSubstr("secret"))));
  EXPECT_THAT(mysql::read_url("mysql://me:secret@/db").error(), HasSubstr("names no server"));
}

} // namespace
} // namespace wheelwork::testing_journal
