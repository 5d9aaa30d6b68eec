// What an upgrade of the tables does to the rows that are there, and to nodes that work with them. The next migration
// is made up: each test is as good for the versions that are still to come.
#include "persistence/mysql/mysql_journal.hpp"
#include "persistence/postgres/postgres_journal.hpp"
#include "persistence/sqlite/sqlite_journal.hpp"
#include "tests/persistence/documented_life.hpp"
#include "tests/persistence/server_fixture.hpp"

#include <gmock/gmock.h>

#include <latch>
#include <thread>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using opened_journal = result<std::unique_ptr<journal>, std::string>;
using migrated = result<migration_status, std::string>;

/// A program that knows the versions up to some number, which may be one more than there are.
struct program {
  opened_journal (*open)(const journal_options& options, uint32_t newest);
  migrated (*migrate)(const journal_options& options, uint32_t newest);
  uint32_t newest; ///< of this program
};

/// All versions and one more.
template <class Migration>
std::vector<Migration> with_next(std::span<const Migration> all, decltype(Migration::sql) sql) {
  std::vector<Migration> more{all.begin(), all.end()};
  more.push_back({all.back().version + 1, "made up", sql});
  return more;
}

constexpr char next_tables[] =
    "alter table ww_job add column note text; create table ww_extra (id integer primary key);"
    "insert into ww_extra values (7)";
constexpr const char* next_tables_of_mysql[] = {"alter table ww_job add column if not exists note text",
                                                "create table if not exists ww_extra (id integer primary key)",
                                                "replace into ww_extra values (7)"};

postgres::migration_list postgres_versions(uint32_t newest) {
  static const auto all = with_next(postgres::all_migrations(), next_tables);
  return postgres::migration_list{all}.first(newest);
}
mysql::migration_list mysql_versions(uint32_t newest) {
  static const auto all = with_next(mysql::all_migrations(), next_tables_of_mysql);
  return mysql::migration_list{all}.first(newest);
}
sqlite::migration_list sqlite_versions(uint32_t newest) {
  static const auto all = with_next(sqlite::all_migrations(), next_tables);
  return sqlite::migration_list{all}.first(newest);
}

const program& program_for(const std::string& backend) {
  static const program of_postgres{[](const journal_options& options, uint32_t newest) {
                                     return postgres::open_postgres_journal(options, nullptr,
                                                                            postgres_versions(newest));
                                   },
                                   [](const journal_options& options, uint32_t newest) {
                                     return postgres::migrate_postgres(options, postgres_versions(newest));
                                   },
                                   postgres::all_migrations().back().version};
  static const program of_mariadb{[](const journal_options& options, uint32_t newest) {
                                    return mysql::open_mysql_journal(options, nullptr, mysql_versions(newest));
                                  },
                                  [](const journal_options& options, uint32_t newest) {
                                    return mysql::migrate_mysql(options, mysql_versions(newest));
                                  },
                                  mysql::all_migrations().back().version};
  static const program of_sqlite{[](const journal_options& options, uint32_t newest) {
                                   return sqlite::open_sqlite_journal(options, nullptr, sqlite_versions(newest));
                                 },
                                 [](const journal_options& options, uint32_t newest) {
                                   return sqlite::migrate_sqlite(options, sqlite_versions(newest));
                                 },
                                 sqlite::all_migrations().back().version};
  return backend == "postgres" ? of_postgres : backend == "mariadb" ? of_mariadb : of_sqlite;
}

/// The rows of write_a_life() are all there and can be used.
void expect_that_life(journal& in) {
  const auto reader = in.open_reader();
  EXPECT_EQ(reader->count_live()->live, 5u);
  EXPECT_EQ(reader->count_live()->running, 1u);
  EXPECT_EQ((*reader->find_job(job_id{1}))->attempts.size(), 1u);
  EXPECT_EQ((*reader->find_job(job_id{5}))->state, job_state::dead);
  EXPECT_EQ((*reader->task_by_name("nightly"))->definition->name, "nightly");
  EXPECT_EQ(reader->live_fires(shard_id{3})->size(), 1u);
  journal_change more = inserting({pushed(100, at(0))});
  more.ends = {ending(2)};
  const auto receipts = in.open_writer()->commit({more});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_FALSE(receipts->at(0).error);
  EXPECT_THAT(receipts->at(0).missing, IsEmpty());
  EXPECT_EQ((*reader->find_job(job_id{2}))->state, job_state::succeeded);
}

