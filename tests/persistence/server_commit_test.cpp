// Journals on a server: what becomes of a transaction when the connection, the server or another node stands in its
// way.
#include "tests/persistence/server_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto lost = pretended::lost_connection;
constexpr auto no_fault = pretended::nothing;

class commit_test : public server_test {};
INSTANTIATE_TEST_SUITE_P(journal, commit_test, ::testing::ValuesIn(server_kinds()),
                         ::testing::PrintToStringParamName());

TEST_P(commit_test, an_answer_of_commit_lost_after_it_applied_is_settled_by_the_writer_row) {
  const uint64_t before = push(1)->at(0).batch;
  fail_once(commit_step::after_commit, lost);
  const auto receipts = push(2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, before + 1);
  EXPECT_TRUE(has_job(2));
  EXPECT_EQ(push(3)->at(0).batch, before + 2);
}

TEST_P(commit_test, a_commit_that_did_not_apply_is_repeated_under_the_same_number) {
  const uint64_t before = push(1)->at(0).batch;
  fail_once(commit_step::before_commit, lost);
  const auto receipts = push(2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, before + 1);
  EXPECT_TRUE(has_job(2));
}

TEST_P(commit_test, a_commit_that_never_applies_is_unavailable_and_nothing_of_it_is_there) {
  const uint64_t before = push(1)->at(0).batch;
  pretend_ = [](commit_step step) { return step == commit_step::before_commit ? pretended::disk_full : no_fault; };
  const auto receipts = push(2);
  ASSERT_FALSE(receipts);
  EXPECT_EQ(receipts.error().code, journal_errc::unavailable);
  EXPECT_THAT(receipts.error().message, HasSubstr("free some space"));
  EXPECT_FALSE(has_job(2));
  pretend_ = nullptr;
  EXPECT_EQ(push(2)->at(0).batch, before + 1);
}

TEST_P(commit_test, while_nobody_can_tell_the_outcome_is_unknown_and_the_same_changes_settle_it) {
  const uint64_t before = push(1, 1)->at(0).batch;
  const auto cut_off = [](commit_step cut) {
    return [cut](commit_step step) { return step == cut || step == commit_step::settle ? lost : no_fault; };
  };
  pretend_ = cut_off(commit_step::after_commit);
  auto receipts = push(2, 2);
  ASSERT_FALSE(receipts);
  EXPECT_EQ(receipts.error().code, journal_errc::unknown_outcome);
  EXPECT_EQ(push(2, 2).error().code, journal_errc::unknown_outcome) << "still cut off";
  pretend_ = nullptr;
  receipts = push(2, 2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_FALSE(receipts->at(0).error) << "it must not be applied twice";
  EXPECT_EQ(receipts->at(0).batch, before + 1);

  pretend_ = cut_off(commit_step::before_commit);
  EXPECT_EQ(push(3, 3).error().code, journal_errc::unknown_outcome);
  pretend_ = nullptr;
  receipts = push(3, 3);
  ASSERT_TRUE(receipts);
  EXPECT_EQ(receipts->at(0).batch, before + 2);
  EXPECT_TRUE(has_job(3));

  pretend_ = cut_off(commit_step::after_commit);
  EXPECT_EQ(push(4, 4).error().code, journal_errc::unknown_outcome);
  pretend_ = nullptr;
  EXPECT_EQ(push(5, 5)->at(0).batch, before + 4) << "other changes come after the lost ones";
  EXPECT_TRUE(has_job(4));
  EXPECT_TRUE(has_job(5));
}

TEST_P(commit_test, a_deadlock_is_tried_again_by_itself) {
  const uint64_t before = push(1)->at(0).batch;
  fail_once(commit_step::begin, pretended::deadlock);
  const auto receipts = push(2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, before + 1);
}

TEST_P(commit_test, a_connection_that_can_not_be_opened_again_is_tried_at_each_call) {
  pretend_ = [](commit_step step) { return step == commit_step::begin || step == commit_step::open ? lost : no_fault; };
  EXPECT_EQ(push(1).error().code, journal_errc::unavailable);
  EXPECT_EQ(push(1).error().code, journal_errc::unavailable);
  EXPECT_EQ(writer_->renew_lease(at(1)).error().code, journal_errc::unavailable);
  pretend_ = nullptr;
  EXPECT_TRUE(push(1));
}

TEST_P(commit_test, sessions_that_the_server_ended_are_opened_again) {
  const uint64_t before = push(1)->at(0).batch;
  end_sessions();
  const auto receipts = push(2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_TRUE(has_job(2)) << "the reader opened its own again, too";
  EXPECT_EQ(push(3)->at(0).batch, before + 2);
  end_sessions();
  EXPECT_TRUE(writer_->renew_lease(at(1)));
}

TEST_P(commit_test, a_node_that_was_taken_over_is_fenced) {
  EXPECT_TRUE(push(1));
  execute("update ww_node set lease_ends = 0"); // as if the time had passed
  const auto next = open_journal(options("node-b"));
  ASSERT_TRUE(next) << next.error();
  const auto answer = push(2);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, journal_errc::fenced);
  EXPECT_THAT(answer.error().message, AllOf(HasSubstr("node-a"), HasSubstr("took over")));
  EXPECT_EQ(writer_->renew_lease(at(1)).error().code, journal_errc::fenced);
  EXPECT_EQ(writer_->release_shards().error().code, journal_errc::fenced);
  EXPECT_EQ(writer_->drop_history(at(1), 10).error().code, journal_errc::fenced);
  EXPECT_FALSE(has_job(2));
  EXPECT_TRUE((*next)->open_writer()->commit({inserting({pushed(2, at(0))})}));
}

TEST_P(commit_test, a_server_that_was_killed_and_started_again_has_all_that_was_acknowledged) {
  const auto server = GetParam().own(); // since others use the one of the process
  journal_options where = options();
  where.url = server->url();
  const auto opened = open_journal(where);
  ASSERT_TRUE(opened) << opened.error();
  const auto writer = (*opened)->open_writer();
  const auto reader = (*opened)->open_reader();
  ASSERT_TRUE(writer->commit({inserting({pushed(1, at(0))})}));
  server->crash();
  const auto away = writer->commit({inserting({pushed(2, at(0))})});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, journal_errc::unavailable);
  EXPECT_THAT(away.error().message, HasSubstr("no server listens there"));
  EXPECT_EQ(reader->find_job(job_id{1}).error().code, journal_errc::unavailable);
  server->start();
  EXPECT_TRUE(writer->commit({inserting({pushed(2, at(0))})}));
  EXPECT_TRUE(*reader->find_job(job_id{1}));
  EXPECT_TRUE(*reader->find_job(job_id{2}));
}

