// MySQL and MariaDB only: what the diagnosis finds.
#include "persistence/diagnosis.hpp"
#include "tests/persistence/server_fixture.hpp"
#include "tests/support/mariadb_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::HasSubstr;

class mariadb_diagnosis_test : public server_test {
protected:
  finding found(const std::string& check, const journal_options& where) {
    const auto all = diagnose(where);
    if (!all) {
      ADD_FAILURE() << all.error();
      return {};
    }
    for (const finding& one : *all)
      if (one.check == check) return one;
    ADD_FAILURE() << "nothing was said about " << check;
    return {};
  }
};
INSTANTIATE_TEST_SUITE_P(journal, mariadb_diagnosis_test, ::testing::Values(server_kinds().at(1)),
                         ::testing::PrintToStringParamName());

TEST_P(mariadb_diagnosis_test, a_server_that_may_lose_commits_is_an_error_and_every_check_can_be_made) {
  ASSERT_TRUE(writer_->prepare_history(clock_.now));
  EXPECT_EQ(found("innodb_flush_log_at_trx_commit", options()).level, severity::error) << "the tests' server has 2";
  EXPECT_EQ(found("innodb_doublewrite", options()).level, severity::error);
  const auto all = diagnose(options());
  ASSERT_TRUE(all);
  EXPECT_GE(all->size(), 13u);
  for (const finding& one : *all)
    EXPECT_THAT(one.found, ::testing::Not(HasSubstr("could not be looked at"))) << one.check;
  EXPECT_EQ(found("history partitions", options()).level, severity::ok);
  EXPECT_EQ(found("tables", options()).level, severity::ok);
}

TEST_P(mariadb_diagnosis_test, a_transaction_that_is_open_and_a_job_without_its_node_are_seen) {
  server_ = GetParam().own(); // transactions are shown as they were when somebody looked less than 0.1 s before
  start();
  ASSERT_TRUE(push(1));
  journal_change start;
  start.starts = {{job_id{1}, 1, at(0), target_kind::native}};
  ASSERT_TRUE(writer_->commit({start}));
  const auto other = server_->session();
  other->execute(named("start transaction; update ww_job set priority = 1"));
  EXPECT_THAT(found("oldest transaction", options()).found, HasSubstr("connection "));
  EXPECT_THAT(found("running jobs", options()).found, HasSubstr("1"));
  other->execute("rollback");
}

TEST_P(mariadb_diagnosis_test, a_user_without_process_gets_notes_in_place_of_what_it_may_not_see) {
  mariadb_server& server = mariadb_server::of_process();
  server.execute("create or replace user watcher@localhost; grant all on wheelwork.* to watcher@localhost");
  journal_options where = options();
  where.url = server.url_of("watcher", "", "wheelwork");
  const finding seen = found("oldest transaction", where);
  EXPECT_EQ(seen.level, severity::note);
  EXPECT_THAT(seen.advice, HasSubstr("grant process"));
  where.url = server.url("nowhere");
  EXPECT_THAT(diagnose(where).error(), HasSubstr("create database"));
}

} // namespace
} // namespace wheelwork::testing_journal
