// Every backend: how jobs are written, move, and are read again.
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using jobs_test = journal_test;
INSTANTIATE_TEST_SUITE_P(journal, jobs_test, ::testing::ValuesIn(all_backends()), ::testing::PrintToStringParamName());

TEST_P(jobs_test, a_job_is_read_as_it_was_written) {
  commit(creating(task_named("report", 77)));
  new_job made = pushed(10, at(500), "mail");
  made.made.task = task_id{77};
  made.made.priority = 9;
  made.made.origin = job_origin::by_hand;
  made.made.body = payload::bytes(std::string_view{"\0\xff bytes", 8}, "image/png");
  made.task_name = "report";
  made.unique_key = "key";
  made.external_id = "outside-1";
  made.marks = {{"team", "a"}, {"empty", ""}};
  commit(inserting({made}));

  const job_view found = job_of(10);
  EXPECT_EQ(found.state, job_state::pending);
  EXPECT_EQ(found.what.due_at, at(500));
  EXPECT_EQ(found.what.priority, 9);
  EXPECT_EQ(found.what.origin, job_origin::by_hand);
  EXPECT_EQ(found.what.how->spec, made.made.how->spec);
  EXPECT_EQ(found.what.body.data(), (std::string_view{"\0\xff bytes", 8}));
  EXPECT_EQ(found.what.body.content_type(), "image/png");
  EXPECT_EQ(found.task_name, "report");
  EXPECT_EQ(found.unique_key, "key");
  EXPECT_EQ(found.external_id, "outside-1");
  EXPECT_EQ(found.marks, made.marks);
  EXPECT_EQ(found.created_at, at(0));
  EXPECT_FALSE(found.finished_at);
  EXPECT_THAT(found.attempts, IsEmpty());
}

TEST_P(jobs_test, json_payload_keeps_every_byte_and_none_stays_none) {
  new_job spaced = pushed(1, at(0)), none = pushed(2, at(0));
  spaced.made.body = payload::json("{\"b\": 1,  \"a\":1e400}");
  none.made.body = payload{};
  commit(inserting({spaced, none}));
  EXPECT_EQ(job_of(1).what.body.data(), "{\"b\": 1,  \"a\":1e400}");
  EXPECT_TRUE(job_of(1).what.body.is_json());
  EXPECT_TRUE(job_of(2).what.body.empty());
}

TEST_P(jobs_test, an_end_moves_the_job_into_history_with_its_last_attempt) {
  commit(inserting({pushed(10, at(0))}));
  journal_change change;
  change.ends = {ending(10, job_state::dead, 1)};
  change.ends[0].reason = "crashed_node";
  change.ends[0].last->error = "exit code 7";
  change.ends[0].last->response = R"({"exit_code":7})";
  EXPECT_THAT(commit(change).missing, IsEmpty());
  const job_view found = job_of(10);
  EXPECT_EQ(found.state, job_state::dead);
  EXPECT_EQ(found.reason, "crashed_node");
  EXPECT_EQ(found.finished_at, at(5000));
  EXPECT_EQ(found.what.attempt, 1u);
  ASSERT_EQ(found.attempts.size(), 1u);
  EXPECT_EQ(found.attempts[0].number, 1u);
  EXPECT_EQ(found.attempts[0].node, "node-a");
  EXPECT_EQ(found.attempts[0].started_at, at(4000));
  EXPECT_EQ(found.attempts[0].outcome, attempt_outcome::failed);
  EXPECT_EQ(found.attempts[0].error, "exit code 7");
  EXPECT_EQ(found.attempts[0].response, R"({"exit_code":7})");
  EXPECT_EQ(reader_->count_live()->live, 0u);
}

TEST_P(jobs_test, only_a_live_row_gets_into_history) {
  commit(inserting({pushed(10, at(0))}));
  journal_change first, second;
  first.ends = {ending(10, job_state::succeeded)};
  second.ends = {ending(10, job_state::dead), ending(11, job_state::dead)};
  commit(first);
  EXPECT_THAT(commit(second).missing, ElementsAre(job_id{10}, job_id{11}));
  EXPECT_EQ(job_of(10).state, job_state::succeeded) << "a final state is final";
  EXPECT_FALSE(has_job(11));
}

