// Cancelling and retrying by hand, wherever the job is.
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

using cancel_test = node_in_a_box;

TEST_F(cancel_test, an_armed_job_is_taken_out_of_its_slot) {
  start();
  auto id = push(R"("delay":"10s")");
  cancel(id);
  EXPECT_EQ(job_of(id).state, job_state::cancelled);
  advance(1min);
  EXPECT_EQ(runner->starts.size(), 0u);
  EXPECT_EQ(budget->jobs(), 0u);
}

TEST_F(cancel_test, a_job_that_waits_for_room_is_taken_out_of_the_queue) {
  with.at_once = 1;
  start();
  auto first = push(), second = push();
  cancel(second);
  finish(first);
  advance(1min);
  EXPECT_EQ(runner->starts_of(second), 0u);
  EXPECT_EQ(job_of(second).state, job_state::cancelled);
}

TEST_F(cancel_test, a_running_job_is_cancelled_at_once_and_its_result_is_late) {
  start();
  auto id = push();
  cancel(id);
  EXPECT_EQ(job_of(id).state, job_state::cancelled);
  EXPECT_EQ(runner->cancelled, (std::vector<std::pair<job_id, uint32_t>>{{id, 1}}));
  finish(id);
  EXPECT_EQ(job_of(id).state, job_state::cancelled);
  EXPECT_EQ(attempts(id), "1:late");
}

TEST_F(cancel_test, an_attempt_that_obeys_is_not_late) {
  start();
  runner->obeys = true;
  auto id = push();
  cancel(id);
  EXPECT_EQ(attempts(id), "1:cancelled");
}

TEST_F(cancel_test, two_cancels_of_a_running_job_count_once) {
  start();
  auto id = push();
  auto first = ask_cancel(id), second = ask_cancel(id);
  settle();
  EXPECT_TRUE(accepted(first));
  EXPECT_TRUE(refused(second, service_errc::conflict));
  EXPECT_EQ(statistics->cancelled, 1u);
}

TEST_F(cancel_test, a_final_job_can_not_be_cancelled) {
  start();
  auto id = push();
  finish(id);
  auto answer = ask_cancel(id);
  settle();
  EXPECT_TRUE(refused(answer, service_errc::conflict));
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
}

TEST_F(cancel_test, a_cancel_that_can_not_be_committed_leaves_the_job_armed) {
  start();
  auto id = push(R"("delay":"10s")");
  fail_commits();
  auto answer = ask_cancel(id);
  settle();
  EXPECT_TRUE(refused(answer, service_errc::unavailable));
  heal();
  advance(10s);
  EXPECT_EQ(runner->starts_of(id), 1u);
}

TEST_F(cancel_test, a_cancel_that_fails_while_a_load_passes_leaves_the_job_to_run) {
  start();
  auto id = push(R"("delay":"140s")"); // beyond the horizon
  hold(actors_.readers.front());
  advance(30s);
  hold(actors_.persistence.front());
  auto answer = ask_cancel(id);
  settle();
  let_go(actors_.readers.front());
  settle(); // the load drops the job, for it is in hand
  fail_commits();
  let_go(actors_.persistence.front());
  settle();
  EXPECT_TRUE(refused(answer, service_errc::unavailable));
  heal();
  advance(5min);
  EXPECT_EQ(starts_of(id), std::vector<milliseconds>{140s});
}

TEST_F(cancel_test, in_any_order_with_its_outcome_a_job_ends_once) {
  start();
  for (unsigned seed = 0; seed < 100; ++seed) {
    auto id = push();
    runner->finish(id);
    auto answer = ask_cancel(id);
    settle(seed);
    ASSERT_TRUE(*answer) << "seed " << seed;
    auto state = job_of(id).state;
    EXPECT_EQ(state, **answer ? job_state::cancelled : job_state::succeeded) << "seed " << seed;
    EXPECT_EQ(attempts(id), **answer ? "1:late" : "1:succeeded") << "seed " << seed;
  }
  EXPECT_EQ(statistics->succeeded + statistics->cancelled, 100u);
}

TEST_F(cancel_test, retried_while_its_cancelled_attempt_still_runs_it_goes_on_with_the_next_number) {
  start();
  auto id = push();
  cancel(id);
  retry(id);
  ASSERT_EQ(runner->starts_of(id), 2u);
  EXPECT_EQ(runner->starts[1].number, 2u);
  runner->finish(id, runner->result_of(id, attempt_outcome::succeeded, 1));
  settle();
  advance(1s);
  EXPECT_EQ(job_of(id).state, job_state::running) << "an old attempt changes nothing";
  finish(id);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  EXPECT_EQ(attempts(id), "1:late 2:succeeded");
}

TEST_F(cancel_test, a_dead_job_retried_has_its_retries_again) {
  start();
  auto id = push(R"("retry":{"delays":["5s"]})");
  finish(id, attempt_outcome::failed);
  advance(5s);
  finish(id, attempt_outcome::failed);
  ASSERT_EQ(job_of(id).state, job_state::dead);
  retry(id);
  finish(id, attempt_outcome::failed);
  EXPECT_EQ(job_of(id).state, job_state::pending);
  advance(5s);
  finish(id);
  EXPECT_EQ(attempts(id), "1:failed 2:failed 3:failed 4:succeeded");
}

TEST_F(cancel_test, only_what_is_final_can_be_retried) {
  start();
  auto waits = push(R"("delay":"10s")"), runs = push();
  for (auto id : {waits, runs}) {
    auto answer = ask_retry(id);
    settle();
    EXPECT_TRUE(refused(answer, service_errc::conflict));
  }
}

TEST_F(cancel_test, retries_come_after_their_delays_and_end_with_the_limit) {
  start();
  auto id = push(R"("retry":{"delays":["5s","10s"]})");
  for (auto wait : {5s, 10s}) {
    finish(id, attempt_outcome::failed);
    advance(wait);
  }
  finish(id, attempt_outcome::timed_out);
  advance(1h);
  EXPECT_EQ(starts_of(id), (std::vector<milliseconds>{0s, 5s, 15s}));
  EXPECT_EQ(job_of(id).state, job_state::dead);
  EXPECT_EQ(attempts(id), "1:failed 2:failed 3:timed_out");
}

TEST_F(cancel_test, a_longer_retry_after_is_obeyed) {
  start();
  auto id = push(R"("retry":{"delays":["5s"]})");
  auto result = runner->result_of(id, attempt_outcome::failed);
  result.retry_after = 30s;
  runner->finish(id, result);
  advance(1min);
  EXPECT_EQ(starts_of(id), (std::vector<milliseconds>{0s, 30s}));
}

} // namespace
} // namespace wheelwork::testing
