#include "targets/native_attempts.hpp"
#include "targets/native_result.hpp"
#include "targets/native_runner.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork::target_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A door that handlers wait at until the test opens it.
class gate {
public:
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void wait_until_reached(size_t count = 1) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  size_t waiting_ = 0;
};

class native_runner_test : public ::testing::Test {
protected:
  ~native_runner_test() override {
    gate_.open();
    if (runner_) runner_->stop();
  }
  runner& started(size_t threads = 2) {
    if (!runner_) runner_ = make_native_runner(registry_, threads, test_identity(), machine_clock(), results_.sink());
    return *runner_;
  }
  void run(attempt_order order) {
    std::vector<attempt_order> orders;
    orders.push_back(std::move(order));
    started().run(std::move(orders));
  }
  attempt_result result_of(const std::string& handler, payload body = {}, milliseconds timeout = milliseconds{10'000}) {
    const auto before = results_.count();
    run(make_order(native_target{handler}, std::move(body), timeout));
    return results_.wait(before + 1).back();
  }

  gate gate_;
  std::shared_ptr<native_registry> registry_ = std::make_shared<native_registry>();
  result_collector results_;
  std::unique_ptr<runner> runner_;
};

TEST_F(native_runner_test, a_batch_of_quick_ones_is_answered_within_run_at_once) {
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 1000; ++id)
    orders.push_back(make_order(native_target{"noop"}, {}, milliseconds{1000}, id));
  started().run(std::move(orders));
  EXPECT_EQ(results_.count(), 1000u);
  EXPECT_EQ(results_.batches(), 1u);
  const auto results = results_.wait(1000);
  EXPECT_EQ(results[999].id, job_id{1000});
  EXPECT_EQ(results[999].outcome, attempt_outcome::succeeded);
}

