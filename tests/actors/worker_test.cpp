// Jobs for workers: pending until somebody polls, one worker at a time, and what becomes of them when things break.
#include "tests/actors/node_in_a_box.hpp"

namespace wheelwork::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using worker_test = node_in_a_box;

TEST_F(worker_test, a_job_is_pending_until_a_worker_polls_and_then_runs) {
  start();
  auto id = push_for_worker("mail", R"("timeout":"60s")");
  advance(1h);
  EXPECT_EQ(job_of(id).state, job_state::pending);
  EXPECT_EQ(attempts(id), "");
  EXPECT_EQ(statistics->in_flight, 0u);
  EXPECT_EQ(statistics->queued, 1u);
  auto got = poll({"mail"});
  EXPECT_THAT(got->ids(), ElementsAre(id));
  EXPECT_EQ(job_of(id).state, job_state::running);
  EXPECT_EQ(attempts(id), "1:runs");
  advance(20s);
  EXPECT_EQ(acknowledge(id), ack_verdict::accepted);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  EXPECT_EQ(attempts(id), "1:succeeded");
  EXPECT_EQ(statistics->in_flight, 0u);
  EXPECT_EQ(budget->jobs(), 0u);
}

TEST_F(worker_test, a_poll_that_waits_gets_a_job_as_soon_as_there_is_one) {
  start();
  auto waiting = poll({"mail"});
  EXPECT_FALSE(waiting->answered);
  auto other = push_for_worker("other");
  EXPECT_FALSE(waiting->answered);
  auto id = push_for_worker("mail");
  EXPECT_THAT(waiting->ids(), ElementsAre(id));
  EXPECT_EQ(job_of(other).state, job_state::pending);
}

TEST_F(worker_test, a_poll_that_does_not_wait_gets_what_is_there) {
  start();
  auto id = push_for_worker("mail", R"("retry":{"limit":0})");
  auto got = ask_poll({"mail"}, 10, 0s);
  workers->expire(); // long before the start is committed
  settle();
  EXPECT_THAT(got->ids(), ElementsAre(id));
  EXPECT_EQ(attempts(id), "1:runs");
  auto none = ask_poll({"mail"}, 10, 0s);
  workers->expire();
  settle();
  EXPECT_TRUE(none->answered);
  EXPECT_THAT(none->ids(), IsEmpty());
  EXPECT_EQ(statistics->workers.polls, 0u);
  auto later = push_for_worker("mail");
  EXPECT_EQ(job_of(later).state, job_state::pending);
}

TEST_F(worker_test, a_poll_whose_wait_ends_while_its_jobs_are_cancelled_is_answered) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    start();
    auto id = push_for_worker("mail");
    auto got = ask_poll({"mail"}, 10, 0s);
    auto cancelled = ask_cancel(id);
    deliver(seed);
    workers->expire();
    settle(seed);
    EXPECT_TRUE(accepted(cancelled));
    EXPECT_TRUE(got->answered);
    EXPECT_EQ(job_of(id).state, job_state::cancelled);
    EXPECT_EQ(statistics->workers.polls, 0u);
    EXPECT_EQ(statistics->in_flight, 0u);
    auto next = push_for_worker("mail");
    EXPECT_THAT(poll({"mail"})->ids(), ElementsAre(next));
    EXPECT_EQ(acknowledge(next), ack_verdict::accepted);
    crash();
  }
}

TEST_F(worker_test, each_job_goes_to_exactly_one_poll_the_highest_priority_first) {
  start();
  auto low = push_for_worker("mail", R"("priority":1)"), high = push_for_worker("mail", R"("priority":9)"),
       other = push_for_worker("other", R"("priority":5)");
  auto first = ask_poll({"mail"}, 1), second = ask_poll({"other", "mail"}, 10), third = ask_poll({"mail"}, 10);
  settle();
  EXPECT_THAT(first->ids(), ElementsAre(high));
  EXPECT_THAT(second->ids(), ElementsAre(other, low));
  EXPECT_FALSE(third->answered);
}

