// Polls, leases and messages of pools, with a clock that the test moves and no thread.
#include "targets/worker_runner.hpp"

#include "tests/api/manual_clock.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <gmock/gmock.h>

#include <future>

namespace wheelwork::target_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wheelwork::testing::manual_clock;

class worker_runner_test : public ::testing::Test {
protected:
  struct poll_result {
    uint64_t number = 0;
    bool answered = false;
    std::vector<uint64_t> ids;
    std::vector<leased_job> jobs;
  };
  using poll_ptr = std::shared_ptr<poll_result>;

  poll_ptr poll(std::vector<std::string> queues, size_t max = 10, milliseconds wait = 30s, milliseconds lease = 30s) {
    auto made = std::make_shared<poll_result>();
    made->number = runner->poll({std::move(queues), "host-1", max, wait, lease}, [made](std::vector<leased_job> jobs) {
      EXPECT_FALSE(made->answered) << "answered twice";
      made->answered = true;
      for (auto& each : jobs) made->ids.push_back(value_of(each.order.what.id));
      made->jobs = std::move(jobs);
    });
    return made;
  }
  static attempt_order order(uint64_t id, std::string queue = "mail", milliseconds timeout = 60s) {
    return make_order(worker_target{std::move(queue)}, {}, timeout, id);
  }
  static attempt_order message(uint64_t id, std::string queue = "mail", uint8_t priority = 5) {
    auto made = order(id, std::move(queue));
    made.what.priority = priority & 15;
    made.from = std::make_shared<const message_origin>();
    return made;
  }
  void run(std::vector<attempt_order> orders, uint64_t for_poll = 0) {
    for (auto& each : orders) each.poll = for_poll;
    runner->run(std::move(orders));
  }
  void advance(milliseconds span) {
    clock.advance(span);
    runner->expire();
    acks->expire();
  }
  ack_verdict acknowledge(uint64_t id) {
    auto given = ack_verdict::unknown;
    acks->acknowledge({job_id{id}, 1, true, "", ""}, [&](ack_verdict verdict) { given = verdict; });
    return given;
  }

  manual_clock clock;
  std::vector<std::pair<uint64_t, size_t>> asked; ///< poll and how many
  std::vector<uint64_t> withdrawn, ended;
  std::set<uint64_t> busy; ///< polls to which something is on its way when they end
  std::vector<attempt_result> results;
  std::shared_ptr<worker_gauges> gauges = std::make_shared<worker_gauges>();
  std::shared_ptr<awaited_acks> acks = std::make_shared<awaited_acks>(clock, gauges);
  std::shared_ptr<worker_runner> runner = make_worker_runner(
      acks,
      {[this](uint64_t number, const std::vector<std::string>&, size_t max) { asked.emplace_back(number, max); },
       [this](uint64_t number) { withdrawn.push_back(number); },
       [this](uint64_t number, const std::function<void()>& free) {
         ended.push_back(number);
         if (!busy.contains(number)) free();
       }},
      clock,
      [this](std::vector<attempt_result> ended) {
        for (auto& each : ended) results.push_back(std::move(each));
      },
      gauges, false);
};

TEST_F(worker_runner_test, a_poll_asks_and_is_answered_with_what_comes_for_it) {
  auto waiting = poll({"mail"}, 10);
  EXPECT_THAT(asked, ElementsAre(std::pair{waiting->number, size_t{10}}));
  EXPECT_EQ(gauges->polls, 1u);
  advance(10s);
  EXPECT_FALSE(waiting->answered);
  run({order(1), order(2)}, waiting->number);
  EXPECT_THAT(waiting->ids, ElementsAre(1, 2));
  EXPECT_EQ(gauges->polls, 0u);
  EXPECT_EQ(gauges->leases, 2u);
  EXPECT_EQ(waiting->jobs[0].lease, 30s);
  EXPECT_EQ(waiting->jobs[0].timeout, 60s);
  EXPECT_THAT(withdrawn, IsEmpty());
}

TEST_F(worker_runner_test, the_timeout_begins_when_a_worker_gets_the_job) {
  auto waiting = poll({"mail"}, 1, 10min, 5min);
  advance(5min);
  run({order(1, "mail", 60s)}, waiting->number);
  EXPECT_EQ(waiting->jobs.at(0).lease, 60s) << "at most the timeout";
  advance(59s);
  EXPECT_THAT(results, IsEmpty());
  advance(1s);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::timed_out);
  EXPECT_EQ(results[0].started_at, manual_clock::start_wall + 5min);
}

