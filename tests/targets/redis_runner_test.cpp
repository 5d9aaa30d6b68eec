#include "targets/redis_runner.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/targets/runner_fixture.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wheelwork::target_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

redis_target list_target(completion complete = completion::on_accept) {
  return {"main", "mails", false, redis_target::list_end::left, complete};
}
redis_target stream_target(completion complete = completion::on_accept) {
  return {"main", "mails", true, redis_target::list_end::left, complete};
}

class redis_runner_test : public ::testing::Test {
protected:
  void TearDown() override {
    if (runner_) runner_->stop();
  }
  runner& started(ack_awaiter acks = {}) {
    broker_connections connections;
    connections.redis["main"].url = server_.url();
    connections.redis["mistaken"].url = "rediss://localhost";
    runner_ = make_redis_runner(connections, test_identity(), machine_clock(), results_.sink(), std::move(acks));
    return *runner_;
  }
  static std::vector<attempt_order> one(attempt_order order) {
    std::vector<attempt_order> orders;
    orders.push_back(std::move(order));
    return orders;
  }
  attempt_result result_of(attempt_order order) {
    const auto before = results_.count();
    if (!runner_) started();
    runner_->run(one(std::move(order)));
    return results_.wait(before + 1).back();
  }
  std::vector<std::string> list() { return server_.list({"LRANGE", "mails", "0", "-1"}); }

  redis_server server_;
  result_collector results_;
  std::unique_ptr<runner> runner_;
};

TEST_F(redis_runner_test, pushes_the_bytes_as_they_are_at_the_end_that_is_asked_for) {
  const std::string bytes{"\0\xff\r\n", 4};
  auto first = result_of(make_order(list_target(), payload::json(R"({ "a" : 1.0 })")));
  EXPECT_EQ(first.outcome, attempt_outcome::succeeded) << first.error;
  EXPECT_EQ(first.response, R"({"length":1})");
  result_of(make_order(list_target(), payload::bytes(bytes, "application/x")));
  auto right = list_target();
  right.push = redis_target::list_end::right;
  result_of(make_order(right));
  EXPECT_THAT(list(), ElementsAre(bytes, R"({ "a" : 1.0 })", ""));
}

