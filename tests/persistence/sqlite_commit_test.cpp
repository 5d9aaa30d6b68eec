// SQLite only: what becomes of a transaction when SQLite, the disk or another writer stands in its way.
#include "persistence/sqlite/sqlite_journal.hpp"
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <sys/resource.h>

#include <csignal>

namespace wheelwork::testing_journal {
namespace {

using sqlite::commit_fault;
using sqlite::commit_step;
using ::testing::HasSubstr;

class sqlite_commit_test : public ::testing::Test {
protected:
  sqlite_commit_test() { start(); }
  void start() {
    reader_.reset();
    writer_.reset();
    journal_.reset();
    journal_options options;
    options.url = "sqlite://" + path();
    options.node_name = "node-a";
    options.clock = &clock_;
    auto opened = sqlite::open_sqlite_journal(options, std::make_shared<commit_fault>([this](commit_step step) {
                                                steps_.push_back(step);
                                                return fault_ ? fault_(step) : SQLITE_OK;
                                              }));
    if (!opened) throw std::runtime_error{opened.error()};
    journal_ = std::move(*opened);
    writer_ = journal_->open_writer();
    reader_ = journal_->open_reader();
  }
  std::string path() const { return (folder_.path / "journal.db").string(); }
  result<std::vector<journal_receipt>, journal_error> push(uint64_t id, uint64_t ticket = 0) {
    journal_change change = inserting({pushed(id, at(0))});
    change.ticket = ticket;
    return writer_->commit({change});
  }
  bool has_job(uint64_t id) { return reader_->find_job(job_id{id})->has_value(); }
  /// Fails one step once.
  void fail_once(commit_step wanted, int code) {
    fault_ = [this, wanted, code](commit_step step) {
      if (step != wanted) return SQLITE_OK;
      fault_ = nullptr;
      return code;
    };
  }
  void execute(const char* sql) {
    sqlite3* shell = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &shell), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(shell, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(shell);
    sqlite3_close(shell);
  }

