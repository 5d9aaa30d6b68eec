// SQLite only: what open_journal refuses, in words that name the fix, and what it makes.
#include "persistence/sqlite/file_system.hpp"
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class sqlite_open_test : public ::testing::Test {
protected:
  journal_options options(const std::string& name = "journal.db") {
    journal_options made;
    made.url = "sqlite://" + (folder_.path / name).string();
    made.node_name = "node-a";
    made.clock = &clock_;
    return made;
  }
  std::string refusal(const journal_options& wanted) {
    const auto opened = open_journal(wanted);
    EXPECT_FALSE(opened) << "it was opened";
    return opened ? std::string{} : opened.error();
  }
  int64_t number(const char* sql) {
    sqlite3* shell = nullptr;
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_open((folder_.path / "journal.db").c_str(), &shell), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(shell, sql, -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(shell);
    EXPECT_EQ(sqlite3_step(statement), statement && sqlite3_column_count(statement) ? SQLITE_ROW : SQLITE_DONE);
    const int64_t found = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(shell);
    return found;
  }

  manual_clock clock_;
  temporary_folder folder_;
};

TEST_F(sqlite_open_test, the_folder_is_made_if_it_is_missing) {
  EXPECT_TRUE(open_journal(options("some/where/else.db")));
  EXPECT_TRUE(std::filesystem::exists(folder_.path / "some/where/else.db"));
}

TEST_F(sqlite_open_test, a_second_node_in_this_process_is_refused_with_the_pid) {
  const auto first = open_journal(options());
  ASSERT_TRUE(first);
  EXPECT_THAT(refusal(options()), AllOf(HasSubstr("pid " + std::to_string(::getpid())), HasSubstr("node-a")));
  std::filesystem::create_symlink("journal.db", folder_.path / "other-name.db");
  EXPECT_THAT(refusal(options("other-name.db")), HasSubstr("in use")) << "under another name as well";
}

TEST_F(sqlite_open_test, a_node_in_another_process_is_named_and_its_death_frees_the_file) {
  int ready[2], stop[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(stop), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = open_journal(options());
    const char word = held ? 'y' : 'n';
    if (::write(ready[1], &word, 1) != 1) ::_exit(1);
    ::close(stop[1]);
    char ignored = 0;
    const ssize_t got = ::read(stop[0], &ignored, 1); // until the parent is gone or kills this process
    ::_exit(got == 0 ? 0 : 1);
  }
  char word = 0;
  ASSERT_EQ(::read(ready[0], &word, 1), 1);
  EXPECT_EQ(word, 'y');
  EXPECT_THAT(refusal(options()), HasSubstr("pid " + std::to_string(child)));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(open_journal(options()));
  for (const int descriptor : {ready[0], ready[1], stop[0], stop[1]}) ::close(descriptor);
}

TEST_F(sqlite_open_test, a_refused_second_start_does_not_disturb_the_first) {
  const auto first = open_journal(options());
  ASSERT_TRUE(first);
  refusal(options());
  EXPECT_TRUE((*first)->open_writer()->commit({inserting({pushed(1, at(0))})}));
  EXPECT_TRUE(migration_status_of(options())) << "looking at the version is allowed beside a running node";
  EXPECT_TRUE(migrate(options())) << "and so is an upgrade that has nothing to do";
}

TEST_F(sqlite_open_test, a_file_that_is_no_database_is_left_alone) {
  const std::string text(5000, 'x');
  std::ofstream{folder_.path / "journal.db"} << text;
  EXPECT_THAT(refusal(options()), AllOf(HasSubstr("journal.db"), HasSubstr("not a SQLite database")));
  EXPECT_EQ(std::filesystem::file_size(folder_.path / "journal.db"), text.size());
  EXPECT_THAT(refusal(options(".")), HasSubstr("is a folder"));
}

TEST_F(sqlite_open_test, migrations_begin_from_nothing_and_change_nothing_twice) {
  auto status = migration_status_of(options());
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(status->version, 0u);
  EXPECT_EQ(status->pending.size(), status->newest);
  EXPECT_FALSE(std::filesystem::exists(folder_.path / "journal.db")) << "a look must not make the file";
  status = migrate(options());
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(status->version, status->newest);
  EXPECT_THAT(status->pending, IsEmpty());
  const int64_t tables = number("select count(*) from sqlite_master");
  ASSERT_TRUE(migrate(options()));
  ASSERT_TRUE(open_journal(options()));
  EXPECT_EQ(number("select count(*) from sqlite_master"), tables);
  EXPECT_EQ(number("select count(*) from ww_migration"), static_cast<int64_t>(status->newest));
}

TEST_F(sqlite_open_test, without_leave_to_migrate_an_old_database_is_refused) {
  journal_options careful = options();
  careful.migrate = false;
  EXPECT_THAT(refusal(careful), HasSubstr("wheelwork migrate"));
  EXPECT_EQ(number("select count(*) from sqlite_master"), 0) << "nothing was made";
  ASSERT_TRUE(migrate(options()));
  EXPECT_TRUE(open_journal(careful));
}

TEST_F(sqlite_open_test, a_newer_schema_is_refused) {
  ASSERT_TRUE(migrate(options()));
  number("insert into ww_migration (version, name) values (999, 'from the future')");
  EXPECT_THAT(refusal(options()), AllOf(HasSubstr("999"), HasSubstr("newer wheelwork")));
  EXPECT_FALSE(migrate(options()));
}

TEST_F(sqlite_open_test, a_file_with_two_names_is_refused_under_each) {
  ASSERT_TRUE(open_journal(options()));
  std::filesystem::create_hard_link(folder_.path / "journal.db", folder_.path / "other.db");
  EXPECT_THAT(refusal(options()), HasSubstr("more than one name"));
  EXPECT_THAT(refusal(options("other.db")), HasSubstr("more than one name"));
  std::filesystem::remove(folder_.path / "other.db");
  EXPECT_TRUE(open_journal(options()));
}

TEST_F(sqlite_open_test, the_number_of_shards_is_fixed) {
  ASSERT_TRUE(open_journal(options()));
  journal_options other = options();
  other.shards = 32;
  EXPECT_THAT(refusal(other), AllOf(HasSubstr("64 shards"), HasSubstr("cluster.shards = 64")));
  other.shards = 0;
  EXPECT_THAT(refusal(other), HasSubstr("from 1 to 1024"));
}

TEST_F(sqlite_open_test, a_table_prefix_keeps_two_journals_apart_in_one_file) {
  journal_options other = options();
  other.table_prefix = "other_";
  {
    const auto first = open_journal(options());
    ASSERT_TRUE(first) << first.error();
    ASSERT_TRUE((*first)->open_writer()->commit({inserting({pushed(1, at(0))})}));
  }
  const auto second = open_journal(other);
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ((*second)->open_reader()->count_live()->live, 0u);
  EXPECT_EQ(number("select count(*) from other_job"), 0);
  other.table_prefix = "x; drop table ww_job; --";
  EXPECT_THAT(refusal(other), HasSubstr("table prefix"));
}

TEST_F(sqlite_open_test, unknown_urls_and_a_missing_clock_are_refused_without_showing_a_password) {
  journal_options wrong = options();
  wrong.url = "oracle://user:secret@host/db";
  EXPECT_THAT(refusal(wrong), AllOf(HasSubstr("oracle://"), Not(HasSubstr("secret"))));
  wrong = options();
  wrong.clock = nullptr;
  EXPECT_THAT(refusal(wrong), HasSubstr("clock"));
}

// Root may write everything, so the rights are tried as nobody.
class as_nobody {
public:
  as_nobody() {
    if (::geteuid() == 0) changed_ = ::seteuid(65534) == 0;
  }
  ~as_nobody() {
    if (changed_ && ::seteuid(0) != 0) std::abort();
  }

private:
  bool changed_ = false;
};

TEST_F(sqlite_open_test, a_file_or_folder_that_can_not_be_written_is_named) {
  ASSERT_EQ(::chmod(folder_.path.c_str(), 0777), 0);
  const as_nobody rights;
  ASSERT_TRUE(open_journal(options()));
  ASSERT_EQ(::chmod((folder_.path / "journal.db").c_str(), 0444), 0);
  EXPECT_THAT(refusal(options()), AllOf(HasSubstr("journal.db"), HasSubstr("right to write")));
  ASSERT_EQ(::chmod((folder_.path / "journal.db").c_str(), 0644), 0);
  EXPECT_TRUE(open_journal(options())) << "and goes on when it may";
  const auto place = folder_.path / "closed";
  ASSERT_TRUE(std::filesystem::create_directory(place));
  ASSERT_EQ(::chmod(place.c_str(), 0555), 0);
  EXPECT_THAT(refusal(options("closed/journal.db")), AllOf(HasSubstr("closed"), HasSubstr("write the folder")));
  EXPECT_THAT(refusal(options("closed/deeper/journal.db")), HasSubstr("can't be created"));
}

TEST(network_file_systems, are_known_by_their_numbers) {
  EXPECT_EQ(sqlite::network_file_system(0x6969), "NFS");
  EXPECT_EQ(sqlite::network_file_system(static_cast<int>(0xFF534D42)), "CIFS") << "also where the number has a sign";
  EXPECT_FALSE(sqlite::network_file_system(0xEF53)) << "ext4";
  EXPECT_FALSE(sqlite::network_file_system(0x01021994)) << "tmpfs";
}

} // namespace
} // namespace wheelwork::testing_journal
