// The wrapper that other folders' tests break journals with.
#include "tests/persistence/journal_fixture.hpp"
#include "tests/support/faulty_journal.hpp"

#include <thread>

namespace wheelwork::testing_journal {
namespace {

class faulty_journal_test : public ::testing::Test {
protected:
  faulty_journal_test() {
    journal_ = make_faulty_journal(all_backends().at(0).open(folder_, clock_), script_);
    writer_ = journal_->open_writer();
    reader_ = journal_->open_reader();
  }
  result<std::vector<journal_receipt>, journal_error> push(uint64_t id) {
    journal_change change = inserting({pushed(id, at(0))});
    change.ticket = id;
    return writer_->commit({change});
  }
  bool has_job(uint64_t id) { return reader_->find_job(job_id{id})->has_value(); }

  manual_clock clock_;
  temporary_folder folder_;
  std::shared_ptr<fault_script> script_ = std::make_shared<fault_script>();
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
  std::unique_ptr<journal_reader> reader_;
};

TEST_F(faulty_journal_test, fails_the_call_that_the_script_names) {
  script_->once(journal_call::commit, 1, journal_fault::fail);
  EXPECT_TRUE(push(1));
  EXPECT_EQ(push(2).error().code, journal_errc::unavailable);
  EXPECT_FALSE(has_job(2));
  EXPECT_TRUE(push(2));
  EXPECT_EQ(script_->calls(journal_call::commit), 3u);
}

TEST_F(faulty_journal_test, loses_an_answer_before_the_commit_applied) {
  script_->once(journal_call::commit, 0, journal_fault::lose_before);
  EXPECT_EQ(push(1).error().code, journal_errc::unknown_outcome);
  EXPECT_FALSE(has_job(1));
  EXPECT_FALSE(push(1)->at(0).error);
  EXPECT_TRUE(has_job(1));
}

TEST_F(faulty_journal_test, loses_an_answer_after_the_commit_applied_and_gives_it_to_the_same_changes) {
  script_->once(journal_call::commit, 0, journal_fault::lose_after);
  EXPECT_EQ(push(1).error().code, journal_errc::unknown_outcome);
  EXPECT_TRUE(has_job(1));
  const auto settled = push(1);
  ASSERT_TRUE(settled);
  EXPECT_FALSE(settled->at(0).error) << "applied a second time";
  EXPECT_TRUE(push(1)->at(0).error) << "and only once more";
}

TEST_F(faulty_journal_test, after_a_crash_nothing_works) {
  script_->once(journal_call::renew_lease, 0, journal_fault::crash);
  EXPECT_TRUE(push(1));
  EXPECT_FALSE(writer_->renew_lease(at(1)));
  EXPECT_FALSE(push(2));
  EXPECT_FALSE(reader_->count_live());
}

TEST_F(faulty_journal_test, holds_a_call_until_the_test_lets_it_go) {
  script_->hold(journal_call::commit);
  std::thread other{[&] { EXPECT_TRUE(push(1)); }};
  script_->wait_until_held(journal_call::commit);
  EXPECT_FALSE(has_job(1));
  script_->let_go(journal_call::commit);
  other.join();
  EXPECT_TRUE(has_job(1));
}

} // namespace
} // namespace wheelwork::testing_journal