  manual_clock clock_;
  temporary_folder folder_;
  std::function<int(commit_step)> fault_;
  std::vector<commit_step> steps_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
  std::unique_ptr<journal_reader> reader_;
};

TEST_F(sqlite_commit_test, an_answer_of_commit_lost_after_it_applied_is_settled_by_the_writer_row) {
  const uint64_t before = push(1)->at(0).batch;
  fail_once(commit_step::after_commit, SQLITE_IOERR);
  const auto receipts = push(2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, before + 1);
  EXPECT_TRUE(has_job(2));
  EXPECT_EQ(push(3)->at(0).batch, before + 2);
}

TEST_F(sqlite_commit_test, a_commit_that_did_not_apply_is_repeated_under_the_same_number) {
  const uint64_t before = push(1)->at(0).batch;
  fail_once(commit_step::before_commit, SQLITE_IOERR);
  const auto receipts = push(2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_EQ(receipts->at(0).batch, before + 1);
  EXPECT_TRUE(has_job(2));
}

TEST_F(sqlite_commit_test, a_commit_that_never_applies_is_unavailable_and_nothing_of_it_is_there) {
  const uint64_t before = push(1)->at(0).batch;
  fault_ = [](commit_step step) { return step == commit_step::before_commit ? SQLITE_FULL : SQLITE_OK; };
  const auto receipts = push(2);
  ASSERT_FALSE(receipts);
  EXPECT_EQ(receipts.error().code, journal_errc::unavailable);
  EXPECT_THAT(receipts.error().message, HasSubstr("free some"));
  EXPECT_FALSE(has_job(2));
  fault_ = nullptr;
  EXPECT_EQ(push(2)->at(0).batch, before + 1);
}

TEST_F(sqlite_commit_test, while_nobody_can_tell_the_outcome_is_unknown_and_the_same_changes_settle_it) {
  const uint64_t before = push(1, 1)->at(0).batch;
  const auto cut_off = [](commit_step cut) {
    return [cut](commit_step step) { return step == cut || step == commit_step::settle ? SQLITE_IOERR : SQLITE_OK; };
  };
  fault_ = cut_off(commit_step::after_commit);
  auto receipts = push(2, 2);
  ASSERT_FALSE(receipts);
  EXPECT_EQ(receipts.error().code, journal_errc::unknown_outcome);
  EXPECT_EQ(push(2, 2).error().code, journal_errc::unknown_outcome) << "still cut off";
  fault_ = nullptr;
  receipts = push(2, 2);
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_FALSE(receipts->at(0).error) << "it must not be applied twice";
  EXPECT_EQ(receipts->at(0).batch, before + 1);

  fault_ = cut_off(commit_step::before_commit);
  EXPECT_EQ(push(3, 3).error().code, journal_errc::unknown_outcome);
  fault_ = nullptr;
  receipts = push(3, 3);
  ASSERT_TRUE(receipts);
  EXPECT_EQ(receipts->at(0).batch, before + 2);
  EXPECT_TRUE(has_job(3));

  fault_ = cut_off(commit_step::after_commit);
  EXPECT_EQ(push(4, 4).error().code, journal_errc::unknown_outcome);
  fault_ = nullptr;
  EXPECT_EQ(push(5, 5)->at(0).batch, before + 4) << "other changes come after the lost ones";
  EXPECT_TRUE(has_job(4));
  EXPECT_TRUE(has_job(5));
}

TEST_F(sqlite_commit_test, an_error_before_commit_leaves_a_connection_that_works_or_is_opened_again) {
  for (const int code : {SQLITE_BUSY, SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_NOMEM}) {
    fail_once(commit_step::begin, code);
    const auto receipts = push(10 + static_cast<uint64_t>(code));
    ASSERT_FALSE(receipts);
    EXPECT_EQ(receipts.error().code, journal_errc::unavailable);
    EXPECT_THAT(receipts.error().message, HasSubstr(path()));
    EXPECT_TRUE(push(10 + static_cast<uint64_t>(code)));
  }
}

TEST_F(sqlite_commit_test, a_connection_that_can_not_be_opened_again_is_tried_at_each_call) {
  fault_ = [](commit_step step) {
    return step == commit_step::begin || step == commit_step::open ? SQLITE_CANTOPEN : SQLITE_OK;
  };
  EXPECT_EQ(push(1).error().code, journal_errc::unavailable);
  EXPECT_EQ(push(1).error().code, journal_errc::unavailable);
  EXPECT_EQ(writer_->renew_lease(at(1)).error().code, journal_errc::unavailable);
  fault_ = nullptr;
  EXPECT_TRUE(push(1));
}

TEST_F(sqlite_commit_test, an_older_incarnation_is_fenced) {
  EXPECT_TRUE(push(1));
  execute("update ww_writer set incarnation = incarnation + 1");
  EXPECT_EQ(push(2).error().code, journal_errc::fenced);
  EXPECT_EQ(writer_->renew_lease(at(1)).error().code, journal_errc::fenced);
  EXPECT_EQ(writer_->release_shards().error().code, journal_errc::fenced);
  EXPECT_EQ(writer_->drop_history(at(1), 10).error().code, journal_errc::fenced);
  EXPECT_FALSE(has_job(2));
  execute("update ww_writer set incarnation = incarnation - 1, fenced = 1");
  EXPECT_EQ(push(2).error().code, journal_errc::fenced);
  EXPECT_FALSE(has_job(2));
}

TEST_F(sqlite_commit_test, another_programs_lock_is_unavailable_until_it_is_gone) {
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "begin immediate", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto receipts = push(1);
  ASSERT_FALSE(receipts);
  EXPECT_EQ(receipts.error().code, journal_errc::unavailable);
  EXPECT_THAT(receipts.error().message, HasSubstr("another program"));
  sqlite3_exec(shell, "rollback", nullptr, nullptr, nullptr);
  sqlite3_close(shell);
  EXPECT_TRUE(push(1));
}

// A limit on the size of files stands for a full disk: writes fail in the middle of a transaction, and no mount is
// needed for it.
TEST_F(sqlite_commit_test, a_full_disk_refuses_pushes_loses_nothing_and_mends_by_itself) {
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{2'000'000, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  uint64_t accepted = 0;
  const auto batch = [](uint64_t number) {
    journal_change change = inserting({});
    for (uint64_t n = 0; n < 50; ++n) {
      change.inserts.push_back(pushed(1000 + number * 50 + n, at(0)));
      change.inserts.back().made.body = payload::json("\"" + std::string(500, 'x') + "\"");
    }
    return std::vector{change};
  };
  auto answer = writer_->commit(batch(0));
  while (answer && accepted < 1000) answer = writer_->commit(batch(++accepted));
  for (int again = 0; again < 3; ++again) EXPECT_FALSE(writer_->commit(batch(accepted)));
  const auto still_readable = reader_->count_live();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  ASSERT_FALSE(answer) << "the limit did not bite";
  EXPECT_EQ(answer.error().code, journal_errc::unavailable) << answer.error().message;
  ASSERT_TRUE(still_readable);
  EXPECT_EQ(still_readable->live, accepted * 50);
  EXPECT_TRUE(writer_->commit(batch(accepted))) << "there is space again";
  start();
  EXPECT_EQ(reader_->count_live()->live, (accepted + 1) * 50);
}

TEST_F(sqlite_commit_test, targets_that_nobody_uses_any_more_are_dropped_and_others_kept) {
  journal_change change = inserting({});
  for (uint64_t n = 0; n < 1500; ++n) change.inserts.push_back(pushed(n + 1, at(0), "handler-" + std::to_string(n)));
  ASSERT_TRUE(writer_->commit({change}));
  journal_change end;
  for (uint64_t n = 0; n < 1500; ++n) {
    if (n % 500 == 0) continue; // three stay live
    end.ends.push_back(ending(n + 1));
    if (n % 700 != 1) end.ends.back().finished_at = at(-100'000); // three stay in history
  }
  ASSERT_TRUE(writer_->commit({end}));
  size_t dropped = 0;
  for (uint64_t call = 0; call < 40; ++call) {
    dropped += *writer_->drop_history(at(0), 400);
    // Another target comes into use again at each step of the sweep.
    const uint64_t again = 40 + call;
    ASSERT_TRUE(writer_->commit({inserting({pushed(5000 + again, at(0), "handler-" + std::to_string(again))})}));
  }
  EXPECT_GE(dropped, 1494u + 1494u - 40u) << "jobs of history, and targets but for those in use again";
  start(); // readers remember nothing of before
  for (const uint64_t id : {1u, 501u, 1001u, 2u, 702u, 1402u}) EXPECT_TRUE(has_job(id)) << id;
  for (uint64_t again = 40; again < 80; ++again)
    EXPECT_EQ((*reader_->find_job(job_id{5000 + again}))->what.how->spec,
              native("handler-" + std::to_string(again))->spec);
  ASSERT_TRUE(writer_->commit({inserting({pushed(9000, at(0), "handler-300")})})) << "a dropped one can come back";
  EXPECT_EQ((*reader_->find_job(job_id{9000}))->what.how->spec, native("handler-300")->spec);
}

} // namespace
} // namespace wheelwork::testing_journal
