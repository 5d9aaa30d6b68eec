// Definitions of pools: in the journal before they hold, at work without a restart, and there again after a crash.
#include "actors/pool_registry.hpp"

#include "messages/json.hpp"

#include "tests/actors/node_in_a_box.hpp"
#include "tests/actors/scripted_source.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class pool_registries : public node_in_a_box {
protected:
  pool_registries() : pool_registries{std::vector<pool_ptr>{}} {}
  explicit pool_registries(std::vector<pool_ptr> of_fronts) : built_in{std::move(of_fronts)} { start_with_pools(); }
  ~pool_registries() override { kill_all(); }

  void start_with_pools() {
    start();
    auto shared = std::make_shared<pool_environment>();
    shared->node = "node-a";
    shared->table = consumers;
    shared->clock = &clock;
    shared->detached = false;
    shared->patience = 0ms;
    shared->runners[static_cast<size_t>(target_kind::native)] = runner;
    shared->open_source = [this](const source_setup& setup, uint32_t) -> result<std::unique_ptr<source>, std::string> {
      backlogs[key_of(setup.from)]->opened.push_back(setup);
      return std::make_unique<scripted_source>(backlogs[key_of(setup.from)]);
    };
    shared->open_monitor = [this](const source_setup& setup) -> result<std::unique_ptr<source_monitor>, std::string> {
      auto& known = backlogs[key_of(setup.from)];
      if (!known) known = std::make_shared<scripted_backlog>();
      return std::make_unique<scripted_monitor>(known);
    };
    pool_registry_settings own;
    own.environment = "test";
    all = std::make_shared<pool_directory>();
    registry =
        spawn(pool_registry, own,
              pool_registry_dependencies{actors_.persistence.front(), actors_.readers.front(), shared, all, built_in});
    advance(0ms);
  }

  pool_definition defined(const std::string& key, const std::string& more = "") {
    json_context context;
    context.now = now();
    auto made =
        pool_from_text(R"({"source":{"redis_list":{"connection":"a","key":")" + key +
                           R"("}},"target":{"native":{"handler":"noop"}})" + (more.empty() ? "" : ",") + more + "}",
                       "orders", context);
    if (!made) throw std::runtime_error{made.error().front().message};
    return *made;
  }
  answer_of<pool_write> ask(pool_definition pool, std::optional<uint64_t> if_version = std::nullopt) {
    auto answer = std::make_shared<std::optional<result<pool_write, service_error>>>();
    caf::anon_send(registry,
                   put_pool{std::move(pool), if_version, [answer](auto given) { *answer = std::move(given); }});
    return answer;
  }
  answer_of<bool> ask_delete_pool(std::optional<uint64_t> if_version = std::nullopt) {
    auto answer = std::make_shared<std::optional<result<bool, service_error>>>();
    caf::anon_send(registry, delete_pool{"orders", if_version, [answer](auto given) { *answer = std::move(given); }});
    return answer;
  }
  std::vector<std::string> stored() {
    std::vector<std::string> specs;
    const auto found = eye().pools();
    for (const auto& pool : *found) specs.push_back(pool->spec);
    return specs;
  }
  size_t consumers_of(const std::string& key) { return backlogs[key] ? backlogs[key]->open : 0; }

  std::map<std::string, std::shared_ptr<scripted_backlog>> backlogs;
  std::vector<pool_ptr> built_in;
  std::shared_ptr<pool_directory> all;
  pool_registry_actor registry;
};

TEST_F(pool_registries, answer_after_the_commit_and_begin_the_pool) {
  const auto answer = ask(defined("a"));
  advance(1s);
  ASSERT_TRUE(accepted(answer));
  EXPECT_TRUE((**answer)->created);
  EXPECT_EQ(stored().size(), 1u);
  EXPECT_EQ(consumers_of("a"), 1u);
  EXPECT_TRUE(all->find("orders", steady_now())->status.active);
}