TEST_P(commit_test, another_sessions_lock_is_unavailable_until_it_is_gone) {
  const auto other = server_->session();
  {
    other->execute(named("begin; select 1 from ww_writer for update"));
    const auto receipts = push(1);
    ASSERT_FALSE(receipts);
    EXPECT_EQ(receipts.error().code, journal_errc::unavailable);
    EXPECT_THAT(receipts.error().message, HasSubstr("another transaction"));
    other->execute("rollback");
  }
  EXPECT_TRUE(push(1));
}

TEST_P(commit_test, retention_holds_the_writer_row_and_takes_no_number) {
  const uint64_t before = push(1)->at(0).batch;
  journal_change end;
  end.ends = {ending(1)};
  ASSERT_TRUE(writer_->commit({end}));
  const wall_time later = at(std::chrono::days{400} / milliseconds{1});
  const auto other = server_->session();
  other->execute(named("begin; select 1 from ww_writer for update"));
  const auto blocked = writer_->drop_history(later, 100);
  EXPECT_TRUE(!blocked || *blocked == 0);
  EXPECT_TRUE(has_job(1)) << "a take-over has the row: nothing may go any more";
  other->execute("rollback");
  EXPECT_GT(*writer_->drop_history(later, 100), 0u);
  EXPECT_FALSE(has_job(1));
  EXPECT_EQ(push(2)->at(0).batch, before + 2);
}

TEST_P(commit_test, many_jobs_at_once_are_the_same_as_few) {
  journal_change many = inserting({});
  for (uint64_t id = 1; id <= 1200; ++id) {
    many.inserts.push_back(pushed(id, at(0), "handler-" + std::to_string(id % 7)));
    many.inserts.back().made.body = payload::bytes(std::string_view{"\0\\\n\t\xff", 5}, "a/b");
    many.inserts.back().marks = {{"quote", "\"'\\{},\t\n"}};
    many.inserts.back().external_id = "{}";
  }
  ASSERT_TRUE(writer_->commit({many}));
  journal_change few = many;
  few.inserts.resize(3);
  for (auto& one : few.inserts) one.made.id = job_id{value_of(one.made.id) + 5000};
  ASSERT_TRUE(writer_->commit({few}));
  for (const uint64_t id : {1u, 1200u, 5001u}) {
    const auto found = reader_->find_job(job_id{id});
    ASSERT_TRUE(found && *found) << id;
    EXPECT_EQ((*found)->what.body.data(), (std::string_view{"\0\\\n\t\xff", 5})) << id;
    EXPECT_EQ((*found)->marks, many.inserts[0].marks) << id;
    EXPECT_EQ((*found)->external_id, "{}") << id;
  }
}

