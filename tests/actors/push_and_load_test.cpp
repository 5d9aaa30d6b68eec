// A push and a load of the same window: neither may lose a job nor both run it; RAM stays within its bounds.
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

class push_and_load_test : public node_in_a_box {
protected:
  push_and_load_test() { with.succeed = true; }
  /// Lets the next load be asked for, but not be read.
  void begin_load() {
    hold(actors_.readers.front());
    advance(30s);
  }
  void end_load(std::optional<unsigned> seed = std::nullopt) {
    let_go(actors_.readers.front());
    settle(seed);
  }
};

TEST_F(push_and_load_test, a_push_committed_before_the_load_reads_is_armed_once) {
  start();
  begin_load();
  auto id = push(R"("delay":"100s")"); // at 130 s: within the window of the load that waits
  end_load();
  advance(5min);
  EXPECT_EQ(starts_of(id), std::vector<milliseconds>{130s});
}

TEST_F(push_and_load_test, a_push_committed_after_the_load_has_read_is_armed_once) {
  start();
  begin_load();
  hold(actors_.persistence.front());
  auto answer = ask_push({job_body(R"("delay":"100s")")});
  end_load();
  EXPECT_FALSE(*answer) << "nothing is accepted before its commit";
  let_go(actors_.persistence.front());
  settle();
  ASSERT_TRUE(accepted(answer));
  advance(5min);
  EXPECT_EQ(starts_of((***answer)[0].id), std::vector<milliseconds>{130s});
}

TEST_F(push_and_load_test, in_any_order_pushes_loads_and_cancels_neither_lose_nor_double_a_job) {
  with.load_rows = 3;
  start();
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::vector<job_id> before;
    for (auto delay : {"31s", "61s", "140s", "149s"})
      before.push_back(push(R"("delay":")" + std::string{delay} + "\""));
    begin_load();
    auto pushes =
        ask_push({job_body(R"("delay":"5ms")"), job_body(R"("delay":"100s")"), job_body(R"("delay":"119s")")});
    auto run_now = ask_push({job_body()});
    std::vector<answer_of<bool>> cancels;
    for (auto id : before) cancels.push_back(ask_cancel(id));
    end_load(seed);
    ASSERT_TRUE(accepted(pushes)) << "seed " << seed;
    ASSERT_TRUE(accepted(run_now)) << "seed " << seed;
    advance(4min);
    for (auto& one : ***pushes) EXPECT_EQ(runner->starts_of(one.id), 1u) << "seed " << seed;
    EXPECT_EQ(runner->starts_of((***run_now)[0].id), 1u) << "seed " << seed;
    for (size_t each = 0; each < before.size(); ++each) {
      ASSERT_TRUE(accepted(cancels[each])) << "seed " << seed;
      EXPECT_EQ(runner->starts_of(before[each]), 0u) << "seed " << seed;
    }
    EXPECT_EQ(budget->jobs(), 0u) << "seed " << seed;
  }
}

TEST_F(push_and_load_test, with_little_room_the_watermark_stops_short_and_all_jobs_run) {
  with.hot_jobs = 5;
  with.load_rows = 3;
  start();
  std::vector<job_id> ids;
  for (int each = 0; each < 40; ++each) ids.push_back(push(R"("delay":")" + std::to_string(10 + each) + "s\""));
  uint64_t most = 0;
  for (int second = 0; second < 60; ++second) {
    most = std::max(most, budget->jobs());
    advance(1s);
  }
  for (auto id : ids) EXPECT_EQ(runner->starts_of(id), 1u);
  EXPECT_LE(most, 6u);
}

TEST_F(push_and_load_test, an_unreadable_journal_delays_a_load_and_loses_nothing) {
  start();
  auto id = push(R"("delay":"140s")");
  faults->set_rule([](journal_call call, uint64_t) {
    return call == journal_call::read ? journal_fault::fail : journal_fault::none;
  });
  advance(60s);
  heal();
  advance(3min);
  EXPECT_EQ(starts_of(id), std::vector<milliseconds>{140s});
}

TEST_F(push_and_load_test, a_clock_set_forward_during_a_load_is_followed_at_once) {
  start();
  auto id = push(R"("delay":"1h")");
  begin_load();
  jump(1h);
  end_load();
  EXPECT_EQ(runner->starts_of(id), 1u);
  auto another = push();
  EXPECT_EQ(runner->starts_of(another), 1u);
}

TEST_F(push_and_load_test, a_repeated_unique_key_answers_the_first_job) {
  start();
  auto first = push(R"("unique_key":"k","delay":"10s")");
  EXPECT_EQ(push(R"("unique_key":"k")"), first);
  auto both = ask_push({job_body(R"("unique_key":"k")"), job_body()});
  settle();
  ASSERT_TRUE(accepted(both));
  EXPECT_EQ((***both)[0].id, first);
  EXPECT_TRUE((***both)[0].repeated);
  EXPECT_FALSE((***both)[1].repeated);
  advance(1min);
  EXPECT_EQ(runner->starts.size(), 2u);
  EXPECT_EQ(push(R"("unique_key":"k")"), first) << "it holds whatever became of the job";
}

} // namespace
} // namespace wheelwork::testing