TEST_F(worker_test, credit_that_a_poll_did_not_use_is_gone_with_it) {
  start();
  auto over = poll({"mail"}, 10, 5s), gone = poll({"mail"});
  advance(5s);
  EXPECT_TRUE(over->answered);
  workers->withdraw(gone->number);
  settle();
  auto id = push_for_worker("mail");
  advance(1min);
  EXPECT_EQ(job_of(id).state, job_state::pending);
  EXPECT_FALSE(gone->answered);
  EXPECT_EQ(statistics->workers.polls, 0u);
}

TEST_F(worker_test, no_poll_is_given_more_than_its_share_of_bytes) {
  start();
  const std::string large(1 << 20, 'x');
  for (int each = 0; each < 10; ++each) push_for_worker("mail", R"("payload":")" + large + "\"");
  EXPECT_EQ(poll({"mail"}, 100)->jobs.size(), 4u);
  EXPECT_EQ(poll({"mail"}, 100)->jobs.size(), 4u);
  EXPECT_EQ(poll({"mail"}, 100)->jobs.size(), 2u);
}

TEST_F(worker_test, a_lease_that_runs_out_is_a_failed_attempt_and_the_next_is_another_number) {
  start();
  auto id = push_for_worker("mail", R"("retry":{"delays":["10s"]})");
  EXPECT_EQ(poll({"mail"})->jobs.at(0).order.number, 1u);
  advance(30s);
  EXPECT_EQ(attempts(id), "1:failed");
  EXPECT_THAT(job_of(id).attempts.at(0).error, HasSubstr("host-1"));
  auto again = poll({"mail"});
  advance(10s);
  ASSERT_EQ(again->jobs.size(), 1u);
  EXPECT_EQ(again->jobs[0].order.number, 2u);
  EXPECT_EQ(acknowledge(id, 1), ack_verdict::unknown) << "the journal knows how it ended";
  EXPECT_EQ(acknowledge(id, 2), ack_verdict::accepted);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
}

TEST_F(worker_test, a_failed_attempt_is_retried_by_the_rules_of_its_job) {
  start();
  auto id = push_for_worker("mail", R"("retry":{"delays":["1s"]})");
  poll({"mail"});
  EXPECT_EQ(acknowledge(id, 1, false), ack_verdict::accepted);
  EXPECT_EQ(job_of(id).state, job_state::pending);
  advance(1s);
  poll({"mail"});
  EXPECT_EQ(acknowledge(id, 2, false), ack_verdict::accepted);
  EXPECT_EQ(job_of(id).state, job_state::dead);
  EXPECT_EQ(attempts(id), "1:failed 2:failed");
}

TEST_F(worker_test, an_acknowledgement_is_answered_after_its_commit) {
  start();
  auto id = push_for_worker("mail");
  poll({"mail"});
  fail_commits();
  auto answer = ask_ack(id);
  advance(2s);
  EXPECT_FALSE(answer->has_value());
  heal();
  advance(10s);
  EXPECT_EQ(*answer, ack_verdict::accepted);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
}

TEST_F(worker_test, no_worker_gets_a_job_before_its_start_is_committed) {
  start();
  auto id = push_for_worker("mail");
  fail_commits();
  auto waiting = poll({"mail"});
  advance(2s);
  EXPECT_FALSE(waiting->answered);
  heal();
  advance(10s);
  EXPECT_THAT(waiting->ids(), ElementsAre(id));
}

TEST_F(worker_test, a_job_that_comes_for_a_poll_that_left_goes_to_the_next_one) {
  start();
  auto id = push_for_worker("mail", R"("retry":{"limit":0})");
  auto gone = ask_poll({"mail"});
  deliver_until([&] { return job_of(id).state == job_state::running; });
  workers->withdraw(gone->number);
  settle();
  EXPECT_FALSE(gone->answered);
  auto next = poll({"mail"});
  EXPECT_THAT(next->ids(), ElementsAre(id));
  EXPECT_EQ(next->jobs.at(0).order.number, 2u);
  EXPECT_EQ(acknowledge(id, 2), ack_verdict::accepted);
  EXPECT_EQ(attempts(id), "1:lost 2:succeeded");
}