TEST_F(pool_registries, change_nothing_for_the_same_body_and_count_up_for_another) {
  ask(defined("a"));
  advance(1s);
  const auto same = ask(defined("a"));
  const auto other = ask(defined("a", R"("min":3)"));
  advance(1s);
  ASSERT_TRUE(accepted(same));
  EXPECT_FALSE((**same)->changed);
  ASSERT_TRUE(accepted(other));
  EXPECT_FALSE((**other)->created);
  EXPECT_EQ((**other)->definition->version, 2u);
  EXPECT_EQ(consumers_of("a"), 3u);
}

TEST_F(pool_registries, refuse_an_edit_of_another_version_and_one_beside_another) {
  ask(defined("a"));
  advance(1s);
  const auto old = ask(defined("a", R"("min":2)"), 7);
  const auto first = ask(defined("a", R"("min":3)"), 1), second = ask(defined("a", R"("min":4)"), 1);
  advance(1s);
  EXPECT_TRUE(refused(old, service_errc::version_mismatch));
  EXPECT_TRUE(accepted(first));
  EXPECT_TRUE(refused(second, service_errc::unavailable));
  EXPECT_EQ(consumers_of("a"), 3u);
}

TEST_F(pool_registries, change_nothing_that_could_not_be_written) {
  ask(defined("a"));
  advance(1s);
  fail_commits();
  const auto answer = ask(defined("a", R"("min":5)"));
  advance(5s);
  EXPECT_TRUE(refused(answer, service_errc::unavailable));
  EXPECT_EQ(consumers_of("a"), 1u);
  heal();
  advance(5s);
  const auto again = ask(defined("a", R"("min":5)"));
  advance(1s);
  EXPECT_TRUE(accepted(again));
  EXPECT_EQ(consumers_of("a"), 5u);
}

TEST_F(pool_registries, begin_again_what_the_journal_holds) {
  ask(defined("a", R"("min":2)"));
  advance(1s);
  crash();
  EXPECT_EQ(consumers_of("a"), 0u);
  start_with_pools();
  EXPECT_EQ(consumers_of("a"), 2u);
  EXPECT_TRUE(all->find("orders", steady_now()));
}

TEST_F(pool_registries, end_the_old_source_before_they_begin_another) {
  ask(defined("a"));
  advance(1s);
  backlogs["a"]->add("at the target");
  advance(1s);
  ask(defined("b"));
  advance(1s);
  EXPECT_EQ(consumers_of("a"), 1u) << "its message is still at the target";
  EXPECT_EQ(consumers_of("b"), 0u);
  ASSERT_EQ(runner->open.size(), 1u);
  const auto id = runner->open.front().what.id;
  EXPECT_TRUE(consumer_table::is_message(id));
}

TEST_F(pool_registries, delete_a_pool_and_let_its_consumers_leave) {
  ask(defined("a"));
  advance(1s);
  const auto wrong = ask_delete_pool(9);
  const auto answer = ask_delete_pool();
  advance(3s);
  EXPECT_TRUE(refused(wrong, service_errc::version_mismatch));
  EXPECT_TRUE(accepted(answer));
  EXPECT_EQ(consumers_of("a"), 0u);
  EXPECT_THAT(stored(), IsEmpty());
  EXPECT_FALSE(all->find("orders", steady_now()));
  const auto again = ask_delete_pool();
  advance(1s);
  EXPECT_TRUE(refused(again, service_errc::not_found));
}

