// Attempts that end from outside, with a clock that the test moves.
#include "targets/awaited_acks.hpp"

#include "tests/api/manual_clock.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::target_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using wheelwork::testing::manual_clock;

class awaited_acks_test : public ::testing::Test {
protected:
  void expect(uint64_t id, milliseconds timeout, std::string worker = "", milliseconds lease = 0ms,
              bool settles = false) {
    std::vector<awaited_attempt> one;
    one.push_back({make_order(worker_target{"mail"}, {}, timeout, id), clock.wall_now(), sink, std::move(worker), lease,
                   settles});
    acks.expect(std::move(one));
  }
  void advance(milliseconds span) {
    clock.advance(span);
    acks.expire();
  }
  static attempt_ack ack_of(uint64_t id, bool succeeded = true, std::string error = "") {
    return {job_id{id}, 1, succeeded, std::move(error), R"({"a":1})"};
  }
  void acknowledge(attempt_ack ack) {
    acks.acknowledge(std::move(ack), [this](ack_verdict verdict) { verdicts.push_back(verdict); });
  }

  manual_clock clock;
  std::shared_ptr<worker_gauges> gauges = std::make_shared<worker_gauges>();
  std::vector<attempt_result> results;
  std::vector<ack_verdict> verdicts;
  std::shared_ptr<const results_sink> sink = std::make_shared<const results_sink>([this](auto ended) {
    for (auto& each : ended) results.push_back(std::move(each));
  });
  awaited_acks acks{clock, gauges};
};

TEST_F(awaited_acks_test, an_acknowledgement_ends_the_attempt_once_and_may_be_repeated) {
  expect(1, 60s);
  EXPECT_EQ(gauges->acks, 1u);
  advance(5s);
  acknowledge(ack_of(1));
  acknowledge(ack_of(1));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::succeeded);
  EXPECT_EQ(results[0].response, R"({"a":1})");
  EXPECT_EQ(results[0].started_at, manual_clock::start_wall);
  EXPECT_EQ(results[0].finished_at, manual_clock::start_wall + 5s);
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::accepted, ack_verdict::accepted));
  advance(2min);
  EXPECT_EQ(results.size(), 1u);
  EXPECT_EQ(gauges->acks, 0u);
}

TEST_F(awaited_acks_test, another_acknowledgement_of_an_ended_attempt_is_refused) {
  expect(1, 60s);
  acknowledge(ack_of(1, false, "no space"));
  EXPECT_EQ(results.at(0).outcome, attempt_outcome::failed);
  EXPECT_EQ(results.at(0).error, "no space");
  acknowledge(ack_of(1, true));
  auto other_error = ack_of(1, false, "no paper");
  acknowledge(other_error);
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::accepted, ack_verdict::refused, ack_verdict::refused));
  EXPECT_EQ(results.size(), 1u);
}

TEST_F(awaited_acks_test, nothing_is_known_of_other_attempts) {
  expect(1, 60s);
  auto other = ack_of(1);
  other.number = 2;
  acknowledge(other);
  acknowledge(ack_of(9));
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::unknown, ack_verdict::unknown));
  EXPECT_TRUE(results.empty());
}

TEST_F(awaited_acks_test, without_an_acknowledgement_it_times_out_at_its_millisecond) {
  expect(1, 60s);
  advance(59'999ms);
  EXPECT_TRUE(results.empty());
  EXPECT_EQ(acks.expire(), clock.steady_now() + 1ms);
  advance(1ms);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::timed_out);
  EXPECT_THAT(results[0].error, HasSubstr("60s"));
  acknowledge(ack_of(1));
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::unknown)); // the journal knows how it ended
}

TEST_F(awaited_acks_test, a_lease_that_runs_out_is_a_failed_attempt_that_names_the_worker) {
  expect(1, 60s, "host-1", 30s);
  EXPECT_EQ(gauges->leases, 1u);
  advance(30s);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::failed);
  EXPECT_THAT(results[0].error, HasSubstr("host-1"));
  EXPECT_EQ(gauges->leases, 0u);
  EXPECT_EQ(acks.extend(job_id{1}, 1, std::nullopt), std::nullopt);
}