TEST_F(worker_runner_test, a_poll_without_jobs_is_answered_at_the_end_of_its_wait) {
  auto shorter = poll({"mail"}, 1, 10s), longer = poll({"mail"}, 1, 20s), none = poll({"mail"}, 1, 0s);
  advance(0s);
  EXPECT_TRUE(none->answered);
  advance(9'999ms);
  EXPECT_FALSE(shorter->answered);
  EXPECT_EQ(runner->expire(), clock.steady_now() + 1ms);
  advance(1ms);
  EXPECT_TRUE(shorter->answered);
  EXPECT_THAT(shorter->ids, IsEmpty());
  EXPECT_FALSE(longer->answered);
  EXPECT_THAT(ended, ElementsAre(none->number, shorter->number));
}

TEST_F(worker_runner_test, what_is_on_its_way_at_the_end_of_a_wait_is_its_answer) {
  auto last = poll({"mail"}, 1, 1s);
  busy = {last->number};
  advance(1s);
  EXPECT_THAT(ended, ElementsAre(last->number));
  EXPECT_FALSE(last->answered);
  run({order(1)}, last->number);
  EXPECT_THAT(last->ids, ElementsAre(1));
  EXPECT_THAT(results, IsEmpty());
}

TEST_F(worker_runner_test, what_comes_for_a_poll_that_is_over_goes_back) {
  auto gone = poll({"mail"}), over = poll({"mail"}, 1, 1s);
  runner->withdraw(gone->number);
  runner->withdraw(gone->number);
  advance(1s);
  EXPECT_THAT(withdrawn, ElementsAre(gone->number));
  EXPECT_THAT(ended, ElementsAre(over->number));
  run({order(1)}, gone->number);
  run({order(2)}, over->number);
  EXPECT_FALSE(gone->answered);
  ASSERT_EQ(results.size(), 2u);
  for (auto& each : results) {
    EXPECT_EQ(each.outcome, attempt_outcome::lost);
    EXPECT_FALSE(each.started);
  }
  EXPECT_EQ(acknowledge(1), ack_verdict::unknown);
}

TEST_F(worker_runner_test, an_answer_that_did_not_arrive_gives_its_jobs_back_at_once) {
  auto waiting = poll({"mail"});
  run({order(1), order(2)}, waiting->number);
  runner->give_back({{job_id{1}, 1}, {job_id{2}, 1}, {job_id{3}, 1}});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::lost);
  EXPECT_FALSE(results[0].started);
  EXPECT_EQ(gauges->leases, 0u);
}

TEST_F(worker_runner_test, messages_of_pools_wait_for_a_worker_and_their_timeout_too) {
  run({message(1), message(2, "mail", 9), message(3, "other")});
  advance(1h);
  EXPECT_THAT(results, IsEmpty());
  auto first = poll({"mail"}, 1);
  EXPECT_THAT(first->ids, ElementsAre(2));
  auto second = poll({"mail", "other"}, 10);
  EXPECT_THAT(second->ids, ElementsAre(1, 3));
  EXPECT_THAT(asked, IsEmpty()) << "they took nothing from the dispatcher";
  EXPECT_EQ(acknowledge(1), ack_verdict::accepted) << "a message has no commit to wait for";
  advance(30s);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_THAT(results[1].error, HasSubstr("host-1"));
}

TEST_F(worker_runner_test, messages_of_pools_go_to_the_polls_that_wait_longest) {
  auto other = poll({"other"}), first = poll({"mail"}, 2), second = poll({"mail"}, 2);
  run({message(1), message(2), message(3)});
  EXPECT_THAT(first->ids, ElementsAre(1, 2));
  EXPECT_THAT(second->ids, ElementsAre(3));
  EXPECT_FALSE(other->answered);
  EXPECT_THAT(withdrawn, ElementsAre(first->number, second->number));
}

TEST_F(worker_runner_test, a_message_that_did_not_arrive_waits_again) {
  auto waiting = poll({"mail"});
  run({message(1)});
  runner->give_back({{job_id{1}, 1}});
  EXPECT_THAT(results, IsEmpty());
  EXPECT_THAT(poll({"mail"})->ids, ElementsAre(1));
}

TEST_F(worker_runner_test, a_cancelled_attempt_is_told_wherever_it_is) {
  run({message(1)});
  runner->cancel(job_id{1}, 1);
  auto waiting = poll({"mail"});
  EXPECT_FALSE(waiting->answered);
  run({order(2)}, waiting->number);
  runner->cancel(job_id{2}, 1);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].outcome, attempt_outcome::cancelled);
  EXPECT_FALSE(results[0].started);
  EXPECT_EQ(results[1].outcome, attempt_outcome::cancelled);
  EXPECT_TRUE(results[1].started);
  EXPECT_EQ(acknowledge(2), ack_verdict::unknown);
}

TEST_F(worker_runner_test, a_stop_answers_polls_with_nothing) {
  auto waiting = poll({"mail"});
  run({message(1, "other")});
  runner->stop();
  EXPECT_TRUE(waiting->answered);
  EXPECT_THAT(waiting->ids, IsEmpty());
  auto late = poll({"other"});
  EXPECT_TRUE(late->answered);
  EXPECT_THAT(late->ids, IsEmpty());
}

TEST(worker_runner_with_a_thread, ends_waits_and_leases_by_itself) {
  auto acks = std::make_shared<awaited_acks>(machine_clock());
  result_collector results;
  auto runner =
      make_worker_runner(acks, {[](auto&&...) {}, [](uint64_t) {}, [](uint64_t, const auto& free) { free(); }},
                         machine_clock(), results.sink());
  std::promise<size_t> over;
  runner->poll({{"mail"}, "host-1", 1, 20ms, 30s}, [&](const auto& jobs) { over.set_value(jobs.size()); });
  EXPECT_EQ(over.get_future().get(), 0u);
  const auto number = runner->poll({{"mail"}, "host-1", 1, 30s, 100ms}, [](const auto&) {});
  auto one = make_order(worker_target{"mail"});
  one.poll = number;
  std::vector<attempt_order> orders;
  orders.push_back(std::move(one));
  runner->run(std::move(orders));
  EXPECT_EQ(results.wait(1).at(0).outcome, attempt_outcome::failed);
  runner->stop();
}

} // namespace
} // namespace wheelwork::target_test