TEST_P(commit_test, many_ends_at_once_are_the_same_as_few) {
  std::vector<new_job> jobs;
  for (uint64_t id = 1; id <= 300; ++id) jobs.push_back(pushed(id, at(0)));
  ASSERT_TRUE(writer_->commit({inserting(std::move(jobs))}));
  // Most succeed alike, every seventh fails in its own way, every eleventh was never there.
  journal_change ends;
  for (uint64_t id = 1; id <= 300; ++id) {
    const bool fails = id % 7 == 0;
    job_end end = ending(id % 11 == 0 ? id + 1000 : id, fails ? job_state::dead : job_state::succeeded);
    end.last = tried(1, fails ? attempt_outcome::failed : attempt_outcome::succeeded, at(10), at(20 + int64_t(id)));
    end.last->node = "node-a";
    if (fails) end.last->error = "error " + std::to_string(id);
    ends.ends.push_back(end);
  }
  const auto receipts = writer_->commit({ends});
  ASSERT_TRUE(receipts);
  EXPECT_EQ(receipts->at(0).missing.size(), 27u);
  EXPECT_EQ(receipts->at(0).missing.front(), job_id{1011}) << "in the order of the ends";
  for (uint64_t id = 1; id <= 300; ++id) {
    const auto found = reader_->find_job(job_id{id});
    ASSERT_TRUE(found && *found) << id;
    if (id % 11 == 0) {
      EXPECT_EQ((*found)->state, job_state::pending) << id;
      continue;
    }
    EXPECT_EQ((*found)->state, id % 7 == 0 ? job_state::dead : job_state::succeeded) << id;
    ASSERT_EQ((*found)->attempts.size(), 1u) << id;
    const attempt_record& last = (*found)->attempts[0];
    EXPECT_EQ(last.number, 1u);
    EXPECT_EQ(last.node, "node-a");
    EXPECT_EQ(last.started_at, at(10));
    EXPECT_EQ(last.finished_at, at(20 + int64_t(id)));
    EXPECT_EQ(last.error, id % 7 == 0 ? "error " + std::to_string(id) : "");
  }
}

TEST_P(commit_test, text_that_not_every_database_can_hold_is_kept_readable) {
  ASSERT_TRUE(push(1));
  journal_change end;
  end.ends = {ending(1, job_state::dead)};
  end.ends[0].last->error = std::string{"out\0put \xff\xc3\xa4", 11};
  const auto receipts = writer_->commit({end});
  ASSERT_TRUE(receipts) << receipts.error().message;
  ASSERT_FALSE(receipts->at(0).error) << receipts->at(0).error->message;
  EXPECT_EQ((*reader_->find_job(job_id{1}))->attempts.at(0).error, "out\xef\xbf\xbdput \xef\xbf\xbd\xc3\xa4");
}

TEST_P(commit_test, history_stands_in_partitions_of_a_day_that_are_dropped_whole) {
  constexpr int64_t day = 86'400'000;
  journal_change made = inserting({}), ends;
  for (uint64_t id = 1; id <= 30; ++id) {
    made.inserts.push_back(pushed(id, at(0)));
    made.inserts.back().marks = {{"team", "a"}};
    ends.ends.push_back(ending(id));
    ends.ends.back().finished_at = at(static_cast<int64_t>(id % 3) * day);
  }
  ASSERT_TRUE(writer_->commit({made}));
  ASSERT_TRUE(writer_->commit({ends}));
  const auto partitions = [&] { return value(GetParam().partitions); };
  EXPECT_EQ(partitions(), "3");
  EXPECT_EQ(writer_->history_piece(), milliseconds{day});
  const wall_time midnight = std::chrono::floor<std::chrono::days>(at(day)); // after the first day
  size_t dropped = 0;
  for (int call = 0; call < 10; ++call) dropped += *writer_->drop_history(midnight, 4);
  EXPECT_EQ(dropped, 10u);
  EXPECT_EQ(partitions(), "2");
  EXPECT_EQ(reader_->list_jobs({})->size(), 20u);
  EXPECT_EQ(value("select count(*) from ww_job_term"), "20");
  journal_change late = inserting({pushed(40, at(0))});
  ASSERT_TRUE(writer_->commit({late}));
  late = {};
  late.ends = {ending(40)};
  ASSERT_TRUE(writer_->commit({late})) << "a day that was dropped can come back";
  EXPECT_TRUE(has_job(40));
}

} // namespace
} // namespace wheelwork::testing_journal
