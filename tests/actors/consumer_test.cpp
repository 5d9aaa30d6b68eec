// Consumers and pools over a backlog in memory: what is acknowledged, tried again, buried and given back; how many
// consumers there are.
#include "actors/consumer_pool.hpp"

#include "messages/journaling.hpp"
#include "tests/actors/deterministic_system.hpp"
#include "tests/actors/manual_clock.hpp"
#include "tests/actors/scripted_runner.hpp"
#include "tests/actors/scripted_source.hpp"

#include "actors/executor.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct ear_state {
  static inline const char* name = "ear";
};

class consumers : public deterministic_system {
protected:
  consumers() {
    auto how = std::make_shared<resolved_target>();
    how->how = native_target{"noop"};
    how->retry.limit = 2;
    how->retry.delays = {1s, 5s};
    how_ = how;
    pool = std::make_shared<pool_definition>();
    pool->name = "orders";
    pool->source = redis_list_source{"a", "orders"};
    pool->how = how_;
    pool->min = 1;
    pool->max = 10;
    pool->dead_letter = "orders:dead";
  }
  ~consumers() override { kill_all(); }

  /// Begins the pool as it is defined now.
  void begin() {
    runner = std::make_shared<scripted_runner>(clock, results_to(dispatcher_actor{}, table, target_kind::native));
    auto shared = std::make_shared<pool_environment>();
    shared->node = "test";
    shared->table = table;
    shared->clock = &clock;
    shared->detached = false;
    shared->patience = 0ms;
    shared->runners[static_cast<size_t>(target_kind::native)] = runner;
    shared->open_source = [this](const source_setup& setup, uint32_t) -> result<std::unique_ptr<source>, std::string> {
      backlog->opened.push_back(setup);
      return std::make_unique<scripted_source>(backlog);
    };
    shared->push = [this](push_request request) { pushed.push_back(std::move(request)); };
    if (translate) shared->translators.emplace(pool->name, translate);
    shared->open_monitor = [this](const source_setup&) -> result<std::unique_ptr<source_monitor>, std::string> {
      return std::make_unique<scripted_monitor>(backlog);
    };
    const auto ear =
        spawn([this](pool_registry_actor::stateful_pointer<ear_state>) -> pool_registry_actor::behavior_type {
          return {
              [](const pools_loaded&) {},
              [](const put_pool&) {},
              [](const delete_pool&) {},
              [this](const pool_happened& heard) { events.push_back(heard.event); },
              [this](const pool_ended&) { ended = true; },
              [](const receipts&) {},
              [](const stop_pools&) {},
              [](const load_pools&) {},
              [](const write_pool_records&) {},
          };
        });
    actor = spawn(consumer_pool, pool_ptr{pool}, pool_environment_ptr{shared}, statistics, ear);
    advance(0ms);
  }

  void advance(milliseconds span) {
    const auto end = steady_now() + span;
    deliver();
    while (steady_now() < end) {
      auto next = end;
      if (auto timeout = next_timeout()) next = std::min(next, *timeout);
      scheduler.advance_time(std::max<caf::timespan>(next - steady_now(), caf::timespan{0}));
      deliver();
    }
  }

  /// The bodies of the messages at the target, in the order in which their attempts began.
  std::vector<std::string> at_target() const {
    std::vector<std::string> bodies;
    for (const auto& one : runner->open) bodies.emplace_back(one.what.body.data());
    return bodies;
  }
  void finish(const std::string& body, attempt_outcome outcome = attempt_outcome::succeeded) {
    const auto found = std::find_if(runner->open.begin(), runner->open.end(),
                                    [&](const auto& one) { return one.what.body.data() == body; });
    ASSERT_NE(found, runner->open.end()) << body << " is not at the target";
    const auto id = found->what.id;
    auto with = runner->result_of(id, outcome);
    with.error = "the test says so";
    runner->finish(id, with);
    deliver();
  }
  void change(const std::function<void(pool_definition&)>& how) {
    auto changed = std::make_shared<pool_definition>(*pool);
    how(*changed);
    pool = changed;
    caf::anon_send(actor, change_pool{pool});
    advance(0ms);
  }
  std::vector<std::string> kinds() const {
    std::vector<std::string> texts;
    for (const auto& event : events) texts.emplace_back(to_string(event.kind));
    return texts;
  }

