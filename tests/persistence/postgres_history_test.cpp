// Postgres only: days of history made ahead of the jobs that finish on them.
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>
#include <pqxx/pqxx>

namespace wheelwork::testing_journal {
namespace {

constexpr milliseconds day{86'400'000};

class postgres_history_test : public postgres_test {
protected:
  /// Days that have a partition, the oldest first.
  std::string days() {
    return value("select string_agg(right(c.relname, 8), ' ' order by c.relname) from pg_inherits i join pg_class c "
                 "on c.oid = i.inhrelid where i.inhparent = 'ww_job_history'::regclass");
  }
};

// The clock stands on 2026-09-21.
TEST_F(postgres_history_test, today_and_tomorrow_are_made_ahead_and_only_once) {
  EXPECT_EQ(days(), "");
  for (int call = 0; call < 2; ++call) {
    const auto made = writer_->prepare_history(clock_.now);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(days(), "20260921 20260922");
  }
  ASSERT_TRUE(writer_->prepare_history(clock_.now + day));
  EXPECT_EQ(days(), "20260921 20260922 20260923");
}

TEST_F(postgres_history_test, the_first_commit_of_a_day_that_was_made_ahead_makes_no_table) {
  ASSERT_TRUE(writer_->prepare_history(clock_.now));
  ASSERT_TRUE(push(1));
  pqxx::connection other{postgres_server::of_process().url()};
  pqxx::quiet_errorhandler quiet{other};
  pqxx::work reading{other}; // whoever made a table now would have to wait for this lock
  reading.exec("lock table " + prefix_of(folder_) + "job_history in share update exclusive mode");
  journal_change end;
  end.ends = {ending(1)};
  end.ends[0].finished_at = clock_.now + day;
  const auto receipts = writer_->commit({end});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_TRUE(has_job(1));
}

TEST_F(postgres_history_test, a_lock_in_the_way_is_no_error_and_the_next_call_makes_the_day) {
  {
    pqxx::connection other{postgres_server::of_process().url()};
    pqxx::quiet_errorhandler quiet{other};
    pqxx::work locking{other};
    locking.exec("lock table " + prefix_of(folder_) + "job_history in access exclusive mode");
    const auto made = writer_->prepare_history(clock_.now);
    ASSERT_TRUE(made) << made.error().message;
  }
  EXPECT_EQ(days(), "");
  ASSERT_TRUE(push(1)) << "the writer goes on";
  ASSERT_TRUE(writer_->prepare_history(clock_.now));
  EXPECT_EQ(days(), "20260921 20260922");
}

TEST_F(postgres_history_test, two_writers_that_make_the_same_day_both_succeed) {
  const auto second = journal_->open_writer();
  ASSERT_TRUE(second->prepare_history(clock_.now + day)); // it has read the partitions: there were none
  ASSERT_TRUE(writer_->prepare_history(clock_.now + day));
  const auto made = second->prepare_history(clock_.now);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(writer_->prepare_history(clock_.now));
  EXPECT_EQ(days(), "20260921 20260922 20260923");
}

TEST_F(postgres_history_test, a_connection_that_was_lost_is_opened_again) {
  ASSERT_TRUE(push(1));
  end_sessions();
  const auto made = writer_->prepare_history(clock_.now);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(days(), "20260921 20260922");
}

TEST_F(postgres_history_test, retention_leaves_the_days_that_were_made_ahead) {
  ASSERT_TRUE(writer_->prepare_history(clock_.now - 3 * day));
  ASSERT_TRUE(writer_->prepare_history(clock_.now));
  while (*writer_->drop_history(std::chrono::floor<std::chrono::days>(clock_.now), 100) > 0) {
  }
  for (int call = 0; call < 3; ++call)
    ASSERT_TRUE(writer_->drop_history(std::chrono::floor<std::chrono::days>(clock_.now), 100));
  EXPECT_EQ(days(), "20260921 20260922");
}

} // namespace
} // namespace wheelwork::testing_journal
