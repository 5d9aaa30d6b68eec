// Every backend: windows, lists, the ledger, recovery and retention.
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using reads_test = journal_test;
INSTANTIATE_TEST_SUITE_P(journal, reads_test, ::testing::ValuesIn(all_backends()), ::testing::PrintToStringParamName());

TEST_P(reads_test, a_window_goes_on_where_the_last_one_was_cut) {
  commit({inserting({pushed(5, at(10)), pushed(6, at(10)), pushed(7, at(10)), pushed(3, at(20)), pushed(9, at(5)),
                     pushed(8, at(100))}),
          inserting({pushed(50, at(1))}, 4)});
  std::vector<uint64_t> seen;
  std::optional<load_position> after;
  for (bool complete = false; !complete;) {
    const auto window = reader_->load_window(shard_id{3}, after, at(100), 2);
    ASSERT_TRUE(window);
    ASSERT_LE(window->jobs.size(), 2u);
    for (const job& one : window->jobs) seen.push_back(value_of(one.id));
    complete = window->complete;
    if (!complete) after = load_position{window->jobs.back().due_at, window->jobs.back().id};
  }
  EXPECT_THAT(seen, ElementsAre(9, 5, 6, 7, 3));
  EXPECT_TRUE(reader_->load_window(shard_id{3}, {}, at(100), 5)->complete) << "exactly the limit is not cut";
}

TEST_P(reads_test, windows_and_fires_are_those_of_the_shard) {
  commit({creating(task_named("b", 70)), creating(task_named("a", 71)), creating(task_named("c", 72), 4)});
  commit({inserting({fired(5, task_id{71}, at(120)), fired(6, task_id{70}, at(60)), fired(7, task_id{71}, at(60)),
                     pushed(8, at(0))}),
          inserting({fired(9, task_id{72}, at(60))}, 4)});
  EXPECT_THAT(ids_of(*reader_->live_fires(shard_id{3})), ElementsAre(6, 7, 5));
  EXPECT_THAT(ids_of(*reader_->live_fires(shard_id{4})), ElementsAre(9));
  EXPECT_THAT(ids_of(reader_->load_window(shard_id{4}, {}, at(1000), 10)->jobs), ElementsAre(9));
}

class filters_test : public journal_test {
protected:
  void SetUp() override {
    journal_test::SetUp();
    if (IsSkipped()) return;
    commit({creating(task_named("report", 77)), creating(task_named("other", 78))});
    std::vector<new_job> jobs;
    for (uint64_t id = 100; id < 120; ++id) {
      new_job one = pushed(id, at(0));
      one.made.task = task_id{id % 2 == 0 ? 77u : 78u};
      one.created_at = at(static_cast<int64_t>(id));
      one.marks = {{"third", std::to_string(id % 3)}};
      if (id % 4 == 0) one.marks["team"] = "a";
      one.external_id = "outside-" + std::to_string(id / 10);
      jobs.push_back(std::move(one));
    }
    jobs[7].unique_key = "key"; // 107
    commit(inserting(jobs));
    journal_change moves;
    for (uint64_t id = 100; id < 106; ++id) moves.ends.push_back(ending(id));
    moves.ends.push_back(ending(106, job_state::dead));
    moves.ends.push_back(ending(107, job_state::dead));
    moves.ends.push_back(ending(108, job_state::cancelled));
    moves.starts = {{job_id{119}, 1, at(1), target_kind::native}};
    commit(moves);
  }
  std::vector<uint64_t> listed(const job_filter& filter) {
    const auto found = reader_->list_jobs(filter);
    EXPECT_TRUE(found) << found.error().message;
    return ids_of(*found);
  }
};
INSTANTIATE_TEST_SUITE_P(journal, filters_test, ::testing::ValuesIn(all_backends()),
                         ::testing::PrintToStringParamName());

TEST_P(filters_test, newest_first_over_live_and_history_page_by_page) {
  job_filter filter;
  filter.limit = 6;
  std::vector<uint64_t> seen;
  for (;;) {
    const auto page = listed(filter);
    seen.insert(seen.end(), page.begin(), page.end());
    if (page.size() < filter.limit) break;
    filter.below = job_id{page.back()};
  }
  ASSERT_EQ(seen.size(), 20u);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
}