  manual_clock clock{scheduler};
  std::shared_ptr<const resolved_target> how_;
  std::shared_ptr<pool_definition> pool;
  std::shared_ptr<scripted_backlog> backlog = std::make_shared<scripted_backlog>();
  std::shared_ptr<scripted_runner> runner;
  std::shared_ptr<consumer_table> table = std::make_shared<consumer_table>();
  std::shared_ptr<pool_statistics> statistics = std::make_shared<pool_statistics>();
  consumer_pool_actor actor;
  std::vector<pool_event> events;
  std::vector<push_request> pushed; ///< messages that are to become jobs
  message_translator translate;
  bool ended = false;
};

TEST_F(consumers, acknowledge_a_message_when_its_work_is_done_and_not_before) {
  backlog->add("one");
  begin();
  advance(10s);
  EXPECT_THAT(at_target(), ElementsAre("one"));
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
  finish("one");
  advance(1s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
  EXPECT_THAT(backlog->in_hand, IsEmpty());
}

TEST_F(consumers, have_one_message_at_the_target_unless_the_pool_allows_more) {
  for (const auto* body : {"one", "two", "three"}) backlog->add(body);
  begin();
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("one"));
  change([](pool_definition& changed) { changed.in_flight = 2; });
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("one", "two"));
}

TEST_F(consumers, try_a_failed_message_again_after_its_delays_while_others_go_on) {
  backlog->add("bad");
  backlog->add("good");
  begin();
  finish("bad", attempt_outcome::failed);
  advance(500ms);
  EXPECT_THAT(at_target(), ElementsAre("good")) << "it waits for no retry of another";
  finish("good");
  advance(600ms);
  ASSERT_THAT(at_target(), ElementsAre("bad"));
  EXPECT_EQ(runner->open.front().number, 2u);
  EXPECT_EQ(statistics->waiting_for_retry, 0u);
  finish("bad", attempt_outcome::timed_out);
  EXPECT_EQ(statistics->waiting_for_retry, 1u);
  EXPECT_EQ(statistics->in_hand, 1u);
  advance(4900ms);
  EXPECT_THAT(at_target(), IsEmpty());
  advance(200ms);
  finish("bad");
  advance(1s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("good", "bad"));
  EXPECT_EQ(statistics->in_hand, 0u);
  EXPECT_EQ(statistics->waiting_for_retry, 0u);
  EXPECT_EQ(statistics->failed_attempts, 2u);
}

TEST_F(consumers, bury_a_message_after_its_last_retry_with_the_reason) {
  backlog->add("bad");
  begin();
  for (int attempt = 0; attempt < 3; ++attempt) {
    finish("bad", attempt_outcome::failed);
    advance(6s);
  }
  ASSERT_EQ(backlog->buried.size(), 1u);
  const auto& [bytes, why] = backlog->buried.front();
  EXPECT_EQ(bytes, "bad");
  EXPECT_EQ(why.reason, "retries_exhausted");
  EXPECT_EQ(why.error, "the test says so");
  EXPECT_EQ(why.attempts, 3u);
  EXPECT_THAT(backlog->acknowledged, IsEmpty()) << "burying is its own acknowledgement";
  EXPECT_EQ(statistics->dead_letters, 1u);
  EXPECT_THAT(kinds(), ::testing::Contains("dead_letters"));
}

TEST_F(consumers, keep_the_order_within_a_partition_and_only_there) {
  pool->order = message_order::partition;
  pool->in_flight = 10;
  backlog->add("first of 1", 1);
  backlog->add("second of 1", 1);
  backlog->add("first of 2", 2);
  begin();
  advance(100ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("first of 1", "first of 2"));
  finish("first of 1", attempt_outcome::failed);
  advance(500ms);
  EXPECT_THAT(at_target(), ElementsAre("first of 2")) << "the second of 1 waits behind the retry";
  advance(600ms);
  finish("first of 1");
  advance(100ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("first of 2", "second of 1"));
}

TEST_F(consumers, keep_the_order_within_a_key_and_start_other_keys_beside_it) {
  pool->source = kafka_source{"k", "payments", "billing"};
  pool->order = message_order::key;
  pool->in_flight = 4;
  backlog->add("first of anna", 1, "anna");
  backlog->add("second of anna", 1, "anna");
  backlog->add("first of berta", 1, "berta");
  backlog->add("nobody's", 1);
  backlog->add("nobody's, too", 1);
  begin();
  advance(100ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("first of anna", "first of berta", "nobody's", "nobody's, too"));
  finish("first of anna", attempt_outcome::failed);
  backlog->add("second of berta", 1, "berta");
  finish("first of berta");
  advance(500ms);
  EXPECT_THAT(at_target(), UnorderedElementsAre("second of berta", "nobody's", "nobody's, too"))
      << "the second of anna waits behind the retry, and holds up nobody";
  advance(600ms);
  finish("first of anna");
  advance(100ms);
  EXPECT_THAT(at_target(), ::testing::Contains("second of anna"));
}

