// docs/operations.md against a real PostgreSQL: every query in it runs and finds what it is for, every table and column
// stands in it.
#include "tests/persistence/documented_life.hpp"
#include "tests/persistence/operations_document.hpp"
#include "tests/persistence/postgres_fixture.hpp"

#include <pqxx/pqxx>

namespace wheelwork::testing_journal {
namespace {

class postgres_document_test : public ::testing::Test {
protected:
  void SetUp() override {
    if (!postgres_server::missing().empty()) GTEST_SKIP() << postgres_server::missing();
    url_ = postgres_server::of_process().url(postgres_server::of_process().new_database());
    pqxx::connection shell{url_};
    clock_.now = wall_time{milliseconds{
        pqxx::nontransaction{shell}.exec("select (extract(epoch from now()) * 1000)::bigint")[0][0].as<int64_t>()}};
    journal_options options;
    options.url = url_;
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

  std::string url_;
  manual_clock clock_;
  std::unique_ptr<journal> journal_;
};

TEST_F(postgres_document_test, every_query_of_the_page_runs_and_finds_something) {
  const auto queries = documented_sql("postgres");
  EXPECT_GE(queries.size(), 8u);
  for (const std::string& sql : queries) {
    pqxx::connection shell{url_};
    try {
      const pqxx::result rows = pqxx::nontransaction{shell}.exec(sql);
      EXPECT_GT(rows.columns() > 0 ? rows.size() : rows.affected_rows(), 0u) << sql;
    } catch (const pqxx::sql_error& error) {
      ADD_FAILURE() << sql << error.what();
    }
  }
}

TEST_F(postgres_document_test, every_table_and_column_stands_in_the_page) {
  const auto documented = documented_columns();
  pqxx::connection shell{url_};
  std::map<std::string, std::set<std::string>> real;
  for (const auto& row : pqxx::nontransaction{shell}.exec(
           "select table_name, column_name from information_schema.columns where table_schema = current_schema() and "
           "table_name not similar to 'ww_job_history_[0-9]+'"))
    real[row[0].c_str()].insert(row[1].c_str());
  EXPECT_GE(real.size(), 16u);
  for (const auto& [table, columns] : real)
    for (const std::string& column : columns)
      EXPECT_TRUE(documented.contains(table) && documented.at(table).contains(column)) << table << "." << column;
}

} // namespace
} // namespace wheelwork::testing_journal
