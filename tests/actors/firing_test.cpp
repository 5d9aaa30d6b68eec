// Fires of tasks: each exactly once, at its time, by the task's rules.
#include "tests/actors/node_in_a_box.hpp"

#include <set>

namespace wheelwork::testing {
namespace {

using ::testing::ElementsAre;

class firing_test : public node_in_a_box {
protected:
  /// Just after the full minute, so that no fire falls on the creation.
  void start_and_wait(bool succeed = true) {
    with.succeed = succeed;
    start();
    advance(1s);
  }
  /// A task that runs longer than its period: attempts end after two and a half periods.
  void fire_slowly(const std::string& overlap, const std::string& more = "") {
    start_and_wait(false);
    put("slow", R"("schedule":{"every":"10s"},"overlap":")" + overlap + "\"" + more);
  }
  /// `fired`, or the verdict and count of each run of skips.
  std::vector<std::string> verdicts(const std::string& task) {
    std::vector<std::string> all;
    for (auto& entry : ledger(task))
      all.push_back(entry.fired ? "fired" : std::string{to_string(entry.verdict)} + " " + std::to_string(entry.count));
    return all;
  }
  /// Three fires come late together; none of them overlapped another at its own time.
  void expect_late_fires_in_turn(const std::string& overlap) {
    start_and_wait(false);
    put("late", R"("schedule":{"every":"10s"},"overlap":")" + overlap + "\"");
    jump(35s);
    for (int each = 1; each <= 3; ++each) {
      ASSERT_EQ(runner->starts.size(), static_cast<size_t>(each));
      EXPECT_EQ(runner->starts.back().what.fire_time, at(1s + each * 10s));
      finish(runner->starts.back().what.id);
      settle();
    }
    EXPECT_THAT(verdicts("late"), ElementsAre("fired", "fired", "fired"));
    expect_no_fire_time_twice();
  }
  void expect_no_fire_time_twice() {
    std::set<std::pair<uint64_t, wall_time>> seen;
    for (auto& one : runner->starts) {
      if (!one.what.is_fire() || one.number > 1) continue;
      EXPECT_TRUE(seen.emplace(value_of(one.what.task), one.what.fire_time).second);
    }
  }
};

TEST_F(firing_test, ten_times_a_second_every_fire_starts_on_its_millisecond) {
  start_and_wait();
  put("quick", R"("schedule":{"every":"100ms"},"overlap":"allow")");
  auto until = wall_time::min();
  for (int each = 0; each < 100; ++each) {
    advance(100ms);
    EXPECT_GE(task_of("quick").state.fired_until, until);
    until = task_of("quick").state.fired_until;
  }
  ASSERT_EQ(runner->starts.size(), 100u);
  for (auto& one : runner->starts) EXPECT_EQ(one.at, one.what.fire_time);
  expect_no_fire_time_twice();
}

TEST_F(firing_test, a_daily_task_has_its_next_fire_in_the_journal_and_fires_each_day) {
  start_and_wait();
  put("daily", R"("schedule":{"cron":"0 12 * * *"})");
  ASSERT_EQ(jobs_of("daily").size(), 1u);
  EXPECT_EQ(jobs_of("daily")[0].what.due_at, at(4h));
  advance(72h);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{4h, 28h, 52h}));
}

TEST_F(firing_test, overlap_allow_runs_all_at_the_same_time) {
  fire_slowly("allow");
  advance(30s);
  EXPECT_EQ(runner->open.size(), 3u);
}

TEST_F(firing_test, overlap_skip_leaves_a_run_of_skips_in_the_ledger) {
  fire_slowly("skip");
  advance(30s);
  ASSERT_EQ(runner->open.size(), 1u);
  finish(runner->open[0].what.id);
  advance(10s);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{11s, 41s}));
  EXPECT_THAT(verdicts("slow"), ElementsAre("fired", "overlap 2", "fired"));
}

TEST_F(firing_test, overlap_queue_lets_one_wait) {
  fire_slowly("queue");
  advance(35s);
  ASSERT_EQ(runner->open.size(), 1u);
  finish(runner->open[0].what.id);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{11s, 36s}));
  EXPECT_EQ(runner->starts[1].what.fire_time, at(21s));
  EXPECT_THAT(verdicts("slow"), ElementsAre("fired", "fired", "overlap 1"));
}

TEST_F(firing_test, overlap_replace_starts_when_the_old_attempt_has_ended) {
  fire_slowly("replace");
  advance(20s);
  auto first = runner->starts.at(0).what.id;
  EXPECT_EQ(job_of(first).state, job_state::cancelled);
  ASSERT_EQ(runner->starts.size(), 1u) << "the old attempt has not ended";
  advance(1s);
  finish(first);
  ASSERT_EQ(runner->starts.size(), 2u);
  EXPECT_EQ(runner->starts[1].what.fire_time, at(21s));
}