TEST_F(worker_test, an_answer_that_did_not_arrive_costs_no_retry) {
  start();
  auto id = push_for_worker("mail", R"("retry":{"limit":0})");
  poll({"mail"});
  workers->give_back({{id, 1}});
  settle();
  EXPECT_EQ(job_of(id).state, job_state::pending);
  EXPECT_THAT(poll({"mail"})->ids(), ElementsAre(id));
}

TEST_F(worker_test, cancelling_takes_it_from_the_queue_or_from_its_worker) {
  start();
  auto waiting = push_for_worker("mail");
  cancel(waiting);
  EXPECT_EQ(job_of(waiting).state, job_state::cancelled);
  EXPECT_FALSE(poll({"mail"}, 10, 0s)->jobs.size());
  auto held = push_for_worker("mail");
  poll({"mail"});
  cancel(held);
  EXPECT_EQ(job_of(held).state, job_state::cancelled);
  EXPECT_EQ(acknowledge(held), ack_verdict::unknown);
  EXPECT_EQ(attempts(held), "1:cancelled");
  EXPECT_EQ(statistics->in_flight, 0u);
}

TEST_F(worker_test, cancelling_at_any_moment_of_a_hand_over_leaves_no_job_running) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    with.shards = 3;
    start();
    std::vector<job_id> ids;
    for (int each = 0; each < 3; ++each) ids.push_back(push_for_worker("mail"));
    auto got = ask_poll({"mail"});
    auto cancelled = ask_cancel(ids[seed % 3]);
    settle(seed);
    EXPECT_TRUE(accepted(cancelled));
    EXPECT_EQ(job_of(ids[seed % 3]).state, job_state::cancelled);
    EXPECT_TRUE(got->answered);
    for (auto& each : got->jobs)
      EXPECT_EQ(acknowledge(each.order.what.id),
                each.order.what.id == ids[seed % 3] ? ack_verdict::unknown : ack_verdict::accepted);
    EXPECT_EQ(statistics->in_flight, 0u);
    EXPECT_EQ(jobs_in(job_state::running).size(), 0u);
    crash();
  }
}

TEST_F(worker_test, polls_that_come_and_go_lose_no_job) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    with.shards = 2;
    start();
    std::vector<job_id> ids;
    for (int each = 0; each < 6; ++each) ids.push_back(push_for_worker("mail"));
    std::set<job_id> done;
    for (int round = 0; round < 40 && done.size() < ids.size(); ++round) {
      auto leaves = ask_poll({"mail"}, 2), stays = ask_poll({"mail"}, 2, 1s);
      if (round % 2 == 0) workers->withdraw(leaves->number);
      deliver(seed + static_cast<unsigned>(round));
      if (!leaves->answered) workers->withdraw(leaves->number);
      settle(seed);
      advance(1s);
      for (auto& each : {leaves, stays})
        for (auto& job : each->jobs) {
          EXPECT_EQ(acknowledge(job.order.what.id, job.order.number), ack_verdict::accepted);
          EXPECT_TRUE(done.insert(job.order.what.id).second) << "given to two workers";
        }
    }
    EXPECT_EQ(done.size(), ids.size());
    for (auto id : ids) EXPECT_EQ(job_of(id).state, job_state::succeeded);
    crash();
  }
}

TEST_F(worker_test, a_job_that_waits_survives_any_number_of_crashes_without_an_attempt) {
  start();
  auto id = push_for_worker("mail");
  for (int each = 0; each < 8; ++each) {
    advance(10s);
    crash();
    start();
  }
  EXPECT_EQ(job_of(id).state, job_state::pending);
  EXPECT_EQ(attempts(id), "");
  EXPECT_THAT(poll({"mail"})->ids(), ElementsAre(id));
}

