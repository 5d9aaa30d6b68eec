#include "api/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr wall_time created{milliseconds{1795248000000}};

/// Fires every hour, on the hour of its creation.
class hourly {
public:
  hourly() {
    definition.name = "hourly";
    definition.created_at = created;
    every_schedule every;
    every.period = hours{1};
    definition.when = every;
    state.fired_until = created;
  }
  std::vector<ledger_entry> tail(wall_time now) const {
    return tail_of_ledger({std::make_shared<task_definition>(definition), state}, now);
  }
  task_definition definition;
  task_state state;
};

TEST(tail_of_ledger, is_empty_for_a_task_that_fires) { EXPECT_TRUE(hourly{}.tail(created + hours{10}).empty()); }

TEST(tail_of_ledger, counts_what_a_disabled_task_would_have_fired) {
  hourly task;
  task.definition.enabled = false;
  task.state.disabled_at = created + minutes{90};
  const auto tail = task.tail(created + minutes{250});
  ASSERT_EQ(tail.size(), 1u);
  EXPECT_EQ(tail[0].from, created + hours{2});
  EXPECT_EQ(tail[0].to, created + hours{4});
  EXPECT_EQ(tail[0].count, 3u);
  EXPECT_EQ(tail[0].verdict, skip_verdict::disabled);
  EXPECT_TRUE(task.tail(created + minutes{91}).empty());
}

TEST(tail_of_ledger, goes_on_after_the_last_run) {
  hourly task;
  task.definition.max_runs = 2;
  task.state.runs = 2;
  task.state.fired_until = created + hours{2};
  const auto tail = task.tail(created + hours{3});
  ASSERT_EQ(tail.size(), 1u);
  EXPECT_EQ(tail[0].from, created + hours{3});
  EXPECT_EQ(tail[0].count, 1u);
  EXPECT_EQ(tail[0].verdict, skip_verdict::max_runs);
}

TEST(tail_of_ledger, goes_on_after_the_end) {
  hourly task;
  task.definition.ends_at = created + hours{2}; // no fire at or after it
  task.state.fired_until = created + hours{1};
  const auto tail = task.tail(created + hours{5});
  ASSERT_EQ(tail.size(), 1u);
  EXPECT_EQ(tail[0].from, created + hours{2});
  EXPECT_EQ(tail[0].count, 4u);
  EXPECT_EQ(tail[0].verdict, skip_verdict::ended);
}

TEST(tail_of_ledger, says_disabled_until_the_end_and_ended_after_it) {
  hourly task;
  task.definition.enabled = false;
  task.definition.ends_at = created + hours{3};
  task.state.disabled_at = created + minutes{30};
  const auto tail = task.tail(created + hours{4});
  ASSERT_EQ(tail.size(), 2u);
  EXPECT_EQ(tail[0].verdict, skip_verdict::disabled);
  EXPECT_EQ(tail[0].count, 2u);
  EXPECT_EQ(tail[1].verdict, skip_verdict::ended);
  EXPECT_EQ(tail[1].count, 2u);
}

TEST(coming_fires, stop_at_the_number_of_runs) {
  hourly task;
  task.definition.max_runs = 5;
  EXPECT_EQ(coming_fires(task.definition, 3, created, 10).size(), 2u);
  EXPECT_EQ(coming_fires(task.definition, 6, created, 10).size(), 0u);
  EXPECT_EQ(coming_fires(task.definition, 0, created, 3).size(), 3u);
}

TEST(coming_fires, of_a_task_include_those_that_stand_ready) {
  hourly task;
  task.definition.max_runs = 2;
  task.state.runs = 1; // the first one is prepared
  task.state.fired_until = created + hours{1};
  const task_row row{std::make_shared<task_definition>(task.definition), task.state};
  EXPECT_EQ(runs_begun(row, created + minutes{30}), 0u);
  EXPECT_EQ(runs_begun(row, created + minutes{61}), 1u);
  EXPECT_EQ(coming_fires(row, created + minutes{30}, created + minutes{30}, 9),
            (std::vector{created + hours{1}, created + hours{2}}));
  EXPECT_EQ(coming_fires(row, created + minutes{61}, created + minutes{61}, 9).size(), 1u);
  EXPECT_EQ(coming_fires(row, created + minutes{30}, created + minutes{90}, 9).size(), 1u);
  EXPECT_EQ(coming_fires(row, created + minutes{30}, created + minutes{150}, 9).size(), 0u);
}

TEST(coming_fires, of_a_schedule_that_counts_from_ends_are_what_is_known) {
  hourly task;
  std::get<every_schedule>(task.definition.when).from_end = true;
  task_row row{std::make_shared<task_definition>(task.definition), task.state};
  EXPECT_TRUE(coming_fires(row, created, created, 9).empty()) << "it runs: nobody knows when it will end";
  row.state.next_fire = created + minutes{70};
  EXPECT_EQ(coming_fires(row, created, created, 9), std::vector{created + minutes{70}});
}

TEST(append_to_ledger, makes_one_entry_of_equal_skips) {
  std::vector<ledger_entry> entries{{created, created + hours{1}, 2, {}, skip_verdict::max_runs}};
  append_to_ledger(entries, {created + hours{2}, created + hours{4}, 3, {}, skip_verdict::max_runs});
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].from, created);
  EXPECT_EQ(entries[0].to, created + hours{4});
  EXPECT_EQ(entries[0].count, 5u);
  append_to_ledger(entries, {created + hours{5}, created + hours{5}, 1, {}, skip_verdict::ended});
  EXPECT_EQ(entries.size(), 2u);
}

} // namespace
} // namespace wheelwork::testing
