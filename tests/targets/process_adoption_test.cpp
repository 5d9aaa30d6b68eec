// What a node's end and start do to attempts: they go on, are taken up once, and their results are kept until they are
// settled.
#include "tests/targets/process_fixture.hpp"

#include "targets/process_record.hpp"
#include "targets/process_tree.hpp"

#include <csignal>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

namespace wheelwork::process_test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class process_adoption : public process_fixture {
protected:
  life_line alive_{path("alive")};
  life_line gate_{path("gate")}; ///< made, so that the command can wait for a writer

  std::vector<std::string> waiting_command() { return {helper_, "wait", alive_.path(), gate_.path()}; }
  void open_gate() { std::ofstream{gate_.path()} << "x" << std::flush; }
  /// Starts anew; the keys of what was taken up.
  std::vector<attempt_key> restart() {
    stop();
    start();
    return adopted();
  }
  std::vector<attempt_key> adopted() {
    std::vector<attempt_key> keys;
    for (const auto& attempt : runner_->adopt()) keys.push_back({attempt.id, attempt.number});
    return keys;
  }
  /// Waits until the runner has done what it was told before this.
  void catch_up() { EXPECT_EQ(result_of({"/bin/true"}).outcome, attempt_outcome::succeeded); }
};

TEST_F(process_adoption, a_process_goes_on_while_the_node_restarts_and_its_exit_code_is_kept) {
  run(order(5, waiting_command(), 2));
  ASSERT_TRUE(alive_.wait_for(1));
  EXPECT_EQ(restart(), (std::vector<attempt_key>{{job_id{5}, 2}}));
  open_gate();
  auto result = answers_.of(5, 2);
  EXPECT_EQ(result.error, "exit code 7");
  EXPECT_GT(result.started_at, wall_time{});
  EXPECT_EQ(answers_.count(5, 2), 1u);
}

TEST_F(process_adoption, an_adopted_attempt_can_be_cancelled) {
  run(order(5, waiting_command()));
  ASSERT_TRUE(alive_.wait_for(1));
  EXPECT_EQ(restart().size(), 1u);
  runner_->cancel(job_id{5}, 1);
  EXPECT_EQ(answers_.of(5).outcome, attempt_outcome::cancelled);
  EXPECT_TRUE(alive_.all_gone_now());
}