TEST_F(worker_test, what_a_worker_holds_is_lost_with_the_node_and_never_counted_as_its_fault) {
  start();
  auto id = push_for_worker("mail", R"("retry":{"limit":0})");
  for (uint32_t each = 1; each <= 8; ++each) {
    EXPECT_EQ(poll({"mail"})->jobs.at(0).order.number, each);
    crash();
    start();
    EXPECT_EQ(acknowledge(id, each), ack_verdict::unknown);
  }
  EXPECT_EQ(poll({"mail"})->jobs.at(0).order.number, 9u);
  EXPECT_EQ(acknowledge(id, 9), ack_verdict::accepted);
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
}

TEST_F(worker_test, a_job_that_must_not_run_twice_waits_as_long_as_it_takes) {
  start();
  auto id = push_for_worker("mail", R"("delivery":"at_most_once")"),
       held = push_for_worker("held", R"("delivery":"at_most_once")");
  poll({"held"});
  crash();
  start();
  EXPECT_EQ(job_of(held).state, job_state::dead) << "nobody knows what its worker did";
  EXPECT_THAT(poll({"mail"})->ids(), ElementsAre(id));
  EXPECT_EQ(acknowledge(id), ack_verdict::accepted);
}

TEST_F(worker_test, a_fire_that_waits_for_a_worker_is_not_missed_after_a_crash) {
  start();
  auto answer = ask_put("hourly", R"({"schedule":{"cron":"30 * * * *"},"target":{"worker":{"queue":"mail"}},)"
                                  R"("misfire":"skip","misfire_grace":"1s","overlap":"allow"})");
  settle();
  ASSERT_TRUE(accepted(answer));
  advance(1h);
  ASSERT_EQ(statistics->queued, 1u);
  advance(10min);
  crash();
  start();
  auto got = poll({"mail"});
  ASSERT_EQ(got->jobs.size(), 1u);
  EXPECT_EQ(got->jobs[0].order.what.fire_time, at(30min));
}

TEST_F(worker_test, a_clean_stop_waits_for_no_worker) {
  start();
  auto held = push_for_worker("mail"), waiting = push_for_worker("other");
  poll({"mail"});
  EXPECT_TRUE(stop_clean(1s));
  start();
  EXPECT_EQ(attempts(held), "1:lost");
  EXPECT_EQ(attempts(waiting), "");
  EXPECT_THAT(poll({"mail"})->ids(), ElementsAre(held));
}

TEST_F(worker_test, a_stop_waits_for_the_acknowledgement_of_what_a_worker_holds) {
  start();
  auto id = push_for_worker("mail");
  poll({"mail"});
  caf::anon_send(actors_.dispatcher, drain{actors_.keeper, 1h});
  advance(10s);
  EXPECT_EQ(acknowledge(id, 1), ack_verdict::accepted);
  EXPECT_TRUE(stop_clean(1h));
  start();
  EXPECT_EQ(job_of(id).state, job_state::succeeded);
  EXPECT_EQ(attempts(id), "1:succeeded");
}

TEST_F(worker_test, a_stop_takes_starts_back_that_no_worker_saw) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    start();
    auto id = push_for_worker("mail");
    auto got = ask_poll({"mail"});
    caf::anon_send(actors_.dispatcher, drain{actors_.keeper, 1s});
    settle(seed);
    EXPECT_TRUE(stop_clean(1s));
    start();
    auto left = got->jobs.empty() ? poll({"mail"}) : got;
    ASSERT_THAT(left->ids(), ElementsAre(id));
    if (left != got) {
      EXPECT_EQ(acknowledge(id, left->jobs[0].order.number), ack_verdict::accepted);
    } else {
      cancel(id); // its worker holds an attempt that was lost with the stop
    }
    crash();
  }
}

} // namespace
} // namespace wheelwork::testing