TEST_F(consumers, begin_what_was_lost_with_other_consumers_apart_and_have_it_counted_before) {
  pool->in_flight = 10;
  for (const auto* body : {"a", "b", "c", "d"}) backlog->waiting.push_back({body, 0, "", 5});
  backlog->add("new");
  begin();
  advance(0ms);
  EXPECT_THAT(at_target(), ElementsAre("new"));
  size_t largest_step = 0;
  for (int step = 0; step < 81; ++step) {
    const auto before = at_target().size();
    advance(100ms);
    largest_step = std::max(largest_step, at_target().size() - before);
  }
  EXPECT_LT(largest_step, 4u) << "each waits for a moment of its own";
  EXPECT_THAT(at_target(), UnorderedElementsAre("a", "b", "c", "d", "new"));
  EXPECT_EQ(backlog->begun, (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}));
  finish("a", attempt_outcome::failed);
  EXPECT_EQ(backlog->begun["a"], 0) << "this attempt ended, and no consumer with it";
  advance(1100ms);
  EXPECT_EQ(backlog->begun["a"], 1);
}

TEST_F(consumers, begin_no_suspect_that_could_not_be_counted) {
  backlog->waiting.push_back({"suspect", 0, "", 2});
  begin();
  backlog->failure = "away";
  advance(5s);
  EXPECT_THAT(at_target(), IsEmpty());
  backlog->failure.clear();
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("suspect"));
}

TEST_F(consumers, drop_what_comes_of_messages_that_somebody_else_has_now) {
  backlog->add("stolen");
  begin();
  ASSERT_THAT(at_target(), ElementsAre("stolen"));
  backlog->to_lose = {message_token{1}};
  backlog->in_hand.clear();
  backlog->add("next");
  advance(2s);
  EXPECT_EQ(runner->cancelled.size(), 1u);
  finish("stolen");
  advance(1s);
  finish("next");
  advance(2s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("next"));
  EXPECT_EQ(statistics->in_flight, 0u);
}

TEST_F(consumers, go_on_when_a_source_that_failed_works_again) {
  backlog->add("one");
  begin();
  backlog->failure = "connection refused";
  advance(2s);
  finish("one");
  advance(5s);
  EXPECT_EQ(statistics->status(steady_now()).failure, "connection refused");
  EXPECT_FALSE(statistics->status(steady_now()).lag) << "unknown is not zero";
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
  backlog->failure.clear();
  backlog->add("two");
  advance(2s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
  EXPECT_THAT(at_target(), ElementsAre("two"));
  EXPECT_EQ(statistics->status(steady_now()).failure, "");
  EXPECT_THAT(kinds(), ElementsAre("scaled", "failing", "working"));
}

TEST_F(consumers, of_a_failing_source_do_not_call_it_without_a_pause) {
  backlog->failure = "connection refused";
  begin();
  const auto before = backlog->calls;
  advance(10s);
  EXPECT_LT(backlog->calls - before, 100u);
  EXPECT_GT(backlog->calls - before, 10u);
}

TEST_F(consumers, are_as_many_as_the_minimum_at_once) {
  pool->min = 3;
  begin();
  EXPECT_EQ(backlog->open, 3u);
  EXPECT_EQ(statistics->consumers, 3u);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].consumers_before, 0u);
  EXPECT_EQ(events[0].consumers, 3u);
}

TEST_F(consumers, follow_the_backlog_and_never_pass_the_maximum) {
  pool->policy = lag_step_policy{.lag_limit = 100, .messages_per_consumer = 50, .hold = 60s, .interval = 10s};
  pool->max = 4;
  for (int message = 0; message < 1000; ++message) backlog->add("m" + std::to_string(message));
  begin();
  advance(30s);
  EXPECT_EQ(statistics->consumers, 4u);
  EXPECT_EQ(backlog->open, 4u);
  const auto& decision = events.back();
  EXPECT_EQ(decision.kind, pool_event::what::scaled);
  EXPECT_GT(decision.lag.value_or(0), 100u) << "the lag that caused it stands beside it";
  EXPECT_FALSE(decision.reason.empty());
}