/// From the first version with rows to the newest one, by the command or by a start.
void expect_that_an_upgrade_keeps_rows(const program& with, const journal_options& options, bool by_command) {
  {
    const auto first = with.open(options, 1);
    ASSERT_TRUE(first) << first.error();
    const auto writer = (*first)->open_writer();
    write_a_life(*writer, options.clock->wall_now());
    ASSERT_TRUE(writer->renew_lease(at(60'000)));
  }
  const uint32_t next = with.newest + 1;
  if (by_command) {
    const auto status = with.migrate(options, next);
    ASSERT_TRUE(status) << status.error();
    EXPECT_EQ(status->version, next);
    EXPECT_THAT(status->pending, IsEmpty());
  }
  const auto newest = with.open(options, next);
  ASSERT_TRUE(newest) << newest.error();
  EXPECT_EQ((*newest)->open_reader()->recovery_of(shard_id{3})->owner_lease_until, at(60'000));
  expect_that_life(**newest);
}

TEST(sqlite_migration_test, an_upgrade_keeps_all_rows) {
  manual_clock clock;
  for (const bool by_command : {true, false}) {
    const temporary_folder folder;
    journal_options options;
    options.url = "sqlite://" + (folder.path / "journal.db").string();
    options.node_name = "node-a";
    options.clock = &clock;
    const program& with = program_for("sqlite");
    expect_that_an_upgrade_keeps_rows(with, options, by_command);
    const auto older = with.open(options, with.newest);
    ASSERT_FALSE(older);
    EXPECT_THAT(older.error(), HasSubstr("newer wheelwork"));
  }
}

TEST(sqlite_migration_test, tables_that_a_node_uses_are_not_migrated) {
  manual_clock clock;
  const temporary_folder folder;
  journal_options options;
  options.url = "sqlite://" + (folder.path / "journal.db").string();
  options.node_name = "node-a";
  options.clock = &clock;
  const program& with = program_for("sqlite");
  const auto running = with.open(options, with.newest);
  ASSERT_TRUE(running);
  const auto refused = with.migrate(options, with.newest + 1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), AllOf(HasSubstr("node-a"), HasSubstr("stop")));
  EXPECT_FALSE(with.open(options, with.newest + 1));
  EXPECT_EQ(migration_status_of(options)->version, with.newest);
  EXPECT_TRUE(with.migrate(options, with.newest)) << "nothing is to be done";
  EXPECT_TRUE((*running)->open_writer()->commit({inserting({pushed(1, at(0))})}));
}

class migration_test : public server_test {
protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    server_ = GetParam().shared();
  }
  void end_leases() { execute("update ww_node set lease_ends = 0"); } // as if the time had passed
  std::string version() { return value("select max(version) from ww_migration"); }

  const program& with_ = program_for(GetParam().name);
  const uint32_t now_ = with_.newest, next_ = now_ + 1;
};
INSTANTIATE_TEST_SUITE_P(journal, migration_test, ::testing::ValuesIn(server_kinds()),
                         ::testing::PrintToStringParamName());

TEST_P(migration_test, an_upgrade_by_command_keeps_all_rows) {
  expect_that_an_upgrade_keeps_rows(with_, options(), true);
  EXPECT_EQ(value("select count(*) from ww_job where note is null"), "5") << "one more was pushed, one ended";
  EXPECT_EQ(value("select count(*) from ww_extra"), "1");
  EXPECT_EQ(value("select count(*) from ww_migration"), std::to_string(next_));
}

TEST_P(migration_test, an_upgrade_by_a_start_keeps_all_rows) {
  expect_that_an_upgrade_keeps_rows(with_, options(), false);
  const auto older = with_.open(options("node-b"), now_);
  ASSERT_FALSE(older);
  EXPECT_THAT(older.error(), HasSubstr("newer wheelwork"));
}

TEST_P(migration_test, tables_that_a_node_uses_are_not_migrated) {
  const auto running = with_.open(options("node-a"), now_);
  ASSERT_TRUE(running) << running.error();
  const auto writer = (*running)->open_writer();
  const auto refused = with_.migrate(options("node-b"), next_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), AllOf(HasSubstr("in use by the node node-a"), HasSubstr("stop that node first"),
                                     HasSubstr("as its standby")));
  EXPECT_TRUE(with_.migrate(options("node-b"), now_)) << "nothing is to be done";
  const auto second = with_.open(options("node-b"), next_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("in use by the node node-a"));
  EXPECT_EQ(version(), std::to_string(now_));
  EXPECT_TRUE(writer->commit({inserting({pushed(1, at(0))})})) << "it was not disturbed";
}

TEST_P(migration_test, a_standby_of_the_new_version_migrates_when_it_takes_over) {
  const auto running = with_.open(options("node-a"), now_);
  ASSERT_TRUE(running) << running.error();
  const auto writer = (*running)->open_writer();
  journal_options second = options("node-b");
  int looks = 0;
  second.wait_for_lease = [&](const held_lease& held) {
    EXPECT_EQ(held.node, "node-a");
    EXPECT_EQ(version(), std::to_string(now_));
    EXPECT_TRUE(writer->commit({inserting({pushed(static_cast<uint64_t>(++looks), at(0))})}));
    if (looks == 3) end_leases();
    return true;
  };
  const auto opened = with_.open(second, next_);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(version(), std::to_string(next_));
  EXPECT_EQ(writer->commit({inserting({pushed(9, at(0))})}).error().code, journal_errc::fenced);
  EXPECT_EQ((*opened)->open_reader()->count_live()->live, 3u);
}

TEST_P(migration_test, a_node_whose_lease_had_ended_can_not_go_on_with_migrated_tables) {
  const auto stopped = with_.open(options("node-a"), now_);
  ASSERT_TRUE(stopped) << stopped.error();
  const auto writer = (*stopped)->open_writer();
  end_leases();
  const auto status = with_.migrate(options("node-b"), next_);
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(writer->renew_lease(at(60'000)).error().code, journal_errc::fenced);
  EXPECT_EQ(writer->commit({inserting({pushed(1, at(0))})}).error().code, journal_errc::fenced);
}

TEST_P(migration_test, a_session_that_still_holds_the_writer_row_is_in_nobodys_way) {
  const auto first = with_.open(options("node-a"), now_);
  ASSERT_TRUE(first) << first.error();
  const auto stopped = server_->session(); // as node-a, stopped in the middle of a commit
  stopped->execute(named(GetParam().be_writer));
  end_leases();
  const auto status = with_.migrate(options("node-b"), next_);
  ASSERT_TRUE(status) << status.error();
  EXPECT_THROW(stopped->execute("commit"), std::exception) << "the stale commit must not be applied";
}

TEST_P(migration_test, a_standby_of_the_old_version_refuses_tables_that_were_migrated_meanwhile) {
  const auto first = with_.open(options("node-a"), now_);
  ASSERT_TRUE(first) << first.error();
  journal_options old = options("node-b");
  old.wait_for_lease = [&](const held_lease&) {
    end_leases();
    EXPECT_TRUE(with_.migrate(options("node-c"), next_));
    return true;
  };
  const auto refused = with_.open(old, now_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("newer wheelwork"));
}

TEST_P(migration_test, nodes_that_start_at_once_on_old_tables_migrate_them_once) {
  {
    const auto first = with_.open(options(), 1);
    ASSERT_TRUE(first) << first.error();
    write_a_life(*(*first)->open_writer(), clock_.now);
  }
  constexpr size_t nodes = 4;
  std::latch together{nodes};
  std::vector<opened_journal> answers;
  for (size_t number = 0; number < nodes; ++number) answers.emplace_back(failure(std::string{"not yet"}));
  std::vector<std::jthread> threads;
  for (size_t number = 0; number < nodes; ++number)
    threads.emplace_back([&, number] {
      const journal_options how = options("node-" + std::to_string(number));
      together.arrive_and_wait();
      answers[number] = with_.open(how, next_);
    });
  threads.clear();
  size_t owners = 0;
  for (const auto& answer : answers) {
    if (answer) {
      ++owners;
      expect_that_life(**answer);
    } else {
      EXPECT_THAT(answer.error(), HasSubstr("it is in use by the node node-"));
    }
  }
  EXPECT_EQ(owners, 1u);
  EXPECT_EQ(value("select count(*) from ww_migration"), std::to_string(next_));
}

constexpr char broken_tables[] = "create table ww_extra (id integer primary key); select nonsense";
constexpr const char* broken_tables_of_mysql[] = {"create table if not exists ww_extra (id integer primary key)",
                                                  "select nonsense"};

TEST_P(migration_test, one_that_breaks_off_leaves_tables_that_nobody_mistakes) {
  ASSERT_TRUE(with_.open(options(), now_));
  const bool on_postgres = GetParam().name == "postgres";
  if (on_postgres) {
    const auto all = postgres::all_migrations();
    std::vector<postgres::migration> broken{all.begin(), all.end()};
    broken.push_back({next_, "broken", broken_tables});
    EXPECT_FALSE(postgres::migrate_postgres(options(), broken));
    EXPECT_TRUE(with_.open(options(), now_)) << "nothing of it is there";
  } else {
    const auto all = mysql::all_migrations();
    std::vector<mysql::migration> broken{all.begin(), all.end()};
    broken.push_back({next_, "broken", broken_tables_of_mysql});
    EXPECT_FALSE(mysql::migrate_mysql(options(), broken));
    EXPECT_THAT(with_.open(options(), now_).error(), HasSubstr("newer wheelwork")) << "statements went through";
    EXPECT_EQ(value("select name from ww_migration order by version desc limit 1"), "unfinished: broken");
  }
  const auto status = with_.migrate(options(), next_);
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(value("select name from ww_migration order by version desc limit 1"), "made up");
  EXPECT_TRUE(with_.open(options(), next_));
}

} // namespace
} // namespace wheelwork::testing_journal
