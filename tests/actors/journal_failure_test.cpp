// A journal that can't be written for a while, and the grouping of commits.
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

using journal_failure_test = node_in_a_box;

TEST_F(journal_failure_test, what_waits_together_is_committed_together) {
  start();
  hold(actors_.persistence.front());
  std::vector<answer_of<std::vector<pushed_job>>> answers;
  for (int each = 0; each < 10; ++each) answers.push_back(ask_push({job_body(R"("delay":"1h")")}));
  settle();
  auto before = faults->calls(journal_call::commit);
  let_go(actors_.persistence.front());
  settle();
  EXPECT_EQ(faults->calls(journal_call::commit), before + 1);
  for (auto& answer : answers) EXPECT_TRUE(accepted(answer));
}

TEST_F(journal_failure_test, a_group_ends_at_its_bound_and_a_larger_push_stays_whole) {
  with.group_rows = 4;
  start();
  hold(actors_.persistence.front());
  std::vector<answer_of<std::vector<pushed_job>>> answers;
  answers.push_back(ask_push(std::vector<std::string>(7, job_body(R"("delay":"1h")"))));
  for (int each = 0; each < 6; ++each) answers.push_back(ask_push({job_body(R"("delay":"1h")")}));
  settle();
  auto before = faults->calls(journal_call::commit);
  let_go(actors_.persistence.front());
  settle();
  EXPECT_EQ(faults->calls(journal_call::commit), before + 3);
  for (auto& answer : answers) EXPECT_TRUE(accepted(answer));
}

TEST_F(journal_failure_test, pushes_are_refused_and_outcomes_kept_until_it_recovers) {
  start();
  auto id = push();
  fail_commits();
  auto answer = ask_push({job_body()});
  runner->finish(id);
  settle();
  EXPECT_TRUE(refused(answer, service_errc::unavailable));
  EXPECT_NE(statistics->journal.failure(), "");
  advance(30s);
  EXPECT_EQ(broken(), "");
  heal();
  advance(3s);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  EXPECT_EQ(statistics->journal.failure(), "");
  push();
}

TEST_F(journal_failure_test, a_journal_that_only_lost_a_lease_takes_outcomes_again) {
  start();
  auto id = push();
  fail_commits(journal_fault::none, true);
  advance(1500ms); // the renewal at 1 s fails, and its retry finds nothing to write
  EXPECT_NE(statistics->journal.failure(), "");
  finish(id);
  heal();
  advance(5s);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  EXPECT_EQ(statistics->journal.failure(), "");
  push();
}

TEST_F(journal_failure_test, nothing_starts_after_the_lease_is_over) {
  start();
  auto before = push(R"("delay":"2s")"), after = push(R"("delay":"10s")");
  fail_commits(journal_fault::fail, true);
  advance(20s);
  EXPECT_EQ(runner->starts_of(before), 1u);
  EXPECT_EQ(runner->starts_of(after), 0u);
  heal();
  advance(3s);
  EXPECT_EQ(runner->starts_of(after), 1u);
}

TEST_F(journal_failure_test, nothing_starts_while_one_of_two_writers_can_not_renew_the_lease) {
  with.shards = 4;
  with.writers = 2;
  start();
  auto late = push(R"("delay":"10s")");
  faults->set_rule([](journal_call call, uint64_t number) {
    return call == journal_call::renew_lease && number % 2 == 1 ? journal_fault::fail : journal_fault::none;
  });
  advance(20s);
  EXPECT_EQ(runner->starts_of(late), 0u);
  EXPECT_NE(statistics->journal.failure(), "") << "the other writer must not hide it";
  heal();
  advance(3s);
  EXPECT_EQ(runner->starts_of(late), 1u);
  EXPECT_EQ(statistics->journal.failure(), "");
}

TEST_F(journal_failure_test, a_push_with_an_unknown_outcome_is_answered_when_that_is_settled) {
  for (auto fault : {journal_fault::lose_before, journal_fault::lose_after}) {
    start();
    fail_commits(fault);
    auto answer = ask_push({job_body()});
    settle();
    EXPECT_FALSE(*answer);
    heal();
    advance(3s);
    ASSERT_TRUE(accepted(answer));
    EXPECT_EQ(runner->starts_of((***answer)[0].id), 1u);
    EXPECT_EQ(jobs_in(job_state::pending).size() + jobs_in(job_state::running).size(), 1u);
    finish((***answer)[0].id);
    EXPECT_EQ(attempts((***answer)[0].id), "1:succeeded");
    crash();
  }
}

TEST_F(journal_failure_test, lost_answers_of_commits_break_no_task) {
  with.succeed = true;
  start();
  advance(1s);
  put("m", R"("schedule":{"every":"1s"},"overlap":"allow")");
  faults->set_rule([](journal_call call, uint64_t number) {
    if (call != journal_call::commit) return journal_fault::none;
    return std::array{journal_fault::none, journal_fault::lose_after, journal_fault::fail, journal_fault::lose_before,
                      journal_fault::lose_after}[number % 5];
  });
  advance(60s);
  heal();
  advance(10s);
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(runner->starts.size(), 70u);
  EXPECT_EQ(ledger("m").size(), 70u);
  EXPECT_TRUE(jobs_in(job_state::running).empty());
}

TEST_F(journal_failure_test, a_stop_with_a_journal_that_fails_is_not_clean) {
  start();
  auto id = push();
  fail_commits();
  finish(id);
  EXPECT_FALSE(stop_clean(1s));
  crash();
  heal();
  start();
  EXPECT_EQ(attempts(id), "1:lost");
}

TEST_F(journal_failure_test, room_for_history_is_made_ahead_also_where_all_of_it_is_kept) {
  start();
  advance(70s);
  EXPECT_EQ(faults->calls(journal_call::prepare_history), 2u); // 5 s after the start, then once a minute
  EXPECT_EQ(faults->calls(journal_call::drop_history), 0u);
  faults->set_rule([](journal_call call, uint64_t) {
    return call == journal_call::prepare_history ? journal_fault::fail : journal_fault::none;
  });
  advance(60s);
  EXPECT_EQ(broken(), "");
  auto id = push();
  finish(id);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  heal();
  advance(60s);
  EXPECT_EQ(faults->calls(journal_call::prepare_history), 4u) << "it goes on asking";
}

} // namespace
} // namespace wheelwork::testing
