#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

using main_path_test = node_in_a_box;

TEST_F(main_path_test, a_pushed_job_runs_once_and_goes_into_history) {
  start();
  auto id = push(R"("payload":{"a": 1})");
  ASSERT_EQ(runner->starts.size(), 1u);
  EXPECT_EQ(runner->starts[0].what.body.data(), R"({"a": 1})");
  EXPECT_EQ(runner->starts[0].number, 1u);
  runner->finish(id);
  settle();
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  EXPECT_EQ(attempts(id), "1:succeeded");
  advance(10min);
  EXPECT_EQ(runner->starts.size(), 1u);
  EXPECT_EQ(budget->jobs(), 0u);
}

TEST_F(main_path_test, a_delayed_job_starts_at_its_millisecond) {
  start();
  auto id = push(R"("delay":"90s")");
  auto due = now() + 90s;
  advance(89'999ms);
  EXPECT_EQ(runner->starts.size(), 0u);
  advance(1ms);
  ASSERT_EQ(runner->starts_of(id), 1u);
  EXPECT_EQ(runner->starts[0].at, due);
}

TEST_F(main_path_test, a_job_beyond_the_horizon_waits_in_the_journal_only) {
  start();
  auto id = push(R"("delay":"3h")");
  EXPECT_EQ(budget->jobs(), 0u);
  advance(3h - 1ms);
  EXPECT_EQ(runner->starts.size(), 0u);
  advance(1ms);
  EXPECT_EQ(runner->starts_of(id), 1u);
}

TEST_F(main_path_test, a_task_fires_at_each_of_its_times) {
  start();
  runner->next = [this](auto& started) { return runner->result_of(started.what.id, attempt_outcome::succeeded); };
  advance(1s);
  put("tick", R"("schedule":{"cron":"* * * * *"})");
  advance(5min - 1s);
  std::vector<wall_time> times;
  for (auto& one : runner->starts) times.push_back(one.at);
  EXPECT_EQ(times, (std::vector{at(1min), at(2min), at(3min), at(4min), at(5min)}));
  EXPECT_EQ(ledger("tick").size(), 5u);
  EXPECT_EQ(jobs_in(job_state::succeeded).size(), 5u);
}

TEST_F(main_path_test, lateness_is_told_also_while_ids_are_ahead_of_the_clock) {
  start();
  push(R"("delay":"1h")");
  crash();
  start(); // ids go on above what the last incarnation had reserved
  auto id = push(R"("delay":"300ms")");
  jump(1s);
  EXPECT_EQ(runner->starts_of(id), 1u);
  EXPECT_NEAR(statistics->lateness.summarize(steady_now()).max_ms, 700, 1);
}

} // namespace
} // namespace wheelwork::testing
