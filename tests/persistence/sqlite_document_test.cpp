// docs/operations.md against a real SQLite file: every query in it runs and finds what it is for, every table and
// column stands in it, and nothing stands there that no database has.
#include "tests/persistence/documented_life.hpp"
#include "tests/persistence/operations_document.hpp"

#include <sqlite3.h>

namespace wheelwork::testing_journal {
namespace {

class sqlite_document_test : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(sqlite3_open((folder_.path / "journal.db").c_str(), &shell_), SQLITE_OK);
    clock_.now = wall_time{milliseconds{std::stoll(rows_of("select strftime('%s', 'now') * 1000").at(0).at(0))}};
    journal_options options;
    options.url = "sqlite://" + (folder_.path / "journal.db").string();
    options.node_name = "node-a";
    options.clock = &clock_;
    auto opened = open_journal(options);
    ASSERT_TRUE(opened) << opened.error();
    journal_ = std::move(*opened);
    const auto writer = journal_->open_writer();
    write_a_life(*writer, clock_.now);
    write_a_life_of_pools(*writer, clock_.now);
  }
  void TearDown() override { sqlite3_close(shell_); }

  using all_rows = std::vector<std::vector<std::string>>;
  all_rows rows_of(const std::string& sql) {
    all_rows rows;
    const auto add = [](void* into, int count, char** texts, char**) {
      auto& row = static_cast<all_rows*>(into)->emplace_back();
      for (int at = 0; at < count; ++at) row.emplace_back(texts[at] ? texts[at] : "");
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(shell_, sql.c_str(), add, &rows, nullptr), SQLITE_OK) << sql << sqlite3_errmsg(shell_);
    return rows;
  }

  temporary_folder folder_;
  sqlite3* shell_ = nullptr;
  manual_clock clock_;
  std::unique_ptr<journal> journal_;
};

TEST_F(sqlite_document_test, every_query_of_the_page_runs_and_finds_something) {
  const auto queries = documented_sql("sqlite");
  EXPECT_GE(queries.size(), 8u);
  for (const std::string& sql : queries) {
    const int before = sqlite3_total_changes(shell_);
    const size_t found = rows_of(sql).size();
    EXPECT_GT(found + static_cast<size_t>(sqlite3_total_changes(shell_) - before), 0u) << sql;
  }
}

TEST_F(sqlite_document_test, no_query_of_the_page_reads_all_live_jobs) {
  size_t of_live_jobs = 0;
  for (const std::string& sql : documented_sql("sqlite")) {
    if (sql.find("ww_shard s") == std::string::npos || sql.find("ww_job j") == std::string::npos) continue;
    ++of_live_jobs;
    for (const auto& step : rows_of("explain query plan " + sql))
      EXPECT_EQ(step.at(3).find("SCAN j"), std::string::npos) << sql << step.at(3);
  }
  EXPECT_EQ(of_live_jobs, 3u);
}

TEST_F(sqlite_document_test, every_table_and_column_stands_in_the_page) {
  const auto documented = documented_columns();
  size_t tables = 0;
  for (const auto& table : rows_of("select name from sqlite_master where type = 'table' and name like 'ww_%'")) {
    ++tables;
    for (const auto& column : rows_of("select name from pragma_table_info('" + table[0] + "')"))
      EXPECT_TRUE(documented.contains(table[0]) && documented.at(table[0]).contains(column[0]))
          << table[0] << "." << column[0];
  }
  EXPECT_EQ(tables, documented.size()) << "a table that is documented and that nobody has";
  const std::set<std::string> of_others{"ww_node.lease_ends",       "ww_node.fenced",    "ww_unique_key.taken_at",
                                        "ww_unique_key.unique_key", "ww_writer.session", "ww_job.fire_shard"};
  for (const auto& [table, columns] : documented)
    for (const std::string& column : columns)
      if (!of_others.contains(table + "." + column)) {
        EXPECT_EQ(rows_of("select 1 from pragma_table_info('" + table + "') where name = '" + column + "'").size(), 1u)
            << table << "." << column << " does not exist";
      }
}

} // namespace
} // namespace wheelwork::testing_journal
