// Plain structures that actors are made of.
#include "actors/hot_budget.hpp"
#include "actors/node_statistics.hpp"
#include "actors/outcome_decision.hpp"
#include "schedule/dispatch_queue.hpp"
#include "schedule/id_generator.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(dispatch_queue_test, the_highest_priority_first_and_in_order_within) {
  dispatch_queue<int> queue{10, 10};
  queue.push(1, "a", 5);
  queue.push(2, "a", 9);
  queue.push(3, "a", 5);
  EXPECT_THAT(queue.take(10), ElementsAre(2, 1, 3));
}

TEST(dispatch_queue_test, a_full_lane_holds_up_nobody_else) {
  dispatch_queue<int> queue{10, 2};
  for (int job : {1, 2, 3}) queue.push(job, "slow", 9);
  queue.push(4, "quick", 0);
  EXPECT_THAT(queue.take(10), ElementsAre(1, 2, 4));
  EXPECT_TRUE(queue.take(10).empty());
  queue.finished("slow");
  EXPECT_THAT(queue.take(10), ElementsAre(3));
}

TEST(dispatch_queue_test, lanes_take_turns) {
  dispatch_queue<int> queue{10, 10};
  for (int job : {1, 2}) queue.push(job, "a", 5);
  for (int job : {11, 12}) queue.push(job, "b", 5);
  EXPECT_THAT(queue.take(10), ElementsAre(1, 11, 2, 12));
}

TEST(dispatch_queue_test, never_more_at_once_than_the_limit) {
  dispatch_queue<int> queue{2, 10};
  for (int job : {1, 2, 3, 4}) queue.push(job, "a", 5);
  queue.running_already("a");
  EXPECT_EQ(queue.take(10).size(), 1u);
  EXPECT_EQ(queue.running(), 2u);
  queue.finished("a");
  queue.finished("a");
  EXPECT_EQ(queue.take(10).size(), 2u);
}

TEST(dispatch_queue_test, what_is_taken_back_never_comes_out) {
  dispatch_queue<int> queue{1, 1};
  for (int job : {1, 2, 3, 4}) queue.push(job, job % 2 ? "a" : "b", static_cast<uint8_t>(job));
  EXPECT_THAT(queue.take_back([](int job) { return job == 4 || job == 1; }), ::testing::UnorderedElementsAre(1, 4));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_THAT(queue.take(1), ElementsAre(3));
  queue.finished("a");
  EXPECT_THAT(queue.take(1), ElementsAre(2));
}

TEST(id_generator_test, passes_no_reservation) {
  id_generator ids;
  EXPECT_FALSE(ids.next(1000));
  ids.reserve(*ids.reservation_needed(1000, 1));
  EXPECT_TRUE(ids.next(1000));
  EXPECT_FALSE(ids.next(ids.reserved_until()));
}

TEST(id_generator_test, grows_whatever_the_clock_does) {
  id_generator ids;
  ids.start_above(5000);
  std::pair<uint64_t, uint64_t> last{};
  for (uint64_t each = 0; each < 5000; ++each) {
    auto clock = each % 3 == 0 ? 4000 : 5000 + each / 100;
    if (auto until = ids.reservation_needed(clock, 1)) ids.reserve(*until);
    auto made = ids.next(clock);
    ASSERT_TRUE(made);
    EXPECT_GE(made->first, 5000u);
    EXPECT_LE(made->second, id_generator::sequence_max);
    EXPECT_GT(*made, last);
    last = *made;
  }
}

TEST(id_generator_test, a_reservation_reaches_for_as_many_as_it_was_asked_for) {
  id_generator ids;
  for (uint64_t count : {1u, 1024u, 10'000u, 200'000u}) {
    if (auto until = ids.reservation_needed(1000, count)) ids.reserve(*until);
    for (uint64_t each = 0; each < count; ++each) ASSERT_TRUE(ids.next(1000)) << count;
  }
}

TEST(hot_budget_test, has_room_until_jobs_or_bytes_are_full) {
  hot_budget jobs{2, 1'000'000};
  jobs.add(0);
  EXPECT_TRUE(jobs.has_room());
  jobs.add(0);
  EXPECT_FALSE(jobs.has_room());
  jobs.remove(0);
  EXPECT_TRUE(jobs.has_room());
  hot_budget bytes{1000, 1000};
  bytes.add(1000);
  EXPECT_FALSE(bytes.has_room());
  bytes.remove(1000);
  EXPECT_TRUE(bytes.has_room());
}

job job_with(delivery_mode delivery, uint32_t limit) {
  resolved_target how;
  how.delivery = delivery;
  how.retry.limit = limit;
  how.retry.delays = {10s};
  job what;
  what.id = job_id{7};
  what.how = std::make_shared<const resolved_target>(std::move(how));
  return what;
}

attempt_result ended(attempt_outcome outcome) {
  attempt_result result;
  result.id = job_id{7};
  result.number = 1;
  result.outcome = outcome;
  return result;
}

const wall_time noon{milliseconds{1'790'000'000'000}};