TEST_F(firing_test, overlap_replace_cancels_a_retry_that_waits) {
  fire_slowly("replace", R"(,"retry":{"delays":["1h"]})");
  advance(10s);
  auto first = runner->starts.at(0).what.id;
  finish(first, attempt_outcome::failed);
  fail_commits();
  advance(10s);
  heal();
  advance(5s);
  EXPECT_EQ(job_of(first).state, job_state::cancelled);
  EXPECT_EQ(runner->starts.size(), 2u);
}

TEST_F(firing_test, a_fire_waiting_for_its_retry_is_not_final) {
  fire_slowly("skip", R"(,"retry":{"delays":["15s"]})");
  advance(10s);
  finish(runner->open.at(0).what.id, attempt_outcome::failed);
  advance(10s);
  EXPECT_EQ(runner->starts.size(), 1u);
  advance(10s); // retry at 26 s, next fire at 31 s
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{11s, 26s}));
}

TEST_F(firing_test, runs_by_hand_do_not_count_for_overlap) {
  fire_slowly("skip");
  run_by_hand("slow");
  advance(10s);
  EXPECT_EQ(runner->open.size(), 2u);
}

TEST_F(firing_test, after_a_jump_forward_misfire_once_runs_the_latest) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"misfire_grace":"10s","overlap":"allow")");
  advance(1min);
  jump(30min); // 08:31:01
  advance(100ms);
  // The latest missed one, and one that is late by less than the grace.
  ASSERT_EQ(runner->starts.size(), 3u);
  EXPECT_EQ(runner->starts[1].what.fire_time, at(30min));
  EXPECT_EQ(runner->starts[2].what.fire_time, at(31min));
  EXPECT_THAT(verdicts("m"), ElementsAre("fired", "misfire 28", "fired", "fired"));
  advance(1min);
  EXPECT_EQ(runner->starts.size(), 4u);
  expect_no_fire_time_twice();
}

TEST_F(firing_test, after_a_jump_forward_misfire_all_runs_each) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"misfire":"all","misfire_grace":"10s","overlap":"allow")");
  jump(30min);
  advance(100ms);
  ASSERT_EQ(runner->starts.size(), 30u);
  for (size_t each = 0; each < 30; ++each)
    EXPECT_EQ(runner->starts[each].what.fire_time, at((1 + static_cast<int>(each)) * 1min));
  expect_no_fire_time_twice();
}

TEST_F(firing_test, after_a_jump_forward_misfire_skip_runs_none) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"misfire":"skip","misfire_grace":"500ms")");
  jump(30min);
  EXPECT_EQ(runner->starts.size(), 0u);
  EXPECT_THAT(verdicts("m"), ElementsAre("misfire 30"));
  advance(1min);
  EXPECT_EQ(runner->starts.size(), 1u);
}

TEST_F(firing_test, fires_late_by_less_than_the_grace_run_each) {
  start_and_wait();
  put("m", R"("schedule":{"every":"1s"},"misfire":"skip","misfire_grace":"60s","overlap":"allow")");
  jump(20s);
  EXPECT_EQ(runner->starts.size(), 20u);
  expect_no_fire_time_twice();
}

TEST_F(firing_test, late_fires_of_a_task_that_skips_overlaps_run_one_after_the_other) {
  expect_late_fires_in_turn("skip");
}
TEST_F(firing_test, late_fires_of_a_task_that_queues_overlaps_run_one_after_the_other) {
  expect_late_fires_in_turn("queue");
}
TEST_F(firing_test, late_fires_of_a_task_that_replaces_overlaps_run_one_after_the_other) {
  expect_late_fires_in_turn("replace");
}

TEST_F(firing_test, after_a_jump_back_nothing_fires_again) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"overlap":"allow")");
  advance(5min);
  ASSERT_EQ(runner->starts.size(), 5u);
  jump(-5min);
  advance(4min);
  EXPECT_EQ(runner->starts.size(), 5u);
  advance(3min);
  EXPECT_EQ(runner->starts.size(), 7u);
  expect_no_fire_time_twice();
}

TEST_F(firing_test, an_edit_after_a_jump_back_fires_nothing_again) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"overlap":"allow")");
  advance(5min);
  jump(-5min);
  put("m", R"("schedule":{"cron":"* * * * *"},"overlap":"allow","description":"new")");
  advance(7min);
  EXPECT_EQ(runner->starts.size(), 7u);
  expect_no_fire_time_twice();
}

