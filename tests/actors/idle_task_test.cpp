// What the ledger and the plan say about a task after its last run and after its end.
#include "schedule/time_text.hpp"
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

class idle_task_test : public node_in_a_box {
protected:
  void start_with_quick_runner() {
    with.succeed = true;
    start();
  }
  /// The one run of skips in the ledger.
  ledger_entry only_skip(const std::string& task) {
    std::vector<ledger_entry> skips;
    for (auto& entry : ledger(task))
      if (!entry.fired) skips.push_back(entry);
    EXPECT_EQ(skips.size(), 1u);
    return skips.empty() ? ledger_entry{} : skips[0];
  }
};

TEST_F(idle_task_test, times_after_the_last_run_stay_open_until_an_edit_settles_them) {
  start_with_quick_runner();
  put("thrice", R"("schedule":{"every":"10s"},"max_runs":3)");
  advance(65s);
  EXPECT_EQ(runner->starts.size(), 3u);
  EXPECT_EQ(task_of("thrice").state.fired_until, at(30s));
  put("thrice", R"("schedule":{"every":"10s"},"max_runs":4)");
  const auto skipped = only_skip("thrice");
  EXPECT_EQ(skipped.verdict, skip_verdict::max_runs);
  EXPECT_EQ(skipped.from, at(40s));
  EXPECT_EQ(skipped.to, at(60s));
  EXPECT_EQ(skipped.count, 3u);
  advance(60s);
  ASSERT_EQ(runner->starts.size(), 4u);
  EXPECT_EQ(runner->starts[3].at, at(70s)) << "what was missed while it had no run left is not made up for";
}

TEST_F(idle_task_test, times_after_the_end_stay_open_until_an_edit_settles_them) {
  start_with_quick_runner();
  put("until", R"("schedule":{"every":"10s"},"ends_at":")" + format_time(at(25s)) + "\"");
  advance(65s);
  EXPECT_EQ(runner->starts.size(), 2u);
  EXPECT_LT(task_of("until").state.fired_until, at(25s));
  put("until", R"("schedule":{"every":"10s"})");
  const auto skipped = only_skip("until");
  EXPECT_EQ(skipped.verdict, skip_verdict::ended);
  EXPECT_EQ(skipped.from, at(30s));
  EXPECT_EQ(skipped.to, at(60s));
  EXPECT_EQ(skipped.count, 4u);
  advance(10s);
  ASSERT_EQ(runner->starts.size(), 3u);
  EXPECT_EQ(runner->starts[2].at, at(70s));
}

TEST_F(idle_task_test, an_edit_in_between_makes_no_second_entry) {
  start_with_quick_runner();
  put("once", R"("schedule":{"every":"10s"},"max_runs":1)");
  advance(35s);
  put("once", R"("schedule":{"every":"10s"},"max_runs":1,"description":"a")");
  advance(20s);
  put("once", R"("schedule":{"every":"10s"},"max_runs":1,"description":"b")");
  const auto skipped = only_skip("once");
  EXPECT_EQ(skipped.from, at(20s));
  EXPECT_EQ(skipped.to, at(50s));
  EXPECT_EQ(skipped.count, 4u);
}

TEST_F(idle_task_test, missed_times_beyond_the_last_run_are_not_taken_for_settled) {
  start_with_quick_runner();
  put("thrice", R"("schedule":{"every":"10s"},"max_runs":3,"misfire":"once","misfire_grace":"30s")");
  advance(5s);
  crash();
  jump(10min);
  start();
  advance(1min);
  EXPECT_EQ(task_of("thrice").state.runs, 3u);
  EXPECT_LT(task_of("thrice").state.fired_until, at(10min + 5s));
}

} // namespace
} // namespace wheelwork::testing