TEST_F(pool_registries, keep_but_do_not_run_a_pool_of_another_environment) {
  ask(defined("a", R"("environments":["release"])"));
  advance(1s);
  EXPECT_EQ(consumers_of("a"), 0u);
  EXPECT_FALSE(all->find("orders", steady_now())->status.active);
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(pool_registries, write_down_decisions_and_the_counts_of_each_minute) {
  ask(defined("a"));
  advance(1s);
  runner->next = [this](const auto& start) { return runner->result_of(start.what.id, attempt_outcome::succeeded); };
  for (int message = 0; message < 10; ++message) backlogs["a"]->add("m");
  advance(150s);
  const auto events = eye().pool_events("orders", std::nullopt, 10);
  ASSERT_TRUE(events && !events->empty());
  EXPECT_EQ(events->back().kind, pool_event::what::scaled);
  EXPECT_EQ(events->back().consumers, 1u);
  const auto minutes = eye().pool_minutes("orders", wall_time{}, latest_wall_time);
  ASSERT_TRUE(minutes && !minutes->empty());
  EXPECT_EQ(minutes->front().node, "node-a");
  EXPECT_EQ(minutes->front().taken, 10u);
  EXPECT_EQ(minutes->front().succeeded, 10u);
}

TEST_F(pool_registries, write_down_the_last_part_of_a_minute_and_the_most_of_it_before_they_stop) {
  ask(defined("a", R"("min":2,"max":2)"));
  advance(1s);
  runner->next = [this](const auto& start) { return runner->result_of(start.what.id, attempt_outcome::succeeded); };
  backlogs["a"]->keeps = 7; // the monitor looks before the consumers take
  advance(1s);
  backlogs["a"]->keeps = 0;
  for (int message = 0; message < 5; ++message) backlogs["a"]->add("m");
  advance(2s);
  caf::anon_send(registry, stop_pools{actors_.keeper});
  settle();
  EXPECT_TRUE(progress->read([](const node_progress& now) { return now.pools_stopped; }));
  const auto minutes = eye().pool_minutes("orders", wall_time{}, latest_wall_time);
  ASSERT_TRUE(minutes && !minutes->empty());
  uint64_t succeeded = 0, lag = 0;
  uint32_t most = 0;
  for (const auto& minute : *minutes) {
    succeeded += minute.succeeded;
    lag = std::max(lag, minute.lag_max);
    most = std::max(most, minute.consumers_max);
  }
  EXPECT_EQ(succeeded, 5u);
  EXPECT_EQ(lag, 7u);
  EXPECT_EQ(most, 2u);
  const auto events = eye().pool_events("orders", std::nullopt, 10);
  ASSERT_TRUE(events && !events->empty());
  EXPECT_EQ(events->front().reason, "the pool ends");
}

TEST_F(pool_registries, stop_all_pools_before_they_say_so) {
  ask(defined("a", R"("min":2)"));
  advance(1s);
  caf::anon_send(registry, stop_pools{actors_.keeper});
  advance(2s);
  EXPECT_EQ(consumers_of("a"), 0u);
  EXPECT_TRUE(progress->read([](const node_progress& now) { return now.pools_stopped; }));
  const auto late = ask(defined("b"));
  advance(1s);
  EXPECT_TRUE(refused(late, service_errc::unavailable));
}

class fronts_pools : public pool_registries {
protected:
  fronts_pools() : pool_registries{{made()}} {}
  static pool_ptr made() {
    pool_definition pool;
    pool.name = "orders"; // as the helpers above call theirs
    pool.source = redis_list_source{"a", "of the front"};
    resolved_target how;
    how.how = native_target{"noop"};
    pool.how = shared_target(std::move(how));
    return std::make_shared<pool_definition>(std::move(pool));
  }
};

TEST_F(fronts_pools, begin_by_themselves_and_are_in_no_journal) {
  EXPECT_EQ(consumers_of("of the front"), 1u);
  EXPECT_TRUE(all->find("orders", steady_now())->status.active);
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_F(fronts_pools, are_changed_by_no_user) {
  const auto put = ask(defined("a"));
  const auto removed = ask_delete_pool();
  advance(1s);
  ASSERT_TRUE(*put && *removed);
  EXPECT_EQ((**put).error().code, service_errc::conflict);
  EXPECT_EQ((**removed).error().code, service_errc::conflict);
  EXPECT_EQ(consumers_of("of the front"), 1u);
}

TEST_F(pool_registries, begin_a_pool_anew_when_it_records_its_messages_from_now_on) {
  ask(defined("a"));
  advance(1s);
  ask(defined("a", R"("journal":true)"));
  advance(2s);
  ASSERT_EQ(consumers_of("a"), 1u);
  EXPECT_TRUE(backlogs["a"]->opened.back().recorded);
  EXPECT_FALSE(backlogs["a"]->opened.front().recorded);
}

} // namespace

} // namespace wheelwork::testing