TEST_P(jobs_test, what_is_not_live_is_told_as_missing) {
  journal_change change;
  change.unprepared = {{job_id{1}}};
  change.agains = {{job_id{2}, tried(1, attempt_outcome::failed, at(0), at(1)), at(2), 1, 0}};
  change.starts = {{job_id{3}, 1, at(0), target_kind::native}};
  change.revived = {{job_id{4}, at(0), 5}};
  EXPECT_THAT(commit(change).missing, ElementsAre(job_id{1}, job_id{2}, job_id{3}, job_id{4}));
}

TEST_P(jobs_test, all_attempts_are_shown_in_order_also_after_the_end) {
  commit(inserting({pushed(10, at(0))}));
  journal_change again;
  again.agains = {{job_id{10}, tried(1, attempt_outcome::failed, at(1), at(2)), at(100), 1, 0}};
  commit(again);
  job_view found = job_of(10);
  EXPECT_EQ(found.state, job_state::pending);
  EXPECT_EQ(found.what.due_at, at(100));
  EXPECT_EQ(found.what.attempt, 1u);
  EXPECT_EQ(found.what.retries_used, 1);
  EXPECT_EQ(found.what.nominal_time(), at(0)) << "every attempt is told the same";
  again.agains = {{job_id{10}, tried(2, attempt_outcome::lost, at(3), at(4)), at(200), 1, 1}};
  commit(again);
  EXPECT_EQ(job_of(10).what.lost_in_row, 1);
  journal_change end;
  end.ends = {ending(10, job_state::succeeded, 3)};
  commit(end);
  found = job_of(10);
  ASSERT_EQ(found.attempts.size(), 3u);
  EXPECT_EQ(found.attempts[0].outcome, attempt_outcome::failed);
  EXPECT_EQ(found.attempts[1].outcome, attempt_outcome::lost);
  EXPECT_EQ(found.attempts[2].outcome, attempt_outcome::succeeded);
}

TEST_P(jobs_test, a_recorded_start_makes_the_job_running_until_its_attempt_ended) {
  commit(inserting({pushed(10, at(0))}));
  journal_change start;
  start.starts = {{job_id{10}, 4, at(7), target_kind::native}};
  commit(start);
  const job_view running = job_of(10);
  EXPECT_EQ(running.state, job_state::running);
  EXPECT_EQ(running.what.attempt, 4u);
  EXPECT_TRUE(running.what.start_recorded);
  ASSERT_EQ(running.attempts.size(), 1u);
  EXPECT_EQ(running.attempts[0].number, 4u);
  EXPECT_EQ(running.attempts[0].node, "node-a");
  EXPECT_EQ(running.attempts[0].started_at, at(7));
  EXPECT_FALSE(running.attempts[0].outcome);
  const auto open = reader_->open_attempts(shard_id{3});
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(open->at(0).what.id, job_id{10});
  EXPECT_EQ(open->at(0).open_attempt->number, 4u);
  EXPECT_EQ(open->at(0).open_attempt->started_at, at(7));
  EXPECT_THAT(reader_->load_window(shard_id{3}, {}, at(1000), 10)->jobs, IsEmpty());
  EXPECT_EQ(reader_->count_live()->running, 1u);

  journal_change again;
  again.agains = {{job_id{10}, tried(4, attempt_outcome::lost, at(7), at(9)), at(50), 0, 1}};
  commit(again);
  EXPECT_EQ(job_of(10).state, job_state::pending);
  EXPECT_FALSE(job_of(10).what.start_recorded);
  EXPECT_THAT(*reader_->open_attempts(shard_id{3}), IsEmpty());
  EXPECT_THAT(ids_of(reader_->load_window(shard_id{3}, {}, at(1000), 10)->jobs), ElementsAre(10));
}