TEST_P(filters_test, by_state) {
  EXPECT_THAT(listed({.state = job_state::dead}), ElementsAre(107, 106));
  EXPECT_THAT(listed({.state = job_state::cancelled}), ElementsAre(108));
  EXPECT_THAT(listed({.state = job_state::running}), ElementsAre(119));
  EXPECT_THAT(listed({.state = job_state::succeeded, .limit = 2}), ElementsAre(105, 104));
  EXPECT_THAT(listed({.state = job_state::pending, .limit = 2}), ElementsAre(118, 117));
}

TEST_P(filters_test, by_task_label_key_and_external_id) {
  EXPECT_THAT(listed({.task_name = "report", .limit = 3}), ElementsAre(118, 116, 114));
  EXPECT_THAT(listed({.state = job_state::dead, .task_name = "report"}), ElementsAre(106));
  EXPECT_THAT(listed({.task_name = "none"}), IsEmpty());
  EXPECT_THAT(listed({.marks = {{"team", "a"}}}), ElementsAre(116, 112, 108, 104, 100));
  EXPECT_THAT(listed({.marks = {{"team", "a"}}, .below = job_id{112}}), ElementsAre(108, 104, 100));
  EXPECT_THAT(listed({.marks = {{"team", "a"}, {"third", "0"}}}), ElementsAre(108));
  EXPECT_THAT(listed({.state = job_state::succeeded, .task_name = "report", .marks = {{"third", "2"}}}),
              ElementsAre(104));
  EXPECT_THAT(listed({.unique_key = "key"}), ElementsAre(107));
  EXPECT_THAT(listed({.external_id = "outside-11", .limit = 2}), ElementsAre(119, 118));
  EXPECT_THAT(listed({.task_name = "other", .external_id = "outside-10", .marks = {{"third", "0"}}}), ElementsAre(105));
}

TEST_P(filters_test, by_time_of_creation) {
  EXPECT_THAT(listed({.created_from = at(103), .created_until = at(106)}), ElementsAre(105, 104, 103));
  EXPECT_THAT(listed({.created_until = at(102)}), ElementsAre(101, 100));
  EXPECT_THAT(listed({.created_from = at(118)}), ElementsAre(119, 118));
}

TEST_P(filters_test, a_task_created_again_under_its_name_lists_with_its_forerunner) {
  journal_change again;
  again.tasks_deleted = {{task_id{77}}};
  commit(again);
  commit(creating(task_named("report", 79)));
  new_job one = pushed(200, at(0));
  one.made.task = task_id{79};
  commit(inserting({one}));
  EXPECT_THAT(listed({.task_name = "report", .limit = 3}), ElementsAre(200, 118, 116));
}