TEST_F(firing_test, after_a_restart_missed_fires_follow_the_rule) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"misfire_grace":"10s")");
  advance(1min);
  ASSERT_TRUE(stop_clean());
  clock.jump(10min + 30s); // 08:11:31
  start();
  ASSERT_EQ(runner->starts.size(), 1u);
  EXPECT_EQ(runner->starts[0].what.fire_time, at(11min));
  EXPECT_THAT(verdicts("m"), ElementsAre("fired", "misfire 9", "fired"));
}

TEST_F(firing_test, max_runs_bounds_the_fires) {
  start_and_wait();
  put("m", R"("schedule":{"every":"1s"},"max_runs":3)");
  advance(10s);
  EXPECT_EQ(runner->starts.size(), 3u);
  EXPECT_FALSE(task_of("m").state.next_fire);
}

TEST_F(firing_test, starts_at_and_ends_at_bound_the_fires) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"starts_at":"2026-11-21T08:03:00Z","ends_at":"2026-11-21T08:06:00Z")");
  advance(10min);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{3min, 4min, 5min}));
}

TEST_F(firing_test, at_in_the_past_is_a_missed_fire) {
  start_and_wait();
  put("once", R"("schedule":{"at":"2026-11-21T07:00:00Z"})");
  put("never", R"("schedule":{"at":"2026-11-21T07:00:00Z"},"misfire":"skip")");
  EXPECT_EQ(runner->starts.size(), 1u);
  EXPECT_THAT(verdicts("once"), ElementsAre("fired"));
  EXPECT_THAT(verdicts("never"), ElementsAre("misfire 1"));
}

TEST_F(firing_test, from_end_counts_from_the_end_of_the_job) {
  start_and_wait(false);
  put("m", R"("schedule":{"every":"10s","from":"end"})");
  advance(10s);
  ASSERT_EQ(runner->open.size(), 1u);
  advance(25s);
  finish(runner->open[0].what.id); // at 36 s
  advance(10s);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{11s, 46s}));
}

TEST_F(firing_test, from_end_goes_on_after_a_cancel) {
  start_and_wait(false);
  put("m", R"("schedule":{"every":"10s","from":"end"})");
  advance(10s);
  runner->obeys = true;
  cancel(runner->open.at(0).what.id);
  advance(10s);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{11s, 21s}));
}

TEST_F(firing_test, first_now_fires_at_the_creation_too) {
  start_and_wait();
  put("m", R"("schedule":{"every":"10s","first":"now"})");
  advance(10s);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{1s, 11s}));
}

TEST_F(firing_test, splay_delays_each_fire_by_the_same) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"},"splay":"50s")");
  advance(3min);
  auto offset = splay_offset("m", 50s);
  EXPECT_GE(runner->starts.size(), 2u);
  for (auto& one : runner->starts) EXPECT_EQ(one.at - one.what.fire_time, offset);
}

TEST_F(firing_test, a_cancelled_prepared_fire_is_replaced_by_the_next_and_never_comes_back) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"0 12 * * *"})");
  cancel(jobs_of("m").at(0).what.id);
  put("m", R"("schedule":{"cron":"0 12 * * *"},"description":"edited")");
  advance(30h);
  EXPECT_EQ(all_starts(), std::vector<milliseconds>{28h});
  ASSERT_TRUE(stop_clean());
  start();
  advance(1h);
  EXPECT_EQ(runner->starts.size(), 0u);
}

TEST_F(firing_test, only_nodes_of_its_environment_fire_a_task) {
  start_and_wait();
  put("here", R"("schedule":{"every":"1s"},"environments":["test"])");
  put("there", R"("schedule":{"every":"1s"},"environments":["release"])");
  advance(5s);
  EXPECT_EQ(ledger("here").size(), 5u);
  EXPECT_TRUE(jobs_of("there").empty());
  EXPECT_TRUE(ledger("there").empty());
  ASSERT_TRUE(stop_clean());
  with.environment = "release";
  start();
  advance(5s);
  for (auto& one : runner->starts) EXPECT_EQ(one.what.task, task_of("there").definition->id);
  EXPECT_FALSE(runner->starts.empty());
}

TEST_F(firing_test, jobs_of_a_foreign_partition_wait_for_a_node_of_it) {
  start_and_wait();
  put("m", R"("schedule":{"every":"10s"},"partition":"east","misfire":"all","overlap":"allow")");
  advance(30s);
  EXPECT_EQ(runner->starts.size(), 0u);
  ASSERT_TRUE(stop_clean());
  with.partition = "east";
  start();
  EXPECT_GE(runner->starts.size(), 1u);
}

} // namespace
} // namespace wheelwork::testing