TEST_F(awaited_acks_test, heartbeats_extend_the_lease_up_to_the_timeout) {
  expect(1, 60s, "host-1", 30s);
  advance(29s);
  EXPECT_EQ(acks.extend(job_id{1}, 1, std::nullopt), 30s);
  advance(29s);
  EXPECT_EQ(acks.extend(job_id{1}, 1, 10s), 2s); // 58 s of 60 s are over
  advance(1'999ms);
  EXPECT_TRUE(results.empty());
  advance(1ms);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::timed_out);
  EXPECT_THAT(results[0].error, HasSubstr("host-1"));
}

TEST_F(awaited_acks_test, a_heartbeat_after_the_end_extends_nothing_even_before_anybody_looked) {
  expect(1, 60s, "host-1", 30s);
  expect(2, 60s);
  clock.advance(30s);
  EXPECT_EQ(acks.extend(job_id{1}, 1, std::nullopt), std::nullopt);
  EXPECT_EQ(acks.extend(job_id{2}, 1, std::nullopt), std::nullopt); // nobody holds it
  EXPECT_EQ(acks.extend(job_id{3}, 1, std::nullopt), std::nullopt);
}

TEST_F(awaited_acks_test, the_answer_of_a_job_waits_for_the_commit) {
  expect(1, 60s, "host-1", 30s, true);
  acknowledge(ack_of(1));
  acknowledge(ack_of(1));
  acknowledge(ack_of(1, false, "no"));
  EXPECT_EQ(results.size(), 1u);
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::refused));
  advance(2min); // its lease is over, but it has its result
  EXPECT_EQ(results.size(), 1u);
  EXPECT_EQ(acks.extend(job_id{1}, 1, std::nullopt), std::nullopt);
  acks.settled(job_id{1}, 1);
  acknowledge(ack_of(1));
  EXPECT_THAT(verdicts,
              ElementsAre(ack_verdict::refused, ack_verdict::accepted, ack_verdict::accepted, ack_verdict::accepted));
}

TEST_F(awaited_acks_test, a_result_that_came_too_late_is_refused) {
  expect(1, 60s, "host-1", 30s, true);
  acknowledge(ack_of(1));
  acks.not_counted(job_id{1}, 1);
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::refused));
}

TEST_F(awaited_acks_test, a_cancelled_attempt_ends_so_and_a_forgotten_one_not_at_all) {
  expect(1, 60s, "host-1", 30s);
  expect(2, 60s);
  acks.cancel(job_id{1}, 1);
  EXPECT_TRUE(acks.forget(job_id{2}, 1));
  EXPECT_FALSE(acks.forget(job_id{2}, 1));
  acks.cancel(job_id{2}, 1);
  advance(2min);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::cancelled);
  EXPECT_THAT(results[0].error, HasSubstr("host-1"));
}

TEST_F(awaited_acks_test, says_when_something_is_due_earlier_than_before) {
  int earlier = 0;
  acks.on_earlier = [&] { ++earlier; };
  expect(1, 60s);
  expect(2, 90s);
  EXPECT_EQ(earlier, 1);
  expect(3, 60s, "host-1", 1s);
  EXPECT_EQ(earlier, 2);
}

TEST_F(awaited_acks_test, a_target_that_hands_over_is_answered_through_its_own_sink) {
  auto shared = std::make_shared<awaited_acks>(clock);
  std::vector<attempt_result> answered;
  const ack_awaiter await_ack{shared, [&](auto ended) { answered.push_back(std::move(ended.at(0))); }};
  EXPECT_FALSE(ack_awaiter{});
  await_ack(make_order(worker_target{"mail"}, {}, 60s, 7), clock.wall_now());
  await_ack(make_order(worker_target{"mail"}, {}, 60s, 8), clock.wall_now());
  EXPECT_TRUE(await_ack.forget(job_id{8}, 1));
  shared->acknowledge(ack_of(7), [](ack_verdict verdict) { EXPECT_EQ(verdict, ack_verdict::accepted); });
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].id, job_id{7});
}

TEST_F(awaited_acks_test, no_result_comes_after_the_stop) {
  expect(1, 60s);
  acks.stop();
  advance(2min);
  acknowledge(ack_of(1));
  EXPECT_TRUE(results.empty());
  EXPECT_THAT(verdicts, ElementsAre(ack_verdict::unknown));
}

} // namespace
} // namespace wheelwork::target_test
