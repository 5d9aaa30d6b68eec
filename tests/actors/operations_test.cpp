// What the API asks of the node, through the actors: deletes that take jobs with them, bulk changes, and why a change
// was refused.
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

class operations_test : public node_in_a_box {
protected:
  void SetUp() override { start(); }

  answer_of<size_t> ask_changes(bool retry, bulk_filter filter) {
    auto answer = std::make_shared<std::optional<result<size_t, service_error>>>();
    operations_->change_jobs(retry, std::move(filter),
                             [answer](result<size_t, service_error> came) { *answer = std::move(came); });
    settle();
    return answer;
  }
  size_t change(bool retry, bulk_filter filter = {}) {
    auto answer = ask_changes(retry, std::move(filter));
    if (!accepted(answer)) throw std::runtime_error{"the change was refused"};
    return ***answer;
  }
  std::vector<job_id> push_for_task(const std::string& task, size_t count) {
    auto answer = ask_push(std::vector<std::string>(count, R"({"delay":"2h","task":")" + task + "\"}"));
    settle();
    if (!accepted(answer)) throw std::runtime_error{"the push was refused"};
    std::vector<job_id> ids;
    for (auto& one : ***answer) ids.push_back(one.id);
    return ids;
  }
};

TEST_F(operations_test, deleting_a_task_cancels_its_waiting_jobs_and_leaves_the_running_one) {
  put("t", R"("schedule":{"every":"1h"})");
  auto running = run_by_hand("t");
  auto waiting = push_for_task("t", 3);
  auto stranger = push(R"("delay":"2h")");
  remove("t");
  for (auto id : waiting) EXPECT_EQ(job_of(id).state, job_state::cancelled);
  EXPECT_NE(job_of(running).state, job_state::cancelled);
  EXPECT_EQ(job_of(stranger).state, job_state::pending);
  finish(running);
  EXPECT_EQ(job_of(running).state, job_state::succeeded);
}

TEST_F(operations_test, a_delete_goes_on_past_a_thousand_waiting_jobs) {
  put("t", R"("schedule":{"every":"1h"})");
  push_for_task("t", 2500);
  remove("t");
  EXPECT_TRUE(jobs_in(job_state::pending).empty());
  EXPECT_EQ(jobs_in(job_state::cancelled).size(), 2500u);
}

TEST_F(operations_test, bulk_changes_count_what_they_changed) {
  for (int each = 0; each < 5; ++each) push(R"("delay":"1h")");
  bulk_filter some;
  some.limit = 3;
  EXPECT_EQ(change(false, some), 3u);
  EXPECT_EQ(change(false), 2u);
  EXPECT_EQ(change(false), 0u);
  EXPECT_EQ(change(true), 5u);
  EXPECT_TRUE(jobs_in(job_state::cancelled).empty());
}

TEST_F(operations_test, a_bulk_change_without_a_limit_goes_through_all) {
  put("t", R"("schedule":{"every":"1h"})");
  push_for_task("t", 2500);
  bulk_filter of_task;
  of_task.task_name = "t";
  bulk_filter some = of_task;
  some.limit = 1200;
  EXPECT_EQ(change(false, some), 1200u);
  EXPECT_EQ(change(false, of_task), 1301u) << "and the fire that is prepared; the next one takes its place";
  EXPECT_EQ(jobs_in(job_state::pending).size(), 1u);
  EXPECT_EQ(change(true, of_task), 2501u);
  EXPECT_TRUE(jobs_in(job_state::cancelled).empty());
}

TEST_F(operations_test, a_bulk_change_that_can_not_be_committed_is_refused) {
  push(R"("delay":"1h")");
  fail_commits();
  EXPECT_TRUE(refused(ask_changes(false, {}), service_errc::unavailable));
  heal();
  advance(10s);
  EXPECT_EQ(change(false), 1u);
}

TEST_F(operations_test, a_refused_change_says_whether_the_job_is_unknown_or_in_the_wrong_state) {
  with.succeed = true;
  auto id = push();
  finish(id);
  auto late = ask_cancel(id), unknown = ask_cancel(job_id{12345}), wrong = ask_retry(id);
  settle();
  EXPECT_TRUE(refused(late, service_errc::conflict));
  EXPECT_TRUE(refused(unknown, service_errc::not_found));
  EXPECT_TRUE(refused(wrong, service_errc::conflict));
}

} // namespace
} // namespace wheelwork::testing