TEST_F(consumers, are_not_more_than_partitions) {
  pool->policy = lag_step_policy{.lag_limit = 10, .messages_per_consumer = 1, .hold = 60s, .interval = 1s};
  backlog->partitions = 2;
  for (int message = 0; message < 100; ++message) backlog->add("m" + std::to_string(message));
  begin();
  advance(10s);
  EXPECT_EQ(statistics->consumers, 2u);
}

TEST_F(consumers, stay_as_many_as_they_are_while_the_lag_cannot_be_read) {
  pool->policy = lag_step_policy{.lag_limit = 10, .messages_per_consumer = 10, .hold = 60s, .interval = 1s};
  for (int message = 0; message < 100; ++message) backlog->add("m" + std::to_string(message));
  begin();
  advance(3s);
  const uint32_t before = statistics->consumers;
  ASSERT_GT(before, 1u);
  backlog->failure = "away";
  advance(300s);
  EXPECT_EQ(statistics->consumers, before);
}

TEST_F(consumers, that_leave_finish_what_is_at_the_target_and_give_back_the_rest) {
  pool->in_flight = 2;
  for (const auto* body : {"one", "two", "three", "four"}) backlog->add(body);
  begin();
  advance(500ms);
  ASSERT_THAT(at_target(), ElementsAre("one", "two"));
  change([](pool_definition& changed) { changed.paused = true; });
  finish("two");
  EXPECT_EQ(backlog->open, 1u) << "one is not done";
  ASSERT_EQ(backlog->waiting.size(), 2u);
  EXPECT_EQ(backlog->waiting.front().bytes, "three") << "to be taken next";
  finish("one");
  advance(1s);
  EXPECT_EQ(backlog->open, 0u);
  EXPECT_THAT(backlog->acknowledged, UnorderedElementsAre("one", "two"));
  EXPECT_THAT(backlog->in_hand, IsEmpty());
  change([](pool_definition& changed) { changed.paused = false; });
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("three", "four"));
}

TEST_F(consumers, that_leave_give_back_what_the_target_has_not_begun) {
  pool->in_flight = 2;
  for (const auto* body : {"one", "two", "three"}) backlog->add(body);
  begin();
  advance(500ms);
  ASSERT_THAT(at_target(), ElementsAre("one", "two"));
  runner->may_take_back = [](const job& what) { return what.body.data() == "one"; };
  change([](pool_definition& changed) { changed.paused = true; });
  advance(1s);
  EXPECT_THAT(at_target(), ElementsAre("two"));
  EXPECT_EQ(backlog->open, 1u) << "a worker has two";
  EXPECT_EQ(backlog->waiting.size(), 2u);
  EXPECT_EQ(backlog->waiting.front().bytes, "one") << "in its order";
  EXPECT_EQ(statistics->in_flight, 1u);
  finish("two");
  advance(1s);
  EXPECT_EQ(backlog->open, 0u);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("two"));
}

TEST_F(consumers, that_crash_are_replaced) {
  begin();
  backlog->crash = true;
  backlog->add("one");
  advance(2s);
  EXPECT_EQ(backlog->opened.size(), 2u);
  EXPECT_EQ(backlog->open, 1u);
  EXPECT_EQ(statistics->consumers, 1u);
  EXPECT_THAT(at_target(), ElementsAre("one"));
  EXPECT_THAT(kinds(), ::testing::Contains("failing"));
}

TEST_F(consumers, change_their_number_and_target_without_losing_their_place) {
  backlog->add("one");
  begin();
  ASSERT_THAT(at_target(), ElementsAre("one"));
  change([](pool_definition& changed) { changed.min = changed.max = 3; });
  EXPECT_EQ(backlog->open, 3u);
  change([](pool_definition& changed) { changed.min = changed.max = 1; });
  finish("one");
  advance(1s);
  EXPECT_EQ(backlog->open, 1u);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
}

TEST_F(consumers, of_a_pool_that_ends_all_leave) {
  pool->min = 2;
  backlog->add("one");
  begin();
  advance(100ms);
  caf::anon_send(actor, end_pool{});
  advance(1s);
  EXPECT_FALSE(ended) << "a message is still at the target";
  finish("one");
  advance(1s);
  EXPECT_TRUE(ended);
  EXPECT_EQ(backlog->open, 0u);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("one"));
}

