// Tables of before there were pools get them, and keep what they have.
#include "tests/persistence/pool_changes.hpp"
#include "tests/persistence/server_fixture.hpp"

#include <sqlite3.h>

namespace wheelwork::testing_journal {
namespace {

/// What version 2 made is taken away again: the tables are those of version 1.
constexpr const char* back_to_version_1[] = {"drop table ww_pool", "drop table ww_pool_event",
                                             "drop table ww_pool_minute", "delete from ww_migration where version = 2"};

/// A task and a job are there, and pools can be kept.
void expect_upgraded(journal& in) {
  const auto reader = in.open_reader();
  EXPECT_EQ((*reader->task_by_name("nightly"))->definition->id, task_id{77});
  EXPECT_TRUE(*reader->find_job(job_id{10}));
  const auto receipts = in.open_writer()->commit({creating(pool_named("orders"))});
  ASSERT_TRUE(receipts) << receipts.error().message;
  EXPECT_FALSE(receipts->at(0).error);
  EXPECT_EQ(reader->pools()->size(), 1u);
}

void write_rows(journal& in) {
  const auto receipts = in.open_writer()->commit({creating(task_named("nightly", 77)), inserting({pushed(10, at(0))})});
  ASSERT_TRUE(receipts) << receipts.error().message;
}

void expect_version_1(const journal_options& options) {
  const auto status = migration_status_of(options);
  ASSERT_TRUE(status) << status.error();
  EXPECT_EQ(status->version, 1u);
  ASSERT_FALSE(status->pending.empty());
  EXPECT_EQ(status->pending.front(), "2: consumer pools");
}

TEST(sqlite_pool_upgrade, tables_of_version_1_keep_their_rows) {
  const temporary_folder folder;
  manual_clock clock;
  const std::string path = (folder.path / "journal.db").string();
  journal_options options;
  options.url = "sqlite://" + path;
  options.node_name = "node-a";
  options.clock = &clock;
  {
    const auto first = open_journal(options);
    ASSERT_TRUE(first) << first.error();
    write_rows(**first);
  }
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &shell), SQLITE_OK);
  for (const char* sql : back_to_version_1) EXPECT_EQ(sqlite3_exec(shell, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(shell);
  expect_version_1(options);
  options.migrate = false;
  EXPECT_FALSE(open_journal(options)) << "it may not upgrade them";
  options.migrate = true;
  const auto newest = open_journal(options);
  ASSERT_TRUE(newest) << newest.error();
  expect_upgraded(**newest);
}

class pool_upgrade_test : public server_test {
protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    server_ = GetParam().shared();
    const auto first = open_journal(options());
    ASSERT_TRUE(first) << first.error();
    write_rows(**first);
  }
};
INSTANTIATE_TEST_SUITE_P(journal, pool_upgrade_test, ::testing::ValuesIn(server_kinds()),
                         ::testing::PrintToStringParamName());

TEST_P(pool_upgrade_test, tables_of_version_1_keep_their_rows) {
  for (const char* sql : back_to_version_1) execute(sql);
  expect_version_1(options());
  const auto newest = open_journal(options());
  ASSERT_TRUE(newest) << newest.error();
  expect_upgraded(**newest);
}

TEST_P(pool_upgrade_test, an_upgrade_that_was_killed_in_the_middle_is_done_again) {
  execute(back_to_version_1[3]);
  if (GetParam().name == "postgres") // where the whole migration is one transaction, nothing of it is there
    for (size_t table = 0; table < 3; ++table) execute(back_to_version_1[table]);
  else
    execute(back_to_version_1[1]);
  const auto newest = open_journal(options());
  ASSERT_TRUE(newest) << newest.error();
  expect_upgraded(**newest);
}

} // namespace
} // namespace wheelwork::testing_journal
