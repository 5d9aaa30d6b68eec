// SQLite only: each finding of the diagnosis provoked on a real file.
#include "persistence/diagnosis.hpp"
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::HasSubstr;

class sqlite_diagnosis_test : public ::testing::Test {
protected:
  journal_options options() {
    journal_options made;
    made.url = "sqlite://" + file();
    made.node_name = "node-a";
    made.clock = &clock_;
    return made;
  }
  std::string file() const { return (folder_.path / "journal.db").string(); }
  void start() {
    auto opened = open_journal(options());
    if (!opened) throw std::runtime_error{opened.error()};
    journal_ = std::move(*opened);
    writer_ = journal_->open_writer();
  }
  void stop() {
    writer_.reset();
    journal_.reset();
  }
  finding look_at(const std::string& check) {
    auto all = diagnose(options(), limits_);
    if (!all) throw std::runtime_error{all.error()};
    for (finding& one : *all)
      if (one.check == check) return one;
    ADD_FAILURE() << "no finding about " << check;
    return {};
  }
  void expect(const std::string& check, severity level, const std::string& found) {
    const finding one = look_at(check);
    EXPECT_EQ(one.level, level) << one.check << ": " << one.found;
    EXPECT_THAT(one.found, HasSubstr(found));
  }
  void execute(const std::string& sql) {
    sqlite3* shell = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &shell), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(shell, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(shell);
    sqlite3_close(shell);
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator{folder_.path}, {}));
  }

  manual_clock clock_;
  temporary_folder folder_;
  diagnosis_limits limits_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
};

TEST_F(sqlite_diagnosis_test, a_file_that_is_not_there_is_no_fault_and_is_not_made) {
  expect("tables", severity::note, "does not exist yet");
  EXPECT_EQ(files(), 0u);
  journal_options deep = options();
  deep.url = "sqlite://" + (folder_.path / "a/b/c.db").string();
  const auto all = diagnose(deep);
  ASSERT_TRUE(all) << all.error();
  EXPECT_NE(worst_of(*all), severity::error);
  EXPECT_EQ(files(), 0u);
}

TEST_F(sqlite_diagnosis_test, beside_a_node_it_tells_who_holds_the_lock_and_changes_nothing) {
  start();
  ASSERT_TRUE(writer_->commit({inserting({pushed(1, at(0))})}));
  const auto all = diagnose(options());
  ASSERT_TRUE(all) << all.error();
  for (const finding& one : *all)
    if (one.check != "file system" && one.check != "free space") {
      EXPECT_EQ(one.level, severity::ok) << one.check << ": " << one.found;
    }
  expect("lease", severity::ok, "node node-a (incarnation 1) holds the lock");
  EXPECT_TRUE(writer_->commit({inserting({pushed(2, at(0))})}));
}

TEST_F(sqlite_diagnosis_test, it_does_not_keep_a_node_from_starting) {
  start();
  stop();
  expect("lease", severity::note, "the last was node node-a");
  const int lock = ::open((file() + ".lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0) << "no lock is left behind";
  ::close(lock);
  start();
  expect("lease", severity::ok, "incarnation 2");
}

TEST_F(sqlite_diagnosis_test, another_journal_mode_is_found) {
  start();
  stop();
  execute("pragma journal_mode = delete");
  expect("journal_mode", severity::warning, "delete instead of wal");
  start();
  expect("journal_mode", severity::ok, "wal");
  expect("synchronous", severity::ok, "FULL");
}

TEST_F(sqlite_diagnosis_test, space_and_what_waits_in_the_log_are_measured) {
  start();
  ASSERT_TRUE(writer_->commit({inserting({pushed(1, at(0))})}));
  limits_.write_ahead_warning = 1;
  expect("write-ahead log", severity::warning, "wait in the WAL");
  limits_.free_space_warning = 1ull << 60;
  expect("free space", severity::warning, " in " + folder_.path.string());
  limits_.free_space_error = 1ull << 60;
  expect("free space", severity::error, "the database has");
}

TEST_F(sqlite_diagnosis_test, unused_pages_are_counted) {
  start();
  stop();
  execute("create table filler (text); insert into filler select hex(randomblob(2000)) from (with recursive n(i) as "
          "(select 1 union all select i + 1 from n where i < 500) select i from n); drop table filler");
  limits_.free_space_error = 1000;
  expect("size", severity::note, "% unused");
  execute("vacuum");
  expect("size", severity::ok, "0 % unused");
}

TEST_F(sqlite_diagnosis_test, running_jobs_whose_node_is_gone_are_found) {
  start();
  journal_change start_of_one;
  start_of_one.shard = shard_id{3};
  start_of_one.starts.push_back({job_id{1}, 1, clock_.now - milliseconds{90'000}, target_kind::native});
  ASSERT_TRUE(writer_->commit({inserting({pushed(1, at(0)), pushed(2, at(0))})}));
  ASSERT_TRUE(writer_->commit({start_of_one}));
  expect("running jobs", severity::ok, "1 with a recorded start");
  execute("update ww_job set started_node = 'node-z' where running");
  expect("running jobs", severity::warning, "1 of them by a node that is not alive, the oldest 1m30s ago");
  execute("update ww_job set started_node = 'node-a' where running");
  stop();
  expect("running jobs", severity::warning, "1 of them");
  EXPECT_THAT(look_at("running jobs").advice, HasSubstr("start a node"));
}

TEST_F(sqlite_diagnosis_test, tables_of_a_newer_program_and_files_that_are_none_are_told) {
  start();
  stop();
  execute("insert into ww_migration (version, name) values (999, 'from the future')");
  expect("tables", severity::error, "version 999");
  std::filesystem::remove(file());
  std::ofstream{file()} << std::string(5000, 'x');
  EXPECT_THAT(diagnose(options()).error(), HasSubstr("not a SQLite database"));
}

TEST_F(sqlite_diagnosis_test, a_damaged_or_foreign_url_is_told) {
  journal_options wrong = options();
  wrong.url = "sqlite://";
  EXPECT_THAT(diagnose(wrong).error(), HasSubstr("sqlite://PATH"));
  wrong.url = "oracle://me:secret@host/db";
  EXPECT_THAT(diagnose(wrong).error(), ::testing::AllOf(HasSubstr("oracle://"), ::testing::Not(HasSubstr("secret"))));
}

} // namespace
} // namespace wheelwork::testing_journal