TEST_P(jobs_test, a_running_job_that_is_cancelled_keeps_its_attempt_and_takes_the_late_result) {
  commit(inserting({pushed(10, at(0))}));
  journal_change start, cancel, late;
  start.starts = {{job_id{10}, 1, at(7), target_kind::native}};
  cancel.ends = {ending(10, job_state::cancelled, 1)};
  commit(start);
  commit(cancel);
  ASSERT_EQ(job_of(10).attempts.size(), 1u);
  EXPECT_EQ(job_of(10).attempts[0].started_at, at(7));
  late.lates = {{job_id{10}, tried(1, attempt_outcome::late, at(7), at(900))}};
  late.lates[0].attempt.response = R"({"status":200})";
  late.lates[0].attempt.node.clear();
  late.lates[0].attempt.started_at.reset();
  commit(late);
  const job_view found = job_of(10);
  EXPECT_EQ(found.state, job_state::cancelled) << "a late result changes nothing";
  ASSERT_EQ(found.attempts.size(), 1u);
  EXPECT_EQ(found.attempts[0].outcome, attempt_outcome::late);
  EXPECT_EQ(found.attempts[0].response, R"({"status":200})");
  EXPECT_EQ(found.attempts[0].node, "node-a");
  EXPECT_EQ(found.attempts[0].started_at, at(7));
}

TEST_P(jobs_test, only_a_dead_or_cancelled_job_is_revived_and_keeps_its_priority) {
  auto urgent = pushed(11, at(0));
  urgent.made.priority = 9;
  commit(inserting({pushed(10, at(0)), urgent, pushed(12, at(0))}));
  journal_change end, revive;
  end.ends = {ending(10, job_state::succeeded, 1), ending(11, job_state::cancelled, 1), ending(12, job_state::dead, 1)};
  commit(end);
  revive.revived = {{job_id{10}, at(1), {}}, {job_id{11}, at(1), {}}, {job_id{12}, at(1), {}}};
  const journal_receipt receipt = commit(revive);
  EXPECT_THAT(receipt.missing, ElementsAre(job_id{10}));
  ASSERT_EQ(receipt.revived.size(), 2u);
  EXPECT_EQ(receipt.revived[0].priority, 9);
  const job_view succeeded = job_of(10);
  EXPECT_EQ(succeeded.state, job_state::succeeded);
  EXPECT_EQ(succeeded.attempts.size(), 1u);
  EXPECT_EQ(job_of(11).state, job_state::pending);
}

TEST_P(jobs_test, a_revived_job_goes_on_with_its_numbers_and_fresh_retries) {
  commit(inserting({pushed(10, at(0))}));
  journal_change again, end, revive;
  again.agains = {{job_id{10}, tried(1, attempt_outcome::failed, at(1), at(2)), at(100), 1, 0}};
  end.ends = {ending(10, job_state::dead, 2)};
  revive.revived = {{job_id{10}, at(9000), 8}};
  commit(again);
  commit(end);
  const journal_receipt receipt = commit(revive);
  ASSERT_EQ(receipt.revived.size(), 1u);
  EXPECT_EQ(receipt.revived[0].id, job_id{10});
  EXPECT_EQ(receipt.revived[0].attempt, 2u);
  EXPECT_EQ(receipt.revived[0].retries_used, 0);
  EXPECT_EQ(receipt.revived[0].due_at, at(9000));
  EXPECT_EQ(receipt.revived[0].nominal_time(), at(0));
  EXPECT_EQ(receipt.revived[0].body.data(), "{\"n\":10}");
  const job_view live = job_of(10);
  EXPECT_EQ(live.state, job_state::pending);
  EXPECT_EQ(live.what.priority, 8);
  EXPECT_FALSE(live.finished_at);
  EXPECT_EQ(live.attempts.size(), 2u);
  end.ends = {ending(10, job_state::succeeded, 3)};
  commit(end);
  EXPECT_EQ(job_of(10).attempts.size(), 3u);
  EXPECT_THAT(ids_of(*reader_->list_jobs({})), ElementsAre(10)) << "it must not stand in both tables";
}

