// Postgres only: what open_journal refuses, in words that name the fix and never a password, and who may open it.
#include "persistence/postgres/url.hpp"
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>
#include <pqxx/pqxx>

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

TEST_F(postgres_open_test, a_second_node_is_refused_with_the_name_of_the_first_until_that_ends) {
  auto first = open_journal(options("node-a"));
  ASSERT_TRUE(first) << first.error();
  EXPECT_THAT(refusal(options("node-b")), AllOf(HasSubstr("node-a"), HasSubstr("stop that node first")));
  EXPECT_TRUE((*first)->open_writer()->commit({inserting({pushed(1, at(0))})})) << "it was not disturbed";
  EXPECT_TRUE(migrate(options("node-b"))) << "an upgrade that has nothing to do is allowed";
  first->reset();
  EXPECT_TRUE(open_journal(options("node-b"))) << "the lease was given up";
}

TEST_F(postgres_open_test, a_second_node_that_waits_takes_over_when_the_lease_has_ended) {
  auto first = open_journal(options("node-a"));
  ASSERT_TRUE(first) << first.error();
  const auto writer = (*first)->open_writer();
  ASSERT_TRUE(writer->renew_lease(at(60'000)));
  journal_options second = options("node-b");
  std::vector<held_lease> told;
  second.wait_for_lease = [&](const held_lease& held) {
    told.push_back(held);
    if (told.size() == 2) execute("update ww_node set lease_ends = 0"); // as if the time had passed
    return true;
  };
  const auto opened = open_journal(second);
  ASSERT_TRUE(opened) << opened.error();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].node, "node-a");
  EXPECT_GT(told[0].left, milliseconds{50'000});
  EXPECT_LE(told[0].left, milliseconds{60'000});
  EXPECT_EQ(writer->commit({inserting({pushed(1, at(0))})}).error().code, journal_errc::fenced);
  const auto recovery = (*opened)->open_reader()->recovery_of(shard_id{3});
  EXPECT_FALSE(recovery->released);
  EXPECT_EQ(recovery->owner_lease_until, at(60'000));
  second.wait_for_lease = [](const held_lease&) { return false; };
  EXPECT_THAT(refusal(second), HasSubstr("node-b"));
}

TEST_F(postgres_open_test, a_session_that_still_holds_the_writer_row_after_the_lease_is_ended) {
  auto first = open_journal(options("node-a"));
  ASSERT_TRUE(first) << first.error();
  pqxx::connection stopped{postgres_server::of_process().url()}; // as node-a, stopped in the middle of a commit
  pqxx::quiet_errorhandler quiet{stopped};
  pqxx::work commit{stopped};
  commit.exec("update " + prefix_of(folder_) + "writer set batch = batch + 1");
  EXPECT_THAT(refusal(options("node-b")), HasSubstr("node-a")) << "the lease still holds";
  execute("update ww_node set lease_ends = 0");
  const auto second = open_journal(options("node-b"));
  ASSERT_TRUE(second) << second.error();
  EXPECT_THROW(commit.commit(), pqxx::failure) << "the stale commit must not be applied";
  const auto writer = (*second)->open_writer();
  const auto receipts = writer->commit({inserting({pushed(1, at(0))})});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, 1u);
}

TEST_F(postgres_open_test, migrations_begin_from_nothing_and_change_nothing_twice) {
  auto status = migration_status_of(options());
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(status->version, 0u);
  EXPECT_EQ(status->pending.size(), status->newest);
  EXPECT_EQ(value("select count(*) from pg_class where relname like 'ww\\_%'"), "0") << "a look makes nothing";
  journal_options careful = options();
  careful.migrate = false;
  EXPECT_THAT(refusal(careful), HasSubstr("wheelwork migrate"));
  status = migrate(options());
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(status->version, status->newest);
  ASSERT_TRUE(migrate(options()));
  EXPECT_TRUE(open_journal(careful));
  EXPECT_EQ(value("select count(*) from ww_migration"), std::to_string(status->newest));
  execute("insert into ww_migration (version, name) values (999, 'from the future')");
  EXPECT_THAT(refusal(options()), AllOf(HasSubstr("999"), HasSubstr("newer wheelwork")));
}

TEST_F(postgres_open_test, the_number_of_shards_is_fixed) {
  ASSERT_TRUE(open_journal(options()));
  journal_options other = options();
  other.shards = 32;
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("64 shards"), HasSubstr("cluster.shards = 64")));
}

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
