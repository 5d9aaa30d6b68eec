// What a new incarnation makes of what the old one left, and clean stops.
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

using recovery_test = node_in_a_box;

TEST_F(recovery_test, what_was_running_is_lost_and_runs_again_with_the_next_number) {
  start();
  auto id = push(R"("retry":{"limit":0})");
  ASSERT_EQ(runner->starts.size(), 1u);
  crash();
  start();
  ASSERT_EQ(runner->starts.size(), 1u);
  EXPECT_EQ(runner->starts[0].number, 2u);
  EXPECT_EQ(attempts(id), "1:lost") << "committed before it starts again";
  finish(id);
  EXPECT_EQ(attempts(id), "1:lost 2:succeeded") << "no retry was used up";
}

TEST_F(recovery_test, what_ran_long_enough_for_its_start_to_be_journaled_is_lost_too) {
  start();
  auto id = push();
  advance(1s);
  EXPECT_EQ(job_of(id).state, job_state::running);
  crash();
  start();
  finish(id);
  EXPECT_EQ(attempts(id), "1:lost 2:succeeded");
}

TEST_F(recovery_test, what_was_due_later_than_the_lease_was_not_started) {
  start();
  auto id = push(R"("delay":"1m")");
  crash();
  start();
  advance(1min);
  ASSERT_EQ(runner->starts_of(id), 1u);
  EXPECT_EQ(runner->starts[0].number, 1u);
}

TEST_F(recovery_test, after_a_clean_stop_nothing_counts_as_started) {
  with.at_once = 1;
  start();
  auto first = push(), waits = push(), later = push(R"("delay":"1s")");
  runner->finish(first);
  settle();
  ASSERT_EQ(runner->starts_of(waits), 1u);
  runner->finish(waits);
  settle();
  auto again = push(R"("delay":"500ms")");
  ASSERT_TRUE(stop_clean());
  clock.jump(10s);
  with.at_once = 10;
  start();
  EXPECT_EQ(attempts(again), "");
  EXPECT_EQ(attempts(later), "");
  EXPECT_EQ(runner->starts.size(), 2u);
}

TEST_F(recovery_test, at_most_once_runs_after_a_crash_only_if_it_was_not_started) {
  start();
  auto started = push(R"("delivery":"at_most_once")"), waits = push(R"("delivery":"at_most_once","delay":"500ms")");
  ASSERT_EQ(runner->starts_of(started), 1u);
  EXPECT_EQ(job_of(started).state, job_state::running) << "the start is committed before the effect";
  crash();
  start();
  EXPECT_EQ(job_of(started).state, job_state::dead);
  EXPECT_EQ(job_of(started).reason, reason_unknown_outcome);
  EXPECT_EQ(attempts(started), "1:lost");
  advance(1s);
  EXPECT_EQ(runner->starts_of(waits), 1u);
  EXPECT_EQ(runner->starts[0].number, 1u);
}

TEST_F(recovery_test, at_most_once_is_not_lost_by_a_clean_stop_while_it_waits_for_room) {
  with.at_once = 1;
  start();
  auto runs = push(R"("delivery":"at_most_once")"), waits = push(R"("delivery":"at_most_once")");
  auto due_in_the_drain = push(R"("delivery":"at_most_once","delay":"2s")");
  ASSERT_EQ(runner->starts.size(), 1u);
  caf::anon_send(actors_.dispatcher, drain{actors_.keeper, 30s});
  advance(5s);
  finish(runs);
  ASSERT_TRUE(stop_clean());
  with.at_once = 10;
  start();
  for (auto id : {waits, due_in_the_drain}) {
    EXPECT_EQ(job_of(id).state, job_state::running);
    finish(id);
    EXPECT_EQ(job_of(id).state, job_state::succeeded);
  }
}

TEST_F(recovery_test, the_fifth_loss_in_a_row_ends_a_poisonous_job) {
  start();
  auto id = push();
  for (int each = 1; each < 5; ++each) {
    ASSERT_EQ(job_of(id).state == job_state::dead, false);
    crash();
    start();
    advance(10s);
  }
  crash();
  start();
  EXPECT_EQ(job_of(id).state, job_state::dead);
  EXPECT_EQ(job_of(id).reason, reason_crashed_node);
  EXPECT_EQ(attempts(id), "1:lost 2:lost 3:lost 4:lost 5:lost");
}

