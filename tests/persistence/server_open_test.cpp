// Journals on a server: who may open a database, and which one it refuses.
#include "tests/persistence/server_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <latch>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class open_test : public server_test {
protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    server_ = GetParam().shared();
  }
  std::string refusal(const journal_options& wanted) {
    const auto opened = open_journal(wanted);
    EXPECT_FALSE(opened) << "it was opened";
    return opened ? std::string{} : opened.error();
  }
};
INSTANTIATE_TEST_SUITE_P(journal, open_test, ::testing::ValuesIn(server_kinds()), ::testing::PrintToStringParamName());

TEST_P(open_test, a_second_node_is_refused_with_the_name_of_the_first_until_that_ends) {
  auto first = open_journal(options("node-a"));
  ASSERT_TRUE(first) << first.error();
  EXPECT_THAT(refusal(options("node-b")), AllOf(HasSubstr("node-a"), HasSubstr("stop that node first")));
  EXPECT_TRUE((*first)->open_writer()->commit({inserting({pushed(1, at(0))})})) << "it was not disturbed";
  EXPECT_TRUE(migrate(options("node-b"))) << "an upgrade that has nothing to do is allowed";
  first->reset();
  EXPECT_TRUE(open_journal(options("node-b"))) << "the lease was given up";
}

TEST_P(open_test, a_second_node_that_waits_takes_over_when_the_lease_has_ended) {
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

TEST_P(open_test, a_session_that_still_holds_the_writer_row_after_the_lease_is_ended) {
  auto first = open_journal(options("node-a"));
  ASSERT_TRUE(first) << first.error();
  const auto stopped = server_->session(); // as node-a, stopped in the middle of a commit
  stopped->execute(named(GetParam().be_writer));
  EXPECT_THAT(refusal(options("node-b")), HasSubstr("node-a")) << "the lease still holds";
  execute("update ww_node set lease_ends = 0");
  const auto second = open_journal(options("node-b"));
  ASSERT_TRUE(second) << second.error();
  EXPECT_THROW(stopped->execute("commit"), std::exception) << "the stale commit must not be applied";
  const auto writer = (*second)->open_writer();
  const auto receipts = writer->commit({inserting({pushed(1, at(0))})});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, 1u);
}

TEST_P(open_test, migrations_begin_from_nothing_and_change_nothing_twice) {
  auto status = migration_status_of(options());
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(status->version, 0u);
  EXPECT_EQ(status->pending.size(), status->newest);
  EXPECT_EQ(value(named("select count(*) from information_schema.tables where table_name like '") + prefix_of(folder_) +
                  "%'"),
            "0")
      << "a look makes nothing";
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

TEST_P(open_test, the_number_of_shards_is_fixed) {
  ASSERT_TRUE(open_journal(options()));
  journal_options other = options();
  other.shards = 32;
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("64 shards"), HasSubstr("cluster.shards = 64")));
}

/// A node in a process of its own that stops (SIGSTOP) in the middle of a commit, before COMMIT is sent.
pid_t start_node_that_stops(const server_kind& kind, const journal_options& how) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  auto opened = kind.open(how, [](commit_step step) {
    if (step == commit_step::before_commit) ::kill(::getpid(), SIGSTOP);
    return pretended::nothing;
  });
  if (!opened) ::_exit(2);
  const auto receipts = (*opened)->open_writer()->commit({inserting({pushed(1, at(0))})});
  // 0: refused as it must be. The journal is left as it is, as by kill -9.
  ::_exit(!receipts && receipts.error().code == journal_errc::fenced ? 0 : 3);
}

TEST_P(open_test, a_node_that_stops_in_a_commit_is_taken_over_and_writes_nothing_when_it_goes_on) {
  const pid_t node = start_node_that_stops(GetParam(), options("node-a"));
  int status = 0;
  ASSERT_EQ(::waitpid(node, &status, WUNTRACED), node);
  ASSERT_TRUE(WIFSTOPPED(status)) << WEXITSTATUS(status);
  journal_options second = options("node-b");
  second.wait_for_lease = [&](const held_lease& held) {
    EXPECT_EQ(held.node, "node-a") << "its lock must not hide its lease";
    execute("update ww_node set lease_ends = 0"); // as if the time had passed
    return true;
  };
  const auto opened = open_journal(second);
  EXPECT_TRUE(opened) << opened.error();
  ::kill(node, SIGCONT);
  ASSERT_EQ(::waitpid(node, &status, 0), node);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->open_reader()->count_live()->live, 0u);
  EXPECT_TRUE((*opened)->open_writer()->commit({inserting({pushed(1, at(0))})}));
}

TEST_P(open_test, two_nodes_that_start_at_once_on_an_empty_database_make_it_once_and_one_gets_it) {
  constexpr size_t nodes = 4;
  std::latch together{nodes};
  std::vector<std::string> errors(nodes);
  std::vector<std::unique_ptr<journal>> opened(nodes);
  std::vector<std::thread> threads;
  for (size_t number = 0; number < nodes; ++number)
    threads.emplace_back([&, number] {
      const journal_options how = options("node-" + std::to_string(number));
      together.arrive_and_wait();
      auto answer = open_journal(how);
      if (answer)
        opened[number] = std::move(*answer);
      else
        errors[number] = answer.error();
    });
  for (std::thread& thread : threads) thread.join();
  size_t owners = 0;
  for (size_t number = 0; number < nodes; ++number) {
    if (opened[number])
      ++owners;
    else
      EXPECT_THAT(errors[number], HasSubstr("it is in use by the node node-"));
  }
  EXPECT_EQ(owners, 1u);
  EXPECT_EQ(value("select count(*) from ww_migration"), std::to_string(migration_status_of(options())->newest));
  EXPECT_EQ(value("select count(*) from ww_shard"), "64");
}

} // namespace
} // namespace wheelwork::testing_journal
