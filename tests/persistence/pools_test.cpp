// Every backend: pools, what happened in them and their minutes.
#include "tests/persistence/pool_changes.hpp"

#include "messages/pool.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using pools_test = journal_test;
INSTANTIATE_TEST_SUITE_P(journal, pools_test, ::testing::ValuesIn(all_backends()), ::testing::PrintToStringParamName());

constexpr size_t many = 1000;

journal_change deleting(const std::string& name) {
  journal_change change;
  change.shard = shard_id{3};
  change.pools_deleted = {name};
  return change;
}

pool_event happened(const std::string& pool, wall_time when, const std::string& reason) {
  pool_event made;
  made.pool = pool;
  made.at = when;
  made.reason = reason;
  return made;
}

pool_minute minute_of(const std::string& pool, wall_time when, const std::string& node, uint64_t taken) {
  pool_minute made;
  made.pool = pool;
  made.minute = when;
  made.node = node;
  made.taken = taken;
  return made;
}

journal_change happening(std::vector<pool_event> events, std::vector<pool_minute> minutes = {}) {
  journal_change change;
  change.shard = shard_id{3};
  change.pool_events = std::move(events);
  change.pool_minutes = std::move(minutes);
  return change;
}

std::vector<std::string> reasons_of(const std::vector<pool_event>& events) {
  std::vector<std::string> reasons;
  for (const pool_event& one : events) reasons.push_back(one.reason);
  return reasons;
}

TEST_P(pools_test, a_pool_is_read_as_it_was_written) {
  const auto made = pool_named("orders ☀", R"(,"min":2,"max":7,"policy":{"lag_step":{}},"paused":true)", 4);
  commit(creating(made));
  commit(creating(pool_named("Another")));
  restart();
  const auto found = reader_->pools();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at(0)->name, "Another") << "in the order of the names";
  const pool_definition& read = *found->at(1);
  EXPECT_EQ(read.name, "orders ☀");
  EXPECT_EQ(read.spec, made->spec);
  EXPECT_EQ(read.how->spec, made->how->spec);
  EXPECT_EQ(read.version, 4u);
  EXPECT_EQ(read.max, 7u);
  EXPECT_TRUE(read.paused);
  EXPECT_EQ(read.created_at, made->created_at);
  EXPECT_EQ(read.updated_at, made->updated_at);
}

TEST_P(pools_test, a_name_exists_once) {
  commit(creating(pool_named("orders")));
  const journal_error error = refused(creating(pool_named("orders", R"(,"max":99)")));
  EXPECT_EQ(error.code, journal_errc::conflict);
  EXPECT_THAT(error.message, HasSubstr("`orders` exists"));
  EXPECT_EQ(reader_->pools()->at(0)->max, 10u);
}

TEST_P(pools_test, an_edit_must_name_the_version_that_is_there) {
  commit(creating(pool_named("orders")));
  commit(replacing(pool_named("orders", R"(,"max":20)", 2), 1));
  EXPECT_EQ(reader_->pools()->at(0)->max, 20u);
  EXPECT_EQ(reader_->pools()->at(0)->version, 2u);
  const journal_error error = refused(replacing(pool_named("orders", R"(,"max":30)", 2), 1));
  EXPECT_EQ(error.code, journal_errc::conflict);
  EXPECT_THAT(error.message, HasSubstr("version 2"));
  EXPECT_EQ(reader_->pools()->at(0)->max, 20u);
  EXPECT_EQ(refused(replacing(pool_named("none"), 1)).code, journal_errc::conflict);
}

TEST_P(pools_test, a_deleted_pool_is_gone_and_what_happened_in_it_stays) {
  commit(creating(pool_named("orders")));
  commit(happening({happened("orders", at(5), "grew")}));
  commit(deleting("orders"));
  EXPECT_THAT(*reader_->pools(), IsEmpty());
  EXPECT_THAT(reasons_of(*reader_->pool_events("orders", {}, many)), ElementsAre("grew"));
  const journal_error error = refused(deleting("orders"));
  EXPECT_EQ(error.code, journal_errc::conflict);
  EXPECT_THAT(error.message, HasSubstr("no pool `orders`"));
  commit(creating(pool_named("orders")));
}

TEST_P(pools_test, a_change_that_is_refused_leaves_nothing_behind) {
  journal_change change = creating(pool_named("first"));
  change.pool_events = {happened("first", at(1), "made")};
  change.pools_deleted = {"missing"};
  EXPECT_EQ(refused(change).code, journal_errc::conflict);
  EXPECT_THAT(*reader_->pools(), IsEmpty());
  EXPECT_THAT(*reader_->pool_events("first", {}, many), IsEmpty());
  const auto receipts =
      writer_->commit({creating(pool_named("a")), creating(pool_named("a")), creating(pool_named("b"))});
  ASSERT_TRUE(receipts);
  EXPECT_FALSE(receipts->at(0).error);
  ASSERT_TRUE(receipts->at(1).error);
  EXPECT_EQ(receipts->at(1).error->code, journal_errc::conflict);
  EXPECT_FALSE(receipts->at(2).error);
}