TEST_F(recovery_test, an_attempt_under_a_helper_goes_on_whether_its_start_was_journaled_or_not) {
  for (auto ran_for : {0ms, 1000ms}) {
    with.adopted.clear();
    start();
    auto answer = ask_push({R"({"target":{"process":{"command":["/bin/true"]}}})"});
    settle();
    ASSERT_TRUE(accepted(answer));
    auto id = (***answer)[0].id;
    advance(ran_for);
    crash();
    with.adopted = {{id, 1}};
    start();
    EXPECT_EQ(processes->starts_of(id), 0u);
    attempt_result result;
    result.id = id;
    result.number = 1;
    result.outcome = attempt_outcome::succeeded;
    caf::anon_send(actors_.dispatcher, finished{target_kind::process, {result}});
    settle();
    EXPECT_EQ(attempts(id), "1:succeeded");
    EXPECT_EQ(processes->settled_ones, (std::vector<std::pair<job_id, uint32_t>>{{id, 1}}));
    crash();
  }
}

TEST_F(recovery_test, a_result_that_comes_before_the_recovery_counts) {
  start();
  auto answer = ask_push({R"({"target":{"process":{"command":["/bin/true"]}}})"});
  settle();
  auto id = (***answer)[0].id;
  crash();
  with.adopted = {{id, 1}};
  start_without_waiting();
  attempt_result result;
  result.id = id;
  result.number = 1;
  result.outcome = attempt_outcome::succeeded;
  hold(actors_.readers.front());
  caf::anon_send(actors_.dispatcher, finished{target_kind::process, {result}});
  settle();
  let_go(actors_.readers.front());
  settle();
  EXPECT_EQ(attempts(id), "1:succeeded");
}

TEST_F(recovery_test, ids_are_never_made_twice_whatever_the_clock_does) {
  start();
  auto before = push(R"("delay":"10h")");
  crash();
  clock.jump(-5h);
  start();
  auto after = push(R"("delay":"10h")");
  EXPECT_GT(value_of(after), value_of(before));
  EXPECT_EQ(jobs_in(job_state::pending).size(), 2u);
}

TEST_F(recovery_test, a_stop_waits_for_attempts_and_journals_those_that_outlast_the_grace) {
  start();
  auto quick = push(), slow = push();
  caf::anon_send(actors_.dispatcher, drain{actors_.keeper, 10s});
  settle();
  EXPECT_FALSE(progress->read([](const node_progress& at) { return at.still_running.has_value(); }));
  auto refused_start = push();
  EXPECT_EQ(runner->starts_of(refused_start), 0u);
  finish(quick);
  ASSERT_TRUE(stop_clean(10s));
  EXPECT_EQ(job_of(quick).state, job_state::succeeded);
  EXPECT_EQ(job_of(slow).state, job_state::running);
  EXPECT_EQ(job_of(refused_start).state, job_state::pending);
}

TEST_F(recovery_test, what_is_asked_after_the_stop_began_is_refused) {
  start();
  caf::anon_send(actors_.schedulers[0], settle_shard{actors_.keeper});
  settle();
  auto pushed = ask_push({job_body()});
  auto put_late = ask_put("m", task_body(R"("schedule":{"every":"1s"})"));
  settle();
  EXPECT_TRUE(refused(pushed, service_errc::unavailable));
  EXPECT_TRUE(refused(put_late, service_errc::unavailable));
}

TEST_F(recovery_test, crashes_at_any_moment_lose_no_job) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    start();
    auto pushes = ask_push({job_body(), job_body(R"("delay":"3s")"), job_body(R"("delay":"10m")")});
    scheduler.run(seed);
    crash();
    start();
    if (*pushes && **pushes) { // others were told that the node stops
      runner->next = [this](auto& one) {
        return runner->result_of(one.what.id, attempt_outcome::succeeded, one.number);
      };
      advance(11min);
      for (auto& open : std::vector{runner->open}) finish(open.what.id);
      for (auto& one : ***pushes) EXPECT_EQ(job_of(one.id).state, job_state::succeeded) << "seed " << seed;
    }
    crash();
  }
}

} // namespace
} // namespace wheelwork::testing
