// The live table does not grow with the jobs that went through it.
#include "persistence/postgres/live_table_vacuum.hpp"
#include "persistence/postgres/url.hpp"
#include "persistence/postgres/writer.hpp"
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using postgres::live_table_vacuum;

class postgres_vacuum_test : public postgres_test {
protected:
  postgres::connection_settings settings() {
    postgres::connection_settings made;
    made.target = postgres::read_url(options().url)->parameters;
    made.shown = "the test's database";
    made.table_prefix = options().table_prefix;
    return made;
  }
  /// Of the live table, since the statistics were set to zero.
  int vacuums() {
    return std::stoi(
        value("select vacuum_count from pg_stat_user_tables where relname = '" + prefix_of(folder_) + "job'"));
  }
  /// Asks again and again, for what another session tells by its own time.
  template <class Predicate>
  bool soon(Predicate&& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!holds())
      if (std::chrono::steady_clock::now() > end) return false;
    return true;
  }
};

TEST_F(postgres_vacuum_test, comes_as_soon_as_it_is_worth_it_and_not_before) {
  live_table_vacuum vacuum{settings(), 1000};
  vacuum.note_dead(999);
  EXPECT_EQ(vacuums(), 0);
  vacuum.note_dead(1);
  EXPECT_TRUE(soon([&] { return vacuums() == 1; }));
  EXPECT_EQ(vacuum.take_failure(), "");
}

TEST_F(postgres_vacuum_test, comes_by_itself_with_the_jobs_that_end) {
  execute("alter table ww_job set (autovacuum_enabled = off)");
  auto writing = settings();
  writing.vacuum = std::make_shared<live_table_vacuum>(settings(), 30);
  postgres::writer writer{
      writing, {0, journal_->self().incarnation}, journal_->self(), &clock_, std::make_shared<target_uses>()};
  for (uint64_t first = 1; first < 40; first += 10) {
    std::vector<new_job> jobs;
    journal_change ends;
    for (uint64_t id = first; id < first + 10; ++id) {
      jobs.push_back(pushed(id, at(0)));
      ends.ends.push_back(ending(id));
    }
    ASSERT_TRUE(writer.commit({inserting(std::move(jobs))}));
    if (first < 30) {
      EXPECT_EQ(vacuums(), 0);
    }
    ASSERT_TRUE(writer.commit({std::move(ends)}));
  }
  EXPECT_TRUE(soon([&] { return vacuums() >= 1; }));
}

TEST_F(postgres_vacuum_test, that_fails_says_why_once) {
  auto of_another = settings();
  of_another.target =
      postgres::read_url(postgres_server::of_process().url_of("nobody-there", "", "postgres"))->parameters;
  live_table_vacuum vacuum{of_another, 1000};
  vacuum.note_dead(1000);
  std::string why;
  EXPECT_TRUE(soon([&] { return !(why = vacuum.take_failure()).empty(); }));
  EXPECT_THAT(why, ::testing::HasSubstr("the live table can't be vacuumed: "));
  EXPECT_EQ(vacuum.take_failure(), "");
}

} // namespace
} // namespace wheelwork::testing_journal