TEST_P(pools_test, events_are_read_as_they_were_written) {
  pool_event scaled = happened("orders", at(10), "5000 wait: 2 → 7");
  scaled.consumers_before = 2;
  scaled.consumers = 7;
  scaled.lag = 5'000'000'000;
  pool_event buried = happened("orders", at(11), "");
  buried.kind = pool_event::what::dead_letters;
  buried.messages = 3;
  commit(happening({scaled, buried}));
  const auto found = reader_->pool_events("orders", {}, many);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2u);
  const pool_event& newest = found->at(0);
  EXPECT_EQ(newest.kind, pool_event::what::dead_letters);
  EXPECT_EQ(newest.messages, 3u);
  EXPECT_FALSE(newest.lag);
  const pool_event& first = found->at(1);
  EXPECT_EQ(first.pool, "orders");
  EXPECT_EQ(first.at, at(10));
  EXPECT_EQ(first.kind, pool_event::what::scaled);
  EXPECT_EQ(first.consumers_before, 2u);
  EXPECT_EQ(first.consumers, 7u);
  EXPECT_EQ(first.lag, 5'000'000'000u);
  EXPECT_EQ(first.reason, "5000 wait: 2 → 7");
}

TEST_P(pools_test, events_come_newest_first_and_page_by_page) {
  commit(happening({happened("a", at(1), "1"), happened("a", at(3), "3"), happened("b", at(3), "of b"),
                    happened("a", at(2), "2"), happened("a", at(3), "3, later")}));
  commit(happening({happened("a", at(2), "2, later")}));
  EXPECT_THAT(reasons_of(*reader_->pool_events("a", {}, many)), ElementsAre("3, later", "3", "2, later", "2", "1"));
  EXPECT_THAT(reasons_of(*reader_->pool_events("a", {}, 2)), ElementsAre("3, later", "3"));
  EXPECT_THAT(reasons_of(*reader_->pool_events("a", at(3), 2)), ElementsAre("2, later", "2"));
  EXPECT_THAT(reasons_of(*reader_->pool_events("a", at(1), 2)), IsEmpty());
  EXPECT_THAT(reasons_of(*reader_->pool_events("c", {}, 2)), IsEmpty());
}

TEST_P(pools_test, a_minute_is_the_sum_of_its_pieces) {
  pool_minute whole = minute_of("a", at(60'000), "node-1", 10);
  whole.succeeded = 9;
  whole.failed_attempts = 4;
  whole.dead_letters = 1;
  whole.lag_max = 700;
  whole.consumers_max = 3;
  pool_minute rest = minute_of("a", at(60'000), "node-1", 5);
  rest.succeeded = 4;
  rest.failed_attempts = 3;
  rest.dead_letters = 2;
  rest.lag_max = 600;
  rest.consumers_max = 7;
  commit(happening({}, {whole, minute_of("a", at(60'000), "node-2", 6), minute_of("b", at(60'000), "node-1", 7),
                        minute_of("a", at(120'000), "node-1", 8)}));
  commit(happening({}, {rest}));
  const auto found = reader_->pool_minutes("a", at(60'000), at(120'000));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at(0).pool, "a");
  EXPECT_EQ(found->at(0).minute, at(60'000));
  EXPECT_EQ(found->at(0).node, "node-1");
  EXPECT_EQ(found->at(0).taken, 15u);
  EXPECT_EQ(found->at(0).succeeded, 13u);
  EXPECT_EQ(found->at(0).failed_attempts, 7u);
  EXPECT_EQ(found->at(0).dead_letters, 3u);
  EXPECT_EQ(found->at(0).lag_max, 700u);
  EXPECT_EQ(found->at(0).consumers_max, 7u);
  EXPECT_EQ(found->at(1).node, "node-2");
  EXPECT_EQ(reader_->pool_minutes("a", at(0), at(200'000))->size(), 3u);
  EXPECT_THAT(*reader_->pool_minutes("a", at(60'001), at(120'000)), IsEmpty());
}

TEST_P(pools_test, retention_drops_what_is_old_a_few_at_a_time) {
  std::vector<pool_event> events;
  std::vector<pool_minute> minutes;
  for (int64_t number = 0; number < 5; ++number) {
    events.push_back(happened("a", at(number * 1000), std::to_string(number)));
    minutes.push_back(minute_of("a", at(number * 1000), "node-1", 1));
  }
  commit(creating(pool_named("a")));
  commit(happening(events, minutes));
  EXPECT_EQ(*writer_->drop_history(at(3000), 4), 4u);
  EXPECT_EQ(*writer_->drop_history(at(3000), 4), 2u);
  EXPECT_EQ(*writer_->drop_history(at(3000), 4), 0u);
  EXPECT_THAT(reasons_of(*reader_->pool_events("a", {}, many)), ElementsAre("4", "3"));
  EXPECT_EQ(reader_->pool_minutes("a", at(0), at(100'000))->size(), 2u);
  EXPECT_EQ(reader_->pools()->size(), 1u);
}

} // namespace
} // namespace wheelwork::testing_journal
