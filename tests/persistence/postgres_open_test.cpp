// Postgres only: what open_journal refuses, in words that name the fix and never a password, and who may open it.
#include "persistence/postgres/url.hpp"
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class postgres_open_test : public postgres_test {
protected:
  void SetUp() override {
    if (!postgres_server::missing().empty()) GTEST_SKIP() << postgres_server::missing();
  }
  std::string refusal(const journal_options& wanted) {
    const auto opened = open_journal(wanted);
    EXPECT_FALSE(opened) << "it was opened";
    return opened ? std::string{} : opened.error();
  }
  journal_options at_url(const std::string& url) {
    journal_options made = options();
    made.url = url;
    return made;
  }
};

TEST_F(postgres_open_test, a_wrong_password_is_told_and_not_shown) {
  postgres_server& server = postgres_server::of_process();
  server.execute("drop role if exists guest; create role guest login password 'right'");
  EXPECT_THAT(refusal(at_url(server.url_of("guest", "wrong-secret", "postgres"))),
              AllOf(HasSubstr("password is wrong"), HasSubstr("guest"), Not(HasSubstr("wrong-secret"))));
  EXPECT_THAT(refusal(at_url(server.url_of("guest", "", "postgres"))), HasSubstr("wants a password"));
  EXPECT_THAT(refusal(at_url(server.url_of("guest", "right", "postgres"))),
              AllOf(HasSubstr("lacks a right"), HasSubstr("grant"), Not(HasSubstr("right@"))));
}

TEST_F(postgres_open_test, a_missing_database_is_told) {
  EXPECT_THAT(refusal(at_url(postgres_server::of_process().url("nowhere"))),
              AllOf(HasSubstr("nowhere"), HasSubstr("createdb")));
}

TEST_F(postgres_open_test, a_database_that_can_not_hold_every_text_is_refused) {
  postgres_server& server = postgres_server::of_process();
  server.execute("drop database if exists latin");
  server.execute("create database latin encoding 'LATIN1' template template0");
  EXPECT_THAT(refusal(at_url(server.url("latin"))), AllOf(HasSubstr("LATIN1"), HasSubstr("encoding 'UTF8'")));
}

TEST_F(postgres_open_test, a_server_that_is_away_is_told) {
  EXPECT_THAT(refusal(at_url("postgres://me:secret@/db?host=" + folder_.path.string())),
              AllOf(HasSubstr("no server listens there"), Not(HasSubstr("secret"))));
  EXPECT_THAT(refusal(at_url("postgres://me:secret@nowhere.invalid/db")),
              AllOf(HasSubstr("nowhere.invalid"), HasSubstr("host"), Not(HasSubstr("secret"))));
}

TEST(postgres_url, keeps_the_password_to_itself) {
  const auto target = postgres::read_url("postgresql://me:p%40ss@db.example:6432/jobs?sslmode=require");
  ASSERT_TRUE(target) << target.error();
  EXPECT_EQ(target->shown, "postgres://me@db.example:6432/jobs");
  EXPECT_THAT(target->parameters,
              AllOf(HasSubstr("password='p@ss'"), HasSubstr("sslmode='require'"), HasSubstr("connect_timeout='5'")));
  EXPECT_THAT(postgres::read_url("postgres://me:secret@host/db?nonsense=1").error(),
              AllOf(HasSubstr("can't be read"), Not(HasSubstr("secret"))));
  EXPECT_THAT(postgres::read_url("postgres://me:secret@host").error(),
              AllOf(HasSubstr("names no database"), Not(HasSubstr("secret"))));
  EXPECT_THAT(postgres::read_url("postgres://me@host/db?connect_timeout=2")->parameters,
              HasSubstr("connect_timeout='2'"));
}

} // namespace
} // namespace wheelwork::testing_journal
