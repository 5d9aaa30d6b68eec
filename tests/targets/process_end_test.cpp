// How attempts end that do not end by themselves: time-outs, cancels, and what they leave behind.
#include "tests/targets/process_fixture.hpp"

namespace wheelwork::process_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class process_end : public process_fixture {
protected:
  /// An order with another time-out than the default minute.
  attempt_order order_within(milliseconds timeout, uint64_t id, std::vector<std::string> command) {
    auto made = order(id, std::move(command));
    targets_.at(id)->timeout = timeout;
    return made;
  }
};

TEST_F(process_end, a_time_out_ends_the_command_by_term) {
  settings_.kill_grace = milliseconds{30'000};
  auto result = run_and_wait(order_within(milliseconds{150}, 1, {"/bin/sh", "-c", "echo begun; exec sleep 100"}));
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_EQ(result.error, "timed out after 150ms, ended by TERM");
  EXPECT_EQ(response(result), (nlohmann::json{{"signal", 15}, {"output", "begun\n"}}));
  EXPECT_LT(result.finished_at - result.started_at, milliseconds{20'000});
}

TEST_F(process_end, a_command_that_ends_well_on_term_has_timed_out_all_the_same) {
  // Long enough for the shell to have set its trap on a slow machine.
  auto result = run_and_wait(
      order_within(milliseconds{2000}, 1, {"/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.01; done"}));
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_EQ(response(result)["exit_code"], 0);
}

TEST_F(process_end, a_command_that_ignores_term_is_killed_after_the_grace) {
  life_line alive{path("alive")};
  run(order_within(milliseconds{500}, 1, {helper_, "ignore-term", alive.path()}));
  EXPECT_TRUE(alive.wait_for(1));
  auto result = answers_.of(1);
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_EQ(result.error, "timed out after 500ms, ended by KILL");
  EXPECT_GE(result.finished_at - result.started_at, milliseconds{600});
  EXPECT_TRUE(alive.all_gone_now());
}

TEST_F(process_end, a_stopped_command_gets_its_term_too) {
  settings_.kill_grace = milliseconds{30'000};
  auto result = run_and_wait(order_within(milliseconds{150}, 1, {"/bin/sh", "-c", "kill -STOP $$"}));
  EXPECT_EQ(result.error, "timed out after 150ms, ended by TERM");
}

TEST_F(process_end, a_daemon_that_a_command_left_is_gone_when_the_result_is_there) {
  life_line alive{path("alive")};
  auto result = result_of({helper_, "daemon", alive.path()});
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_TRUE(alive.wait_for(1)) << "the daemon was there";
  EXPECT_TRUE(alive.all_gone_now());
}

TEST_F(process_end, what_ends_shortly_after_its_command_may_do_so) {
  auto result = result_of({"/bin/sh", "-c", "(sleep 0.05; echo later) & echo first"});
  EXPECT_EQ(response(result)["output"], "first\nlater\n");
}

TEST_F(process_end, two_hundred_children_in_sessions_of_their_own_are_killed) {
  life_line alive{path("alive")};
  run(order(1, {helper_, "forks", "200", alive.path()}));
  ASSERT_TRUE(alive.wait_for(200));
  runner_->cancel(job_id{1}, 1);
  EXPECT_EQ(answers_.of(1).error, "cancelled, ended by KILL");
  EXPECT_TRUE(alive.all_gone_now());
}

TEST_F(process_end, a_cancel_ends_the_attempt_and_keeps_what_it_printed) {
  life_line alive{path("alive")};
  run(order(1, {"/bin/sh", "-c", "echo begun; exec " + helper_ + " ignore-term " + alive.path()}));
  ASSERT_TRUE(alive.wait_for(1));
  runner_->cancel(job_id{1}, 2); // another attempt
  runner_->cancel(job_id{1}, 1);
  auto result = answers_.of(1);
  EXPECT_EQ(result.outcome, attempt_outcome::cancelled);
  EXPECT_EQ(response(result)["output"], "begun\n");
  EXPECT_TRUE(alive.all_gone_now());
}

TEST_F(process_end, a_command_that_comes_to_its_own_end_on_a_cancel_has_its_own_result) {
  life_line alive{path("alive")};
  run(order(
      1, {"/bin/sh", "-c", "trap 'echo saved; exit 0' TERM; " + helper_ + " ignore-term " + alive.path() + " & wait"}));
  ASSERT_TRUE(alive.wait_for(1)); // so the trap is set
  runner_->cancel(job_id{1}, 1);
  auto result = answers_.of(1);
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << "the scheduler keeps it as late";
  EXPECT_EQ(response(result), (nlohmann::json{{"exit_code", 0}, {"output", "saved\n"}}));
  EXPECT_TRUE(alive.all_gone_now());
}

TEST_F(process_end, a_cancel_right_behind_the_order_is_not_lost) {
  start();
  for (uint64_t id = 1; id <= 40; ++id) {
    runner_->run({order(id, {"/bin/sh", "-c", "exec sleep 100"})});
    runner_->cancel(job_id{id}, 1);
  }
  for (uint64_t id = 1; id <= 40; ++id) EXPECT_EQ(answers_.of(id).outcome, attempt_outcome::cancelled);
}

TEST_F(process_end, a_killed_helper_loses_its_attempt_and_all_of_its_processes) {
  life_line alive{path("alive")};
  const std::string command = "kill_helper() { kill -KILL $PPID; }; (exec setsid " + helper_ + " ignore-term " +
                              alive.path() + ") & read go <> " + path("gate") + "; kill_helper; sleep 100";
  life_line gate{path("gate")}; // made here, opened by the test below
  run(order(1, {"/bin/sh", "-c", command}));
  ASSERT_TRUE(alive.wait_for(1));
  file("gate", "go\n");
  auto result = answers_.of(1);
  EXPECT_EQ(result.outcome, attempt_outcome::lost);
  EXPECT_THAT(result.error, StartsWith("its helper process ended without a result"));
  EXPECT_TRUE(alive.wait_until_all_gone());
}

TEST_F(process_end, a_helper_that_the_system_shuts_down_loses_its_attempt) {
  auto result = result_of({"/bin/sh", "-c", "kill -TERM $PPID; exec sleep 100"});
  EXPECT_EQ(result.outcome, attempt_outcome::lost);
  EXPECT_THAT(result.error, HasSubstr("SIGTERM from outside of wheelwork"));
}

} // namespace
} // namespace wheelwork::process_test