TEST_F(consumers, count_no_waiting_for_messages_as_work) {
  backlog->add("one");
  begin();
  advance(20ms);
  backlog->on_empty_take = [this] { scheduler.advance_time(std::chrono::seconds{1}); };
  finish("one");
  backlog->on_empty_take = nullptr;
  EXPECT_GE(statistics->busy_microseconds, 20'000u);
  EXPECT_LT(statistics->busy_microseconds, 100'000u);
}

TEST_F(consumers, tell_targets_where_a_message_came_from) {
  pool->source = kafka_source{"k", "payments", "billing"};
  backlog->add(R"({"a":1})", 7);
  backlog->add("\xff\xfe");
  pool->in_flight = 2;
  std::vector<attempt_order> orders;
  begin();
  runner->on_order = [&](const attempt_order& order) { orders.push_back(order); };
  backlog->add(R"({"b":2})", 3);
  change([](pool_definition& changed) { changed.in_flight = 3; });
  advance(1s);
  ASSERT_EQ(orders.size(), 1u);
  ASSERT_TRUE(orders[0].from);
  EXPECT_EQ(orders[0].from->pool, "orders");
  EXPECT_EQ(orders[0].from->source, "kafka");
  EXPECT_EQ(orders[0].from->key, "payments");
  EXPECT_EQ(orders[0].from->partition, 3);
  EXPECT_FALSE(orders[0].from->idempotency_key.empty());
  EXPECT_TRUE(runner->open[0].what.body.is_json());
  EXPECT_EQ(runner->open[1].what.body.content_type(), "application/octet-stream");
}

TEST_F(consumers, record_a_whole_batch_before_they_take_the_next) {
  for (const auto* body : {"one", "two", "three"}) backlog->add(body);
  pool->journal = true;
  pool->max = 1;
  begin();
  ASSERT_EQ(pushed.size(), 1u);
  const auto first = pushed[0].jobs.size();
  advance(5s);
  EXPECT_EQ(pushed.size(), 1u) << "nothing is taken while something is in hand";
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
  pushed[0].done(std::vector<pushed_job>(first));
  advance(1s);
  EXPECT_EQ(backlog->acknowledged.size(), first);
  EXPECT_EQ(pushed.size(), 2u);
}

TEST_F(consumers, push_again_what_could_not_be_recorded_under_the_same_key) {
  backlog->add("one");
  pool->journal = true;
  begin();
  ASSERT_EQ(pushed.size(), 1u);
  const auto key = pushed[0].jobs.at(0).unique_key;
  EXPECT_FALSE(key.empty());
  pushed[0].done(failure(service_error{service_errc::unknown_outcome, "the answer was lost", 1s, {}}));
  advance(2s);
  ASSERT_EQ(pushed.size(), 2u);
  EXPECT_EQ(pushed[1].jobs.at(0).unique_key, key);
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
}

TEST_F(consumers, make_the_job_that_a_message_asks_for_and_bury_what_cannot_be_read) {
  backlog->add("bad");
  backlog->add("good");
  pool->journal = true;
  pool->in_flight = 2; // so many are taken at first
  translate = [this](std::string_view message, wall_time at) -> result<new_job, std::string> {
    if (message == "bad") return failure(std::string{"it is no task"});
    new_job made;
    made.made.how = how_;
    made.made.due_at = at + 1h;
    made.marks["front"] = "test";
    return made;
  };
  begin();
  ASSERT_EQ(pushed.size(), 1u);
  ASSERT_EQ(pushed[0].jobs.size(), 1u);
  const auto& job = pushed[0].jobs[0];
  EXPECT_EQ(job.marks, (labels{{"front", "test"}}));
  EXPECT_EQ(job.made.due_at, clock.wall_now() + 1h);
  EXPECT_FALSE(job.unique_key.empty());
  EXPECT_GT(*job.unique_until, clock.wall_now() + 96h) << "a weekend away is no reason to run it twice";
  ASSERT_EQ(backlog->buried.size(), 1u);
  EXPECT_EQ(backlog->buried[0].first, "bad");
  EXPECT_EQ(backlog->buried[0].second.reason, "unreadable");
  EXPECT_EQ(backlog->buried[0].second.error, "it is no task");
  pushed[0].done(std::vector<pushed_job>(1));
  advance(1s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("good"));
}

} // namespace

} // namespace wheelwork::testing