TEST(outcome_decision_test, a_failure_is_tried_again_while_retries_are_left) {
  auto what = job_with(delivery_mode::at_least_once, 1);
  auto verdict = decide_outcome(what, ended(attempt_outcome::failed), "n", noon, 0.5, true);
  auto& again = std::get<job_again>(verdict);
  EXPECT_EQ(again.due_at, noon + 10s);
  EXPECT_EQ(again.retries_used, 1u);
  auto next = after(what, again);
  EXPECT_EQ(next.attempt, 1u);
  auto last = decide_outcome(next, ended(attempt_outcome::timed_out), "n", noon, 0.5, true);
  EXPECT_EQ(std::get<job_end>(last).state, job_state::dead);
}

TEST(outcome_decision_test, at_most_once_is_never_tried_again) {
  auto what = job_with(delivery_mode::at_most_once, 5);
  auto failed = decide_outcome(what, ended(attempt_outcome::failed), "n", noon, 0.5, true);
  EXPECT_EQ(std::get<job_end>(failed).state, job_state::dead);
  auto lost = decide_outcome(what, ended(attempt_outcome::lost), "n", noon, 0.5, true);
  EXPECT_EQ(std::get<job_end>(lost).reason, reason_unknown_outcome);
}

TEST(outcome_decision_test, an_attempt_that_never_began_uses_nothing_up) {
  auto what = job_with(delivery_mode::at_most_once, 0);
  auto result = ended(attempt_outcome::lost);
  result.started = false;
  auto verdict = decide_outcome(what, result, "n", noon, 0.5, true);
  auto& again = std::get<job_again>(verdict);
  EXPECT_EQ(again.lost_in_row, 0u);
  EXPECT_EQ(again.ended.number, 1u);
  EXPECT_FALSE(again.ended.error.empty());
}

TEST(outcome_decision_test, lost_attempts_use_up_no_retry_and_the_fifth_in_a_row_is_the_end) {
  auto what = job_with(delivery_mode::at_least_once, 0);
  for (int each = 1; each < 5; ++each) {
    auto verdict = decide_lost(what, attempt_record{}, noon);
    auto& again = std::get<job_again>(verdict);
    EXPECT_EQ(again.retries_used, 0u);
    what = after(what, again);
    EXPECT_EQ(what.careful(), each >= 2);
  }
  EXPECT_EQ(std::get<job_end>(decide_lost(what, attempt_record{}, noon)).reason, reason_crashed_node);
}

TEST(outcome_decision_test, an_outcome_ends_a_row_of_losses) {
  auto what = job_with(delivery_mode::at_least_once, 3);
  what.lost_in_row = 4;
  auto verdict = decide_outcome(what, ended(attempt_outcome::failed), "n", noon, 0.5, true);
  EXPECT_EQ(std::get<job_again>(verdict).lost_in_row, 0u);
}

std::chrono::steady_clock::time_point second(int64_t number) {
  return std::chrono::steady_clock::time_point{std::chrono::seconds{number}};
}

TEST(rate_meter_test, is_the_average_of_whole_seconds_since_the_first) {
  rate_meter meter;
  EXPECT_EQ(meter.per_second(second(5)), 0);
  for (int64_t at = 100; at < 110; ++at) meter.add(second(at), 20);
  EXPECT_DOUBLE_EQ(meter.per_second(second(110)), 20);
  EXPECT_DOUBLE_EQ(meter.per_second(second(120)), 10);
}

TEST(rate_meter_test, forgets_after_a_minute) {
  rate_meter meter;
  meter.add(second(100), 6000);
  EXPECT_DOUBLE_EQ(meter.per_second(second(160)), 100);
  EXPECT_DOUBLE_EQ(meter.per_second(second(161)), 0);
  meter.add(second(100'000), 60);
  EXPECT_DOUBLE_EQ(meter.per_second(second(100'001)), 1);
}

TEST(lateness_meter_test, tells_percentiles_to_two_percent) {
  lateness_meter meter;
  std::vector<std::chrono::microseconds> values;
  for (int64_t each = 1; each <= 1000; ++each) values.emplace_back(each * 100);
  meter.add(second(100), values);
  auto all = meter.summarize(second(101));
  EXPECT_EQ(all.count, 1000u);
  EXPECT_NEAR(all.p50_ms, 50, 1);
  EXPECT_NEAR(all.p99_ms, 99, 2);
  EXPECT_DOUBLE_EQ(all.max_ms, 100);
  EXPECT_EQ(meter.summarize(second(200)).count, 0u);
}

TEST(live_counter_test, counts_changes_that_the_first_count_did_not_see) {
  live_counter live;
  EXPECT_FALSE(live.now());
  live.add(0, 1, 5);
  live.add(1, 1, 7);
  live.add(0, 2, 3);
  live.set_base({1, 0}, 10);
  EXPECT_EQ(live.now(), 20u);
  live.add(0, 3, -4);
  EXPECT_EQ(live.now(), 16u);
}

} // namespace
} // namespace wheelwork
