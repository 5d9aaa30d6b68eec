// Edits, disabling and deletion of tasks with fires in all phases, and commits that fail in the middle.
#include "tests/actors/node_in_a_box.hpp"

#include <set>

namespace wheelwork::testing {
namespace {

class edit_test : public node_in_a_box {
protected:
  void start_and_wait() {
    with.succeed = true;
    start();
    advance(1s);
  }
  std::string every_second(const std::string& more = "") {
    return R"("schedule":{"every":"1s"},"overlap":"allow")" + more;
  }
  void expect_no_fire_time_twice() {
    std::set<wall_time> seen;
    for (auto& one : runner->starts) EXPECT_TRUE(seen.insert(one.what.fire_time).second);
  }
};

TEST_F(edit_test, a_new_rule_counts_from_the_edit_on_not_after_the_old_next_fire) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"0 2 * * *"})");
  put("m", R"("schedule":{"cron":"* * * * *"})");
  EXPECT_EQ(jobs_of("m").size(), 1u) << "the old prepared fire is gone";
  advance(2min);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{1min, 2min}));
  crash();
  start();
  advance(2min);
  EXPECT_EQ(all_starts(), (std::vector<milliseconds>{3min, 4min}));
}

TEST_F(edit_test, the_same_body_again_changes_nothing) {
  start_and_wait();
  put("m", every_second());
  auto again = put("m", every_second());
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.row.definition->version, 1u);
}

TEST_F(edit_test, an_edit_for_another_version_is_refused) {
  start_and_wait();
  put("m", every_second());
  auto answer = ask_put("m", task_body(every_second(R"(,"description":"x")")), 7);
  auto create = ask_put("m", task_body(every_second(R"(,"description":"x")")), 0);
  settle();
  EXPECT_TRUE(refused(answer, service_errc::version_mismatch));
  EXPECT_TRUE(refused(create, service_errc::version_mismatch));
  EXPECT_EQ(task_of("m").definition->version, 1u);
}

TEST_F(edit_test, an_edit_that_can_not_be_committed_changes_nothing) {
  start_and_wait();
  put("m", every_second(R"(,"max_runs":20)"));
  for (int each = 0; each < 5; ++each) {
    fail_commits();
    auto answer = ask_put("m", task_body(every_second(R"(,"description":"x")")));
    auto deletion = ask_delete("m");
    settle();
    EXPECT_TRUE(refused(answer, service_errc::unavailable));
    EXPECT_TRUE(refused(deletion, service_errc::unavailable));
    heal();
    advance(2s);
  }
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(runner->starts.size(), 10u);
  advance(1min);
  EXPECT_EQ(runner->starts.size(), 20u) << "max_runs";
  expect_no_fire_time_twice();
}

TEST_F(edit_test, after_disabling_nothing_starts_and_after_enabling_it_goes_on) {
  start_and_wait();
  put("m", every_second());
  advance(3s);
  put("m", every_second(R"(,"enabled":false)"));
  advance(1min);
  EXPECT_EQ(runner->starts.size(), 3u);
  put("m", every_second());
  advance(3s);
  EXPECT_EQ(runner->starts.size(), 6u);
  EXPECT_EQ(budget->jobs(), jobs_in(job_state::pending).size());
}

TEST_F(edit_test, a_daily_task_enabled_again_after_a_restart_keeps_its_next_fire) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"0 12 * * *"})");
  put("m", R"("schedule":{"cron":"0 12 * * *"},"enabled":false)");
  ASSERT_TRUE(stop_clean());
  start();
  put("m", R"("schedule":{"cron":"0 12 * * *"})");
  advance(5h);
  EXPECT_EQ(runner->starts.size(), 1u);
}

TEST_F(edit_test, an_edit_keeps_a_fire_that_the_splay_holds_back) {
  start_and_wait();
  auto body = [](const std::string& more) { return R"("schedule":{"cron":"0 9 * * *"},"splay":"50m")" + more; };
  put("m", body(""));
  auto offset = splay_offset("m", 50min);
  ASSERT_GT(offset, 2s);
  advance(1h); // 09:00:01: the fire's time has come, its job is held back
  ASSERT_EQ(runner->starts.size(), 0u);
  put("m", body(R"(,"description":"x")"));
  advance(1h);
  EXPECT_EQ(all_starts(), std::vector<milliseconds>{1h + offset});
}

TEST_F(edit_test, a_deleted_task_never_fires_and_can_be_made_again) {
  start_and_wait();
  put("m", every_second());
  advance(3s);
  auto first = task_of("m").definition->id;
  remove("m");
  advance(10s);
  EXPECT_EQ(runner->starts.size(), 3u);
  EXPECT_TRUE(jobs_in(job_state::pending).empty());
  put("m", every_second());
  EXPECT_NE(task_of("m").definition->id, first);
  advance(3s);
  EXPECT_EQ(runner->starts.size(), 6u);
  EXPECT_EQ(broken(), "");
}

TEST_F(edit_test, a_running_fire_of_a_deleted_task_ends_and_is_not_retried) {
  start();
  advance(1s);
  put("m", every_second(R"(,"retry":{"delays":["1s"]})"));
  advance(1s);
  auto id = runner->open.at(0).what.id;
  remove("m");
  finish(id, attempt_outcome::failed);
  EXPECT_EQ(job_of(id).state, job_state::dead);
  EXPECT_EQ(job_of(id).reason, reason_task_deleted);
}

TEST_F(edit_test, a_fire_is_cancelled_while_an_edit_takes_it_away) {
  start_and_wait();
  put("m", R"("schedule":{"cron":"* * * * *"})");
  for (unsigned seed = 0; seed < 100; ++seed) {
    auto fire = jobs_of("m").at(0).what.id;
    auto edit =
        ask_put("m", task_body(R"("schedule":{"cron":"* * * * *"},"description":")" + std::to_string(seed) + "\""));
    auto cancelled = ask_cancel(fire);
    settle(seed);
    ASSERT_TRUE(accepted(edit)) << "seed " << seed;
    ASSERT_TRUE(*cancelled) << "seed " << seed;
  }
  EXPECT_EQ(broken(), "");
  auto before = runner->starts.size();
  advance(200min);
  EXPECT_GE(runner->starts.size(), before + 99);
  expect_no_fire_time_twice();
  EXPECT_LE(budget->jobs(), 3u);
}

TEST_F(edit_test, edits_in_any_order_with_fires_neither_lose_nor_double_one) {
  start_and_wait();
  put("m", every_second());
  auto begin = now();
  for (unsigned seed = 0; seed < 100; ++seed) {
    scheduler.advance_time(730ms);
    alarm_clock->ring_if_due(now());
    auto edit = ask_put("m", task_body(every_second(R"(,"description":")" + std::to_string(seed) + "\"")));
    settle(seed);
    ASSERT_TRUE(accepted(edit)) << "seed " << seed;
  }
  advance(2s);
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(runner->starts.size(), static_cast<size_t>((now() - begin) / 1s));
  expect_no_fire_time_twice();
}

} // namespace
} // namespace wheelwork::testing