TEST_P(reads_test, the_ledger_merges_fires_and_skips_by_time) {
  commit(creating(task_named("report", 77)));
  const task_id task{77};
  new_job by_hand = pushed(50, at(150));
  by_hand.made.task = task;
  by_hand.made.origin = job_origin::by_hand;
  journal_change change = inserting({fired(10, task, at(100)), fired(11, task, at(200)), fired(12, task, at(900)),
                                     fired(13, task, at(1000)), by_hand});
  change.skips = {{task, {at(20), at(90), 8}, skip_verdict::misfire},
                  {task, {at(300), at(800), 6}, skip_verdict::overlap},
                  {task, {at(950), at(1200), 3}, skip_verdict::disabled},
                  {task, {at(2000), at(2000), 1}, skip_verdict::overlap}};
  commit(change);
  journal_change end;
  end.ends = {ending(10), ending(11)};
  end.ends[1].keep = false;
  end.skips = {{task, {at(300), at(850), 7}, skip_verdict::overlap}};
  commit(end);

  const auto entries = reader_->ledger(task, at(50), at(1000), 100);
  ASSERT_TRUE(entries);
  std::vector<std::string> seen;
  for (const ledger_entry& one : *entries)
    seen.push_back(std::to_string((one.from - at(0)).count()) +
                   (one.fired ? " job " + std::to_string(value_of(*one.fired)) : " +" + std::to_string(one.count)));
  EXPECT_THAT(seen, ElementsAre("20 +8", "100 job 10", "200 job 11", "300 +7", "900 job 12", "950 +3"));
  EXPECT_EQ(reader_->ledger(task, at(50), at(1000), 3)->size(), 3u);
  EXPECT_EQ(reader_->ledger(task, at(50), at(1000), 3)->back().fired, job_id{11});
  EXPECT_THAT(*reader_->ledger(task_id{78}, at(0), at(10'000), 10), IsEmpty());
}

TEST_P(reads_test, recovery_tells_what_the_last_owner_left) {
  const auto fresh = reader_->recovery_of(shard_id{3});
  EXPECT_TRUE(fresh->released) << "nobody owned it before";
  EXPECT_EQ(fresh->id_milliseconds_reserved, 0u);
  journal_change change;
  change.shard = shard_id{3};
  change.ids = id_reservation{5000};
  commit(change);
  change.ids = id_reservation{4000};
  commit(change);
  ASSERT_TRUE(writer_->renew_lease(at(777)));
  restart();
  const auto killed = reader_->recovery_of(shard_id{3});
  EXPECT_FALSE(killed->released);
  EXPECT_EQ(killed->owner_lease_until, at(777));
  EXPECT_EQ(killed->id_milliseconds_reserved, 5000u) << "a reservation never goes back";
  EXPECT_EQ(reader_->recovery_of(shard_id{4})->id_milliseconds_reserved, 0u);
  restart();
  EXPECT_EQ(reader_->recovery_of(shard_id{3})->owner_lease_until, at(777)) << "killed again before it renewed anything";
  ASSERT_TRUE(writer_->renew_lease(at(999)));
  ASSERT_TRUE(writer_->release_shards());
  restart();
  EXPECT_TRUE(reader_->recovery_of(shard_id{3})->released);
  restart();
  EXPECT_FALSE(reader_->recovery_of(shard_id{3})->released);
  EXPECT_LT(reader_->recovery_of(shard_id{3})->owner_lease_until, at(0)) << "that one never had a lease";
  EXPECT_FALSE(reader_->recovery_of(shard_id{64}));
}

TEST_P(reads_test, each_start_is_a_new_incarnation_on_the_same_data) {
  const uint64_t first = journal_->self().incarnation;
  const auto secret = journal_->database_secret();
  EXPECT_NE(secret, (std::array<uint8_t, 16>{}));
  restart();
  EXPECT_GT(journal_->self().incarnation, first);
  EXPECT_EQ(journal_->self().name, "node-a");
  EXPECT_EQ(journal_->database_secret(), secret);
  EXPECT_EQ(journal_->shards(), 64);
}

TEST_P(reads_test, old_history_goes_in_small_batches_with_all_that_hangs_on_it) {
  commit(creating(task_named("report", 77)));
  std::vector<new_job> jobs;
  for (uint64_t id = 10; id < 15; ++id) {
    jobs.push_back(pushed(id, at(0)));
    jobs.back().marks = {{"team", "a"}};
  }
  jobs.push_back(fired(15, task_id{77}, at(60)));
  jobs.push_back(pushed(16, at(0)));
  commit(inserting(jobs));
  journal_change again, end;
  again.agains = {{job_id{10}, tried(1, attempt_outcome::failed, at(1), at(2)), at(100), 1, 0}};
  commit(again);
  for (uint64_t id = 10; id < 16; ++id) end.ends.push_back(ending(id, job_state::succeeded, 2));
  end.ends[4].finished_at = at(100'000);
  end.ends[5].keep = false;
  end.skips = {{task_id{77}, {at(70), at(90), 2}, skip_verdict::overlap}};
  commit(end);

  EXPECT_EQ(writer_->drop_history(at(50'000), 2), 2u);
  EXPECT_EQ(writer_->drop_history(at(50'000), 100), 4u) << "two jobs, a fire of the ledger, a run of skips";
  EXPECT_EQ(writer_->drop_history(at(50'000), 100), 0u);
  EXPECT_THAT(ids_of(*reader_->list_jobs({})), ElementsAre(16, 14));
  job_filter by_label;
  by_label.marks = {{"team", "a"}};
  EXPECT_THAT(ids_of(*reader_->list_jobs(by_label)), ElementsAre(14));
  EXPECT_THAT(*reader_->ledger(task_id{77}, at(0), at(1000), 10), IsEmpty());
}

TEST_P(reads_test, an_expired_unique_key_is_dropped_and_a_lasting_one_kept) {
  new_job lasting = pushed(10, at(0)), expired = pushed(11, at(0));
  lasting.unique_key = "lasting";
  expired.unique_key = "expired";
  expired.unique_until = at(100);
  commit(inserting({lasting, expired}));
  clock_.now = at(99);
  EXPECT_EQ(writer_->drop_history(at(-1000), 100), 0u);
  clock_.now = at(100);
  EXPECT_EQ(writer_->drop_history(at(-1000), 100), 1u);
  lasting.made.id = job_id{12};
  EXPECT_EQ(commit(inserting({lasting})).repeated.size(), 1u);
}

} // namespace
} // namespace wheelwork::testing_journal