TEST_F(process_adoption, a_result_that_came_while_the_node_was_down_is_answered_at_the_next_start) {
  run(order(5, waiting_command()));
  ASSERT_TRUE(alive_.wait_for(1));
  stop();
  auto helper = process_records{settings_.records_dir}.read_start({job_id{5}, 1}).value()->helper;
  open_gate();
  descriptor process = open_process(helper);
  pollfd ended{process.get(), POLLIN, 0};
  if (process) {
    ASSERT_EQ(::poll(&ended, 1, 60'000), 1);
  }
  start();
  EXPECT_EQ(adopted(), (std::vector<attempt_key>{{job_id{5}, 1}}));
  EXPECT_EQ(answers_.of(5).error, "exit code 7");
}

TEST_F(process_adoption, a_result_is_answered_again_until_it_is_settled) {
  run_and_wait(order(5, {"/bin/true"}));
  EXPECT_EQ(restart(), (std::vector<attempt_key>{{job_id{5}, 1}}));
  EXPECT_EQ(answers_.of(5).outcome, attempt_outcome::succeeded);
  runner_->settled(job_id{5}, 1);
  runner_->settled(job_id{6}, 1); // has no records
  auto last = result_of({"/bin/true"});
  runner_->settled(last.id, last.number);
  catch_up();
  EXPECT_EQ(records(), 2u) << "start and result of the last command only";
}

TEST_F(process_adoption, a_result_that_came_too_late_is_not_kept_either) {
  const auto late = run_and_wait(order(5, {"/bin/true"}));
  ASSERT_EQ(records(), 2u);
  runner_->not_counted(late.id, late.number);
  catch_up();
  EXPECT_EQ(records(), 2u) << "start and result of the command of catch_up only";
}

TEST_F(process_adoption, an_attempt_settled_before_its_end_leaves_nothing) {
  run(order(5, waiting_command()));
  ASSERT_TRUE(alive_.wait_for(1));
  runner_->cancel(job_id{5}, 1);
  runner_->settled(job_id{5}, 1);
  answers_.of(5);
  stop();
  EXPECT_EQ(records(), 0u);
}

TEST_F(process_adoption, an_attempt_never_runs_twice) {
  const auto script = file("count", "#!/bin/sh\necho ran >> " + path("runs") + "\n");
  settings_.allow.push_back(script);
  EXPECT_EQ(run_and_wait(order(5, {script})).error, "");
  stop();
  start();
  runner_->run({order(5, {script})});
  auto last = run_and_wait(order(6, {script}));
  EXPECT_EQ(last.error, "");
  EXPECT_EQ(read_file(path("runs")).value(), "ran\nran\n") << "once for each of the two jobs";
}

TEST_F(process_adoption, a_killed_node_leaves_its_process_to_the_next) {
  std::string mode = "node", records = settings_.records_dir, how = "wait", alive = alive_.path(), gate = gate_.path();
  std::string program = helper_;
  char* arguments[] = {program.data(), mode.data(),  records.data(), program.data(),
                       how.data(),     alive.data(), gate.data(),    nullptr};
  pid_t node = 0;
  ASSERT_EQ(::posix_spawn(&node, program.c_str(), nullptr, nullptr, arguments, environ), 0);
  ASSERT_TRUE(alive_.wait_for(1));
  ::kill(node, SIGKILL);
  ::waitpid(node, nullptr, 0);
  start();
  EXPECT_EQ(adopted(), (std::vector<attempt_key>{{job_id{77}, 1}}));
  open_gate();
  EXPECT_EQ(answers_.of(77).error, "exit code 7");
  EXPECT_EQ(answers_.count(77), 1u);
}

TEST_F(process_adoption, attempts_of_before_a_restart_of_the_machine_are_lost) {
  start();
  process_start start{
      {job_id{5}, 3}, {::getpid(), 1, "00000000-0000-0000-0000-000000000000"}, wall_time{milliseconds{9}}, "/bin/x"};
  ASSERT_TRUE(process_records{settings_.records_dir}.write_start(start));
  EXPECT_EQ(adopted(), (std::vector<attempt_key>{{job_id{5}, 3}}));
  auto result = answers_.of(5, 3);
  EXPECT_EQ(result.outcome, attempt_outcome::lost);
  EXPECT_EQ(result.error, "the machine was restarted while it ran");
  EXPECT_EQ(result.started_at, start.started_at);
}

TEST_F(process_adoption, another_process_with_the_number_of_a_helper_is_not_taken_for_it) {
  start();
  auto other = own_process_name();
  other.start_ticks -= 1;
  ASSERT_TRUE(process_records{settings_.records_dir}.write_start({{job_id{5}, 1}, other, {}, "/bin/x"}));
  EXPECT_EQ(adopted().size(), 1u);
  EXPECT_THAT(answers_.of(5).error, HasSubstr("ended while the node was down, without a result"));
}

TEST_F(process_adoption, records_that_can_not_be_read_are_lost_attempts) {
  start();
  file("records/5-1.start", "garbage", 0600);
  file("records/6-1.result", "", 0600);
  file("records/7-1.start.unfinished", "gar", 0600);
  file("records/notes.txt", "of somebody", 0600);
  EXPECT_EQ(restart(), (std::vector<attempt_key>{{job_id{5}, 1}, {job_id{6}, 1}}));
  EXPECT_THAT(answers_.of(5).error,
              HasSubstr("its start record can't be read: " + path("records/5-1.start") + ": not a whole record"));
  EXPECT_THAT(answers_.of(6).error, HasSubstr("its result can't be read: "));
  for (uint64_t id : {5, 6}) runner_->settled(job_id{id}, 1);
  stop();
  EXPECT_EQ(answers_.of(5).outcome, attempt_outcome::lost);
}

TEST_F(process_adoption, a_folder_that_takes_no_records_starts_nothing) {
  start();
  std::filesystem::create_directories(path("records/5-1.start.unfinished")); // in the way of the record
  auto result = run_and_wait(order(5, {"/bin/sh", "-c", "echo ran > " + path("ran")}));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_FALSE(result.started);
  EXPECT_THAT(result.error,
              HasSubstr("without a record it could run twice: could not write " + path("records/5-1.start")));
  EXPECT_FALSE(std::filesystem::exists(path("ran")));
}

TEST_F(process_adoption, a_result_that_can_not_be_written_is_answered_all_the_same) {
  start();
  std::filesystem::create_directories(path("records/5-1.result"));
  EXPECT_EQ(run_and_wait(order(5, {"/bin/sh", "-c", "exit 4"})).error, "exit code 4");
}

TEST_F(process_adoption, a_folder_in_use_by_another_node_is_refused) {
  start();
  auto other = settings_;
  other.lock_patience = milliseconds{20};
  EXPECT_THROW(make_process_runner(other, identity_, clock_, answers_.sink()), std::runtime_error);
  EXPECT_EQ(result_of({"/bin/true"}).error, "") << "and the first one works on";
}

TEST_F(process_adoption, a_helper_that_is_missing_or_is_none_is_named) {
  settings_.helper_path = path("missing");
  EXPECT_THROW(start(), std::runtime_error);
  settings_.helper_path = "/bin/true"; // is there, but is no helper
  for (uint64_t id : {1, 2}) {
    auto result = run_and_wait(order(id, {"/bin/true"}));
    EXPECT_FALSE(result.started);
    EXPECT_EQ(result.error, "the process host /bin/true ends without doing anything");
  }
}

TEST_F(process_adoption, a_host_that_was_killed_is_replaced_and_its_helpers_go_on) {
  run(order(5, waiting_command()));
  ASSERT_TRUE(alive_.wait_for(1));
  auto result = run_and_wait(order(6, {"/bin/sh", "-c", R"(kill -KILL $(cut -d' ' -f4 /proc/$PPID/stat))"}));
  EXPECT_EQ(result.error, "");
  // What is sent to a host that nobody has seen dying is lost, and tried again by its scheduler.
  EXPECT_THAT(result_of({"/bin/true"}).outcome, AnyOf(attempt_outcome::succeeded, attempt_outcome::lost));
  EXPECT_EQ(result_of({"/bin/true"}).error, "") << "either way the host is a new one now";
  open_gate();
  EXPECT_EQ(answers_.of(5).error, "exit code 7");
}

TEST_F(process_adoption, open_files_do_not_grow) {
  auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
  };
  for (int warm_up = 0; warm_up < 3; ++warm_up) catch_up();
  auto before = open_files();
  for (uint64_t id = 1; id <= 100; ++id) run(order(id, {"/bin/true"}));
  for (uint64_t id = 1; id <= 100; ++id) EXPECT_EQ(answers_.of(id).outcome, attempt_outcome::succeeded);
  catch_up();
  EXPECT_EQ(open_files(), before);
}

} // namespace
} // namespace wheelwork::process_test