TEST_F(native_runner_test, sleep_ends_after_its_time_without_a_thread) {
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 200; ++id)
    orders.push_back(make_order(native_target{"sleep"}, payload::json(R"({"ms":50})"), milliseconds{10'000}, id));
  const auto begin = machine_clock().steady_now();
  started(1).run(std::move(orders));
  for (const auto& result : results_.wait(200)) EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  EXPECT_GE(machine_clock().steady_now() - begin, milliseconds{50});
  EXPECT_LT(machine_clock().steady_now() - begin, milliseconds{5'000});
}

TEST_F(native_runner_test, sleep_past_the_timeout_has_timed_out) {
  const auto result = result_of("sleep", payload::json(R"({"ms":60000})"), milliseconds{40});
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(result.error, HasSubstr("40ms"));
}

TEST_F(native_runner_test, sleep_needs_its_payload) {
  for (const auto& body :
       {payload{}, payload::json("{}"), payload::json(R"({"ms":-1})"), payload::json(R"({"ms":1.5})"),
        payload::json("[5]"), payload::json(R"({"ms":18446744073709551615})")}) {
    const auto result = result_of("sleep", body);
    EXPECT_EQ(result.outcome, attempt_outcome::failed);
    EXPECT_THAT(result.error, HasSubstr(R"({"ms": 5})"));
  }
}

TEST_F(native_runner_test, fail_fails_as_often_as_told) {
  auto order = make_order(native_target{"fail"}, payload::json(R"({"times":2})"));
  std::vector<attempt_outcome> outcomes;
  for (order.number = 1; order.number <= 3; ++order.number) {
    run(order);
    outcomes.push_back(results_.wait(order.number).back().outcome);
  }
  EXPECT_THAT(outcomes,
              ::testing::ElementsAre(attempt_outcome::failed, attempt_outcome::failed, attempt_outcome::succeeded));
  EXPECT_EQ(result_of("fail").outcome, attempt_outcome::failed);
}

TEST_F(native_runner_test, an_unknown_handler_names_the_known_ones) {
  registry_->add("reports", [](const native_call&) { return native_outcome{}; });
  const auto result = result_of("repotrs");
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_FALSE(result.started);
  EXPECT_EQ(result.error, "no native handler repotrs: this program has fail, noop, reports, sleep");
}

TEST_F(native_runner_test, a_handler_sees_its_attempt) {
  std::promise<std::string> seen;
  registry_->add("look", [&](const native_call& call) {
    seen.set_value(to_string(call.id) + ' ' + std::to_string(call.attempt) + ' ' + std::string{call.payload} + ' ' +
                   std::string{call.content_type} + ' ' + call.idempotency_key() + ' ' +
                   std::to_string(call.fire_time.time_since_epoch().count()));
    return native_outcome{true, "", R"({"rows":3})", milliseconds{0}};
  });
  const auto result = result_of("look", payload::json("[1]"));
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded);
  EXPECT_EQ(result.response, R"({"rows":3})");
  EXPECT_EQ(seen.get_future().get(),
            "1 1 [1] application/json " + idempotency_key_of(job_id{1}, test_identity().database_secret) + " 0");
}

TEST_F(native_runner_test, what_a_handler_throws_is_its_failure) {
  registry_->add("throws", [](const native_call&) -> native_outcome { throw std::runtime_error{"no such report"}; });
  registry_->add(
      "throws_number", [](const native_call&) -> native_outcome { throw 5; }, handler_kind::quick);
  registry_->add("silent", [](const native_call&) { return native_outcome{false, "", "", milliseconds{0}}; });
  EXPECT_EQ(result_of("throws").error, "no such report");
  EXPECT_EQ(result_of("throws_number").outcome, attempt_outcome::failed);
  EXPECT_EQ(result_of("silent").error, "the handler failed and gave no reason");
}

TEST_F(native_runner_test, a_handler_that_does_not_return_has_timed_out_and_its_word_is_dropped) {
  std::promise<void> told_to_stop;
  registry_->add("blocks", [&](const native_call& call) {
    const std::stop_callback on_stop{call.stop, [&] { told_to_stop.set_value(); }};
    gate_.pass();
    return native_outcome{};
  });
  const auto result = result_of("blocks", {}, milliseconds{50});
  EXPECT_EQ(result.outcome, attempt_outcome::timed_out);
  EXPECT_TRUE(result.started);
  told_to_stop.get_future().get();
  gate_.open();
  EXPECT_EQ(result_of("noop").outcome, attempt_outcome::succeeded);
  started().stop();
  EXPECT_EQ(results_.count(), 2u);
}

TEST_F(native_runner_test, without_a_free_thread_the_attempt_was_not_started) {
  registry_->add("blocks", [&](const native_call&) {
    gate_.pass();
    return native_outcome{};
  });
  started(1);
  run(make_order(native_target{"blocks"}, {}, milliseconds{60'000}, 1));
  gate_.wait_until_reached();
  run(make_order(native_target{"blocks"}, {}, milliseconds{50}, 2));
  const auto waited = results_.wait(1).at(0);
  EXPECT_EQ(waited.id, job_id{2});
  EXPECT_EQ(waited.outcome, attempt_outcome::timed_out);
  EXPECT_FALSE(waited.started);
  EXPECT_THAT(waited.error, HasSubstr("1 of 1 are busy"));
  gate_.open();
  EXPECT_EQ(results_.wait(2).at(1).outcome, attempt_outcome::succeeded);
}

TEST_F(native_runner_test, blocking_handlers_hold_up_no_quick_ones) {
  registry_->add("blocks", [&](const native_call&) {
    gate_.pass();
    return native_outcome{};
  });
  for (uint64_t id = 1; id <= 10; ++id) run(make_order(native_target{"blocks"}, {}, milliseconds{60'000}, id));
  gate_.wait_until_reached(2);
  EXPECT_EQ(result_of("noop").outcome, attempt_outcome::succeeded);
  gate_.open();
  results_.wait(11);
}

TEST_F(native_runner_test, a_blocking_handler_may_finish_later) {
  registry_->add("later", [](const native_call&) { return native_outcome{true, "", "", milliseconds{30}}; });
  const auto begin = machine_clock().steady_now();
  EXPECT_EQ(result_of("later").outcome, attempt_outcome::succeeded);
  EXPECT_GE(machine_clock().steady_now() - begin, milliseconds{30});
  EXPECT_EQ(result_of("later", {}, milliseconds{10}).outcome, attempt_outcome::timed_out);
}

TEST_F(native_runner_test, cancel_answers_at_once_wherever_the_attempt_is) {
  registry_->add("blocks", [&](const native_call&) {
    gate_.pass();
    return native_outcome{};
  });
  started(1);
  run(make_order(native_target{"sleep"}, payload::json(R"({"ms":60000})"), milliseconds{120'000}, 1));
  run(make_order(native_target{"blocks"}, {}, milliseconds{60'000}, 2));
  gate_.wait_until_reached();
  run(make_order(native_target{"blocks"}, {}, milliseconds{60'000}, 3));
  started().cancel(job_id{1}, 9); // no such attempt
  EXPECT_EQ(results_.count(), 0u);
  for (uint64_t id = 1; id <= 3; ++id) {
    started().cancel(job_id{id}, 1);
    const auto result = results_.wait(id).back();
    EXPECT_EQ(result.id, job_id{id});
    EXPECT_EQ(result.outcome, attempt_outcome::cancelled);
    EXPECT_EQ(result.started, id != 3);
  }
}

TEST_F(native_runner_test, stop_leaves_a_handler_behind_that_does_not_return) {
  registry_->add("blocks", [&](const native_call&) {
    gate_.pass();
    return native_outcome{};
  });
  run(make_order(native_target{"blocks"}, {}, milliseconds{60'000}, 1));
  run(make_order(native_target{"sleep"}, payload::json(R"({"ms":60000})"), milliseconds{60'000}, 2));
  gate_.wait_until_reached();
  const auto begin = machine_clock().steady_now();
  started().stop();
  EXPECT_LT(machine_clock().steady_now() - begin, std::chrono::seconds{2});
  EXPECT_EQ(results_.count(), 0u);
  // The thread left behind must be past the gate before the gate goes away with this test.
  std::weak_ptr<native_registry> left = registry_;
  registry_.reset();
  runner_.reset();
  gate_.open();
  while (!left.expired()) std::this_thread::yield();
}

TEST_F(native_runner_test, registry_refuses_what_could_not_be_called) {
  EXPECT_THROW(registry_->add("noop", [](const native_call&) { return native_outcome{}; }), std::invalid_argument);
  EXPECT_THROW(registry_->add("", [](const native_call&) { return native_outcome{}; }), std::invalid_argument);
  EXPECT_THROW(registry_->add("empty", {}), std::invalid_argument);
}

TEST(native_result, responses_are_json_objects) {
  EXPECT_EQ(native_response(""), "");
  EXPECT_EQ(native_response(R"( {"a":1})"), R"( {"a":1})");
  EXPECT_EQ(native_response("[1,2]"), R"({"result":[1,2]})");
  EXPECT_EQ(native_response("done"), R"({"result":"done"})");
  EXPECT_EQ(native_response("\xff"), "{\"result\":\"\xef\xbf\xbd\"}");
  EXPECT_THAT(native_response(std::string(100'000, 'x')),
              AllOf(HasSubstr(R"("truncated":true)"), ::testing::SizeIs(::testing::Lt(66'000u))));
}

TEST(native_attempts, are_due_in_order_of_time) {
  native_attempts attempts;
  const auto at = [](int ms) { return steady_time{milliseconds{ms}}; };
  const auto add = [&](uint64_t id, int times_out, int finish) {
    auto attempt = std::make_shared<native_attempt>();
    attempt->order = make_order(native_target{"sleep"}, {}, milliseconds{1}, id);
    attempt->times_out_at = at(times_out);
    attempt->finish_at = at(finish);
    attempt->now = finish > 0 ? native_attempt::phase::sleeping : native_attempt::phase::queued;
    attempts.add(attempt);
    return attempt;
  };
  const auto late = add(1, 90, 0), early = add(2, 50, 10), middle = add(3, 20, 30);
  EXPECT_EQ(attempts.earliest(), at(10));
  EXPECT_THAT(attempts.take_due(at(9)), IsEmpty());
  EXPECT_THAT(attempts.take_due(at(20)), ::testing::ElementsAre(early, middle));
  EXPECT_FALSE(attempts.remove(early));
  EXPECT_TRUE(attempts.remove(late));
  EXPECT_EQ(attempts.earliest(), std::nullopt);
}

} // namespace
} // namespace wheelwork::target_test