TEST_F(redis_runner_test, adds_an_entry_with_all_that_names_the_attempt) {
  auto order = make_order(stream_target(), payload::bytes("\xff", "application/x"), milliseconds{10'000}, 77);
  order.number = 3;
  order.what.origin = job_origin::fire;
  order.what.fire_time = wall_time{milliseconds{1'795'248'000'000}};
  const auto result = result_of(order);
  EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
  const auto entries = server_.list({"XRANGE", "mails", "-", "+"});
  ASSERT_THAT(entries, SizeIs(1));
  const auto id = entries[0].substr(0, entries[0].find('\n'));
  EXPECT_EQ(entries[0], id + "\npayload\n\xff\ncontent_type\napplication/x\njob_id\n77\nattempt\n3\ntrace_id\n" +
                            trace_id_of(job_id{77}, test_identity().database_secret) +
                            "\nfire_time\n2026-11-21T08:00:00.000Z\nidempotency_key\n" +
                            idempotency_key_of(job_id{77}, test_identity().database_secret) + "\n\n");
  EXPECT_EQ(result.response, R"({"entry":")" + id + R"("})");
}

TEST_F(redis_runner_test, what_comes_from_a_pool_says_where_it_was) {
  auto order = make_order(stream_target(), payload::json("1"), milliseconds{10'000}, 77);
  order.from = std::make_shared<const message_origin>(
      message_origin{"p", "kafka", "incoming", 3, "17", "customer-9", "same-for-ever"});
  EXPECT_EQ(result_of(order).outcome, attempt_outcome::succeeded);
  EXPECT_THAT(
      server_.list({"XRANGE", "mails", "-", "+"}),
      ::testing::ElementsAre(HasSubstr("idempotency_key\nsame-for-ever\npool\np\nsource\nkafka\ntopic\nincoming\n"
                                       "partition\n3\noffset\n17\nmessage_key\ncustomer-9\n")));
}

TEST_F(redis_runner_test, thousands_are_written_in_order_and_answered_each) {
  std::vector<attempt_order> orders;
  for (uint64_t id = 1; id <= 20'000; ++id)
    orders.push_back(make_order(list_target(), payload::json(std::to_string(id)), milliseconds{30'000}, id));
  started().run(std::move(orders));
  std::set<uint64_t> answered;
  for (const auto& result : results_.wait(20'000)) {
    EXPECT_EQ(result.outcome, attempt_outcome::succeeded) << result.error;
    answered.insert(value_of(result.id));
  }
  EXPECT_EQ(answered.size(), 20'000u);
  const auto written = list();
  ASSERT_EQ(written.size(), 20'000u);
  EXPECT_EQ(written.front(), "20000");
  EXPECT_EQ(written.back(), "1");
}

TEST_F(redis_runner_test, with_on_ack_a_list_gets_what_an_acknowledgement_needs_and_that_ends_it) {
  const auto acks = std::make_shared<awaited_acks>(machine_clock());
  started(ack_awaiter{acks, results_.sink()});
  runner_->run(one(make_order(list_target(completion::on_ack), payload::json(R"({"big":12345678901234567890})"),
                              milliseconds{10'000}, 5)));
  result_of(make_order(list_target(), payload::json("0"), milliseconds{10'000}, 6)); // so that the first is written
  EXPECT_EQ(results_.count(), 1u) << "the first still waits";
  const auto text = list().at(1);
  const auto message = nlohmann::json::parse(text);
  EXPECT_EQ(message["job_id"], "5");
  EXPECT_EQ(message["attempt"], 1);
  EXPECT_THAT(text, HasSubstr(R"("payload":{"big":12345678901234567890}})"));
  attempt_ack ack;
  ack.id = job_id{5};
  ack.number = 1;
  std::optional<ack_verdict> answered;
  acks->acknowledge(std::move(ack), [&](ack_verdict verdict) { answered = verdict; });
  const auto ended = results_.wait(2).back();
  EXPECT_EQ(ended.id, job_id{5});
  EXPECT_EQ(ended.outcome, attempt_outcome::succeeded) << ended.error;
  EXPECT_EQ(answered, std::nullopt) << "not before its end is committed";
  runner_->settled(job_id{5}, 1);
  EXPECT_EQ(answered, ack_verdict::accepted);
}

TEST_F(redis_runner_test, what_waits_for_its_acknowledgement_can_be_cancelled) {
  const auto acks = std::make_shared<awaited_acks>(machine_clock());
  started(ack_awaiter{acks, results_.sink()});
  runner_->run(one(make_order(stream_target(completion::on_ack), {}, milliseconds{10'000}, 5)));
  result_of(make_order(stream_target(), {}, milliseconds{10'000}, 6));
  runner_->cancel(job_id{5}, 1);
  EXPECT_EQ(results_.wait(2).back().outcome, attempt_outcome::cancelled);
}

TEST_F(redis_runner_test, a_write_that_failed_waits_for_no_acknowledgement) {
  const auto acks = std::make_shared<awaited_acks>(machine_clock());
  started(ack_awaiter{acks, results_.sink()});
  server_.run({"SET", "mails", "text"});
  const auto result = result_of(make_order(stream_target(completion::on_ack)));
  EXPECT_EQ(result.outcome, attempt_outcome::failed);
  EXPECT_THAT(result.error, HasSubstr("the key mails holds no stream"));
  EXPECT_FALSE(acks->forget(job_id{1}, 1)) << "it is known no more";
}

TEST_F(redis_runner_test, without_who_waits_on_ack_fails) {
  EXPECT_THAT(result_of(make_order(list_target(completion::on_ack))).error, HasSubstr("on_ack"));
  EXPECT_THAT(list(), IsEmpty());
}

TEST_F(redis_runner_test, unknown_and_mistaken_connections_are_named) {
  auto target = list_target();
  target.connection = "other";
  const auto unknown = result_of(make_order(target));
  EXPECT_FALSE(unknown.started);
  EXPECT_THAT(unknown.error, HasSubstr("[redis.other]"));
  target.connection = "mistaken";
  EXPECT_THAT(result_of(make_order(target)).error, HasSubstr("rediss://"));
}

TEST_F(redis_runner_test, a_server_that_is_away_fails_attempts_and_is_found_again) {
  result_of(make_order(list_target()));
  server_.crash();
  EXPECT_THAT(result_of(make_order(list_target())).error, HasSubstr("Redis at"));
  server_.start();
  const auto end = machine_clock().steady_now() + std::chrono::seconds{20};
  while (result_of(make_order(list_target())).outcome != attempt_outcome::succeeded)
    ASSERT_LT(machine_clock().steady_now(), end);
}

TEST_F(redis_runner_test, a_server_that_stands_still_lets_attempts_time_out_or_be_cancelled) {
  result_of(make_order(list_target()));
  server_.signal(SIGSTOP);
  const auto late = result_of(make_order(list_target(), {}, milliseconds{50}, 2));
  EXPECT_EQ(late.outcome, attempt_outcome::timed_out);
  EXPECT_THAT(late.error, HasSubstr("may be there"));
  runner_->run(one(make_order(list_target(), {}, milliseconds{60'000}, 3)));
  runner_->cancel(job_id{3}, 1);
  EXPECT_EQ(results_.wait(3).back().outcome, attempt_outcome::cancelled);
  server_.signal(SIGCONT);
  const auto after = result_of(make_order(list_target(), {}, milliseconds{10'000}, 4));
  EXPECT_EQ(after.outcome, attempt_outcome::succeeded) << after.error;
  EXPECT_EQ(results_.count(), 4u) << "late answers of Redis are nobody's";
}

TEST_F(redis_runner_test, a_full_server_is_told) {
  server_.run({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_THAT(result_of(make_order(list_target())).error, HasSubstr("out of memory"));
}

} // namespace
} // namespace wheelwork::target_test
