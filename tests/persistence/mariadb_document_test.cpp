// docs/operations.md against a real MariaDB: every query in it runs, finds what it is for and reads no more than it
// must; every table and column stands in it.
#include "tests/persistence/documented_life.hpp"
#include "tests/persistence/operations_document.hpp"
#include "tests/support/mariadb_server.hpp"

#include <mysql.h>

namespace wheelwork::testing_journal {
namespace {

class mariadb_document_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!mariadb_server::missing().empty()) GTEST_SKIP() << mariadb_server::missing();
    auto& server = mariadb_server::of_process();
    database_ = server.new_database();
    shell_.reset(mysql_init(nullptr));
    ASSERT_TRUE(mysql_real_connect(shell_.get(), nullptr, "root", "", database_.c_str(), 0, server.socket().c_str(),
                                   CLIENT_MULTI_STATEMENTS))
        << mysql_error(shell_.get());
    clock_.now =
        wall_time{milliseconds{std::stoll(rows_of("select floor(unix_timestamp(now(3)) * 1000)").at(0).at(0))}};
    journal_options options;
    options.url = server.url(database_);
    options.node_name = "node-a";
    options.clock = &clock_;
    auto opened = open_journal(options);
    ASSERT_TRUE(opened) << opened.error();
    journal_ = std::move(*opened);
    const auto writer = journal_->open_writer();
    write_a_life(*writer, clock_.now);
    write_a_life_of_pools(*writer, clock_.now);
    ASSERT_TRUE(writer->prepare_history(clock_.now));
  }

  using all_rows = std::vector<std::vector<std::string>>;
  /// Of all statements of the text together; `changed_` counts what they changed.
  all_rows rows_of(const std::string& sql) {
    all_rows found;
    changed_ = 0;
    int next = mysql_real_query(shell_.get(), sql.data(), sql.size());
    for (; next == 0; next = mysql_next_result(shell_.get())) {
      st_mysql_res* const all = mysql_store_result(shell_.get());
      if (!all) {
        changed_ += mysql_affected_rows(shell_.get());
        continue;
      }
      while (const MYSQL_ROW row = mysql_fetch_row(all)) {
        found.emplace_back();
        for (unsigned at = 0; at < mysql_num_fields(all); ++at) found.back().emplace_back(row[at] ? row[at] : "");
      }
      mysql_free_result(all);
    }
    EXPECT_LT(next, 1) << sql << mysql_error(shell_.get());
    return found;
  }
  /// More live jobs than anybody should read, due in some days.
  void add_many_jobs() {
    const auto writer = journal_->open_writer();
    for (uint16_t shard = 0; shard < 8; ++shard) {
      journal_change many = inserting({}, shard);
      for (uint64_t id = 0; id < 1000; ++id) {
        many.inserts.push_back(pushed(1000 + shard * 1000 + id, clock_.now + std::chrono::days{3}));
        many.inserts.back().created_at = clock_.now;
      }
      ASSERT_TRUE(writer->commit({many}));
    }
    rows_of("analyze table ww_job");
  }

  struct close {
    void operator()(st_mysql* handle) const { mysql_close(handle); }
  };
  std::string database_;
  std::unique_ptr<st_mysql, close> shell_;
  manual_clock clock_;
  std::unique_ptr<journal> journal_;
  uint64_t changed_ = 0;
};

TEST_F(mariadb_document_test, every_query_of_the_page_runs_and_finds_something) {
  const auto queries = documented_sql("mariadb");
  EXPECT_GE(queries.size(), 10u);
  for (const std::string& sql : queries) {
    const size_t found = rows_of(sql).size();
    EXPECT_GT(found + changed_, 0u) << sql;
  }
}

TEST_F(mariadb_document_test, no_query_of_the_page_reads_all_live_jobs) {
  add_many_jobs();
  size_t of_live_jobs = 0;
  for (const std::string& sql : documented_sql("mariadb")) {
    if (sql.find("ww_job j") == std::string::npos) continue;
    for (const auto& step : rows_of("explain " + sql)) {
      if (step.at(2) != "j") continue; // columns: id, select_type, table, type, possible_keys, key, key_len, ref, rows
      ++of_live_jobs;
      EXPECT_TRUE(step.at(3) == "range" || step.at(3) == "ref" || step.at(3) == "eq_ref") << sql << step.at(3);
      EXPECT_LT(std::stoll(step.at(8)), 1000) << sql;
    }
  }
  EXPECT_EQ(of_live_jobs, 4u);
}

TEST_F(mariadb_document_test, every_table_and_column_stands_in_the_page) {
  const auto documented = documented_columns();
  std::set<std::string> tables;
  for (const auto& row : rows_of("select table_name, column_name from information_schema.columns where table_schema = "
                                 "database()")) {
    tables.insert(row[0]);
    EXPECT_TRUE(documented.contains(row[0]) && documented.at(row[0]).contains(row[1])) << row[0] << "." << row[1];
  }
  EXPECT_GE(tables.size(), 16u);
}

} // namespace
} // namespace wheelwork::testing_journal