TEST_P(jobs_test, a_job_that_was_never_tried_again_keeps_its_time_when_it_is_revived) {
  commit(inserting({pushed(10, at(5))}));
  journal_change end, revive;
  end.ends = {ending(10, job_state::dead, 1)};
  revive.revived = {{job_id{10}, at(9000), {}}};
  commit(end);
  EXPECT_EQ(commit(revive).revived.at(0).nominal_time(), at(5));
  EXPECT_EQ(job_of(10).what.nominal_time(), at(5));
}

TEST_P(jobs_test, an_end_that_keeps_nothing_leaves_nothing_but_the_fire) {
  commit(creating(task_named("report", 77)));
  new_job plain = pushed(10, at(0));
  plain.marks = {{"team", "a"}};
  commit(inserting({plain, fired(11, task_id{77}, at(60'000))}));
  journal_change end;
  end.ends = {ending(10), ending(11)};
  end.ends[0].keep = end.ends[1].keep = false;
  commit(end);
  EXPECT_FALSE(has_job(10));
  EXPECT_FALSE(has_job(11));
  job_filter by_label;
  by_label.marks = {{"team", "a"}};
  EXPECT_THAT(*reader_->list_jobs(by_label), IsEmpty());
  const auto fires = reader_->ledger(task_id{77}, at(0), at(100'000), 10);
  ASSERT_EQ(fires->size(), 1u);
  EXPECT_EQ(fires->at(0).fired, job_id{11});
  EXPECT_EQ(fires->at(0).from, at(60'000));
}

TEST_P(jobs_test, an_unprepared_fire_is_gone_and_its_time_free_again) {
  commit(creating(task_named("report", 77)));
  commit(inserting({fired(11, task_id{77}, at(60'000))}));
  journal_change edit = inserting({fired(12, task_id{77}, at(60'000))});
  edit.unprepared = {{job_id{11}}};
  commit(edit);
  EXPECT_FALSE(has_job(11));
  EXPECT_THAT(ids_of(*reader_->live_fires(shard_id{3})), ElementsAre(12));
}

TEST_P(jobs_test, a_fire_time_of_a_task_has_one_job_for_ever) {
  commit(creating(task_named("report", 77)));
  commit(inserting({fired(11, task_id{77}, at(60'000)), fired(12, task_id{77}, at(120'000))}));
  EXPECT_EQ(refused(inserting({fired(13, task_id{77}, at(60'000))})).code, journal_errc::broken);
  journal_change end;
  end.ends = {ending(11), ending(12)};
  end.ends[1].keep = false;
  commit(end);
  EXPECT_EQ(refused(inserting({fired(13, task_id{77}, at(60'000))})).code, journal_errc::broken) << "in history";
  EXPECT_EQ(refused(inserting({fired(13, task_id{77}, at(120'000))})).code, journal_errc::broken) << "without history";
  EXPECT_FALSE(has_job(13));
}

TEST_P(jobs_test, an_id_is_never_used_twice) {
  commit(inserting({pushed(10, at(0)), pushed(20, at(0))}));
  EXPECT_EQ(refused(inserting({pushed(10, at(0))})).code, journal_errc::broken);
  journal_change end;
  end.ends = {ending(10)};
  commit(end);
  const journal_error error = refused(inserting({pushed(10, at(0))}));
  EXPECT_EQ(error.code, journal_errc::broken);
  EXPECT_THAT(error.message, HasSubstr("10"));
  restart();
  EXPECT_EQ(refused(inserting({pushed(10, at(0))})).code, journal_errc::broken);
  EXPECT_EQ(refused(inserting({pushed(0, at(0))})).code, journal_errc::broken);
}

TEST_P(jobs_test, a_refused_change_fails_alone_and_whole) {
  commit(inserting({pushed(10, at(0))}));
  journal_change bad = inserting({pushed(21, at(0)), pushed(10, at(0))});
  bad.ticket = 2;
  bad.ends = {ending(10, job_state::dead)};
  bad.inserts[0].unique_key = "key";
  journal_change first = inserting({pushed(20, at(0))}), last = inserting({pushed(22, at(0))});
  first.ticket = 1;
  last.ticket = 3;
  last.inserts[0].unique_key = "key";
  last.inserts[0].made.how = bad.inserts[0].made.how = native("only-here");
  const auto receipts = writer_->commit({first, bad, last});
  ASSERT_TRUE(receipts);
  ASSERT_EQ(receipts->size(), 3u);
  EXPECT_FALSE(receipts->at(0).error);
  ASSERT_TRUE(receipts->at(1).error);
  EXPECT_EQ(receipts->at(1).ticket, 2u);
  EXPECT_FALSE(receipts->at(2).error);
  EXPECT_THAT(receipts->at(2).repeated, IsEmpty()) << "the refused change must not hold the key";
  EXPECT_TRUE(has_job(20));
  EXPECT_FALSE(has_job(21));
  EXPECT_EQ(job_of(22).what.how->spec, last.inserts[0].made.how->spec);
  EXPECT_EQ(job_of(10).state, job_state::pending);
  EXPECT_EQ(receipts->at(0).batch, receipts->at(2).batch);
}

TEST_P(jobs_test, a_unique_key_answers_with_the_job_that_holds_it) {
  new_job first = pushed(10, at(0)), second = pushed(11, at(0)), third = pushed(12, at(0));
  first.unique_key = second.unique_key = third.unique_key = "order-1";
  first.unique_until = second.unique_until = third.unique_until = at(1000);
  const auto receipts = commit({inserting({first, second, pushed(13, at(0))}), inserting({third})});
  EXPECT_THAT(receipts[0].repeated, ElementsAre(std::pair{1u, job_id{10}})) << "within a change";
  EXPECT_THAT(receipts[1].repeated, ElementsAre(std::pair{0u, job_id{10}})) << "within a commit";
  EXPECT_FALSE(has_job(11));
  EXPECT_FALSE(has_job(12));
  EXPECT_TRUE(has_job(13));
  journal_change end;
  end.ends = {ending(10)};
  commit(end);
  third.created_at = at(999);
  EXPECT_EQ(commit(inserting({third})).repeated.size(), 1u) << "whatever becomes of the job";
  third.created_at = at(1000);
  third.unique_until.reset();
  EXPECT_THAT(commit(inserting({third})).repeated, IsEmpty()) << "expired";
  second.created_at = at(999'999'999);
  EXPECT_THAT(commit(inserting({second})).repeated, ElementsAre(std::pair{0u, job_id{12}})) << "held for ever";
}

TEST_P(jobs_test, a_job_of_a_deleted_task_is_a_conflict) {
  commit(creating(task_named("report", 77)));
  commit(inserting({fired(11, task_id{77}, at(60'000))}));
  journal_change gone;
  gone.tasks_deleted = {{task_id{77}}};
  commit(gone);
  EXPECT_EQ(refused(inserting({fired(12, task_id{77}, at(120'000))})).code, journal_errc::conflict);
  EXPECT_EQ(job_of(11).task_name, "report") << "what the task left behind still says whose it was";
}

TEST_P(jobs_test, batch_numbers_grow_by_one_also_over_restarts) {
  const uint64_t first = commit(inserting({pushed(1, at(0))})).batch;
  EXPECT_EQ(commit(inserting({pushed(2, at(0))})).batch, first + 1);
  EXPECT_EQ(reader_->count_live()->batches.at(0), first + 1);
  restart();
  EXPECT_EQ(commit(inserting({pushed(3, at(0))})).batch, first + 2);
  EXPECT_EQ(reader_->count_live()->live, 3u);
}

} // namespace
} // namespace wheelwork::testing_journal
