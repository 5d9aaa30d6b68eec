// MySQL and MariaDB only: what is read or changed often goes along an index, whatever the optimizer believes of tables
// that were empty when it looked. A statement that can't shows up here, not in production.
#include "persistence/mysql/dialect.hpp"
#include "persistence/mysql/sql_job.hpp"
#include "tests/persistence/server_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace sql = mysql::sql;

class mariadb_plan_test : public server_test {
protected:
  void SetUp() override {
    server_test::SetUp();
    if (IsSkipped()) return;
    journal_change end;
    end.ends = {ending(1)};
    ASSERT_TRUE(push(1));
    ASSERT_TRUE(writer_->commit({end}));
    mysql::connection_settings settings;
    settings.target = *mysql::read_url(options().url);
    settings.table_prefix = options().table_prefix;
    database_ = std::make_unique<mysql::connection>(settings);
  }
  /// Lines `table: kind of access, key, remarks`.
  std::string plan(const std::string& text, const std::vector<mysql::literal>& values = {}) {
    std::string found; // with names as the texts have them
    for (auto lines = database_->query_text("explain " + text, values); lines.next();)
      found += std::string{lines->text(2)} + ": " + std::string{lines->text(3)} + ", " + std::string{lines->text(5)} +
               ", " + std::string{lines->text(9)} + "\n";
    const std::string prefix = prefix_of(folder_);
    for (size_t at = found.find(prefix); at != std::string::npos; at = found.find(prefix))
      found.replace(at, prefix.size(), "ww_");
    return found;
  }
  std::string plan(const job_filter& filter, bool live, std::optional<int64_t> task = std::nullopt) {
    const job_list_query query = query_of_list(mysql::dialect::reading.list, filter, live, task, {});
    std::vector<mysql::literal> values;
    for (const sql_value& one : query.values) std::visit([&](const auto& any) { values.emplace_back(any); }, one);
    values.emplace_back(10);
    return plan(query.text, values);
  }
  static auto walks(const std::string& access) {
    return AllOf(HasSubstr(access), Not(HasSubstr("ALL")), Not(HasSubstr("filesort")), Not(HasSubstr("join buffer")));
  }

  std::unique_ptr<mysql::connection> database_;
};
INSTANTIATE_TEST_SUITE_P(journal, mariadb_plan_test, ::testing::Values(server_kinds().at(1)),
                         ::testing::PrintToStringParamName());

TEST_P(mariadb_plan_test, windows_walk_along_the_due_index) {
  EXPECT_THAT(plan(sql::window_from_start, {3, 100, 10}), walks("j: range, ww_job_due"));
  EXPECT_THAT(plan(sql::window_rest_of_instant, {3, 100, 5, 10}), walks("j: range, ww_job_due"));
  EXPECT_THAT(plan(sql::window_after_instant, {3, 100, 200, 10}), walks("j: range, ww_job_due"));
  EXPECT_THAT(plan(sql::running_of_shard, {3}), walks("j: ref, ww_job_due"));
  EXPECT_THAT(plan(sql::live_fires_of_shard, {3}), HasSubstr("j: ref, ww_job_fire")) << "few, sorted";
  EXPECT_THAT(plan(sql::count_running), HasSubstr("j: ref, ww_job_due"));
}

TEST_P(mariadb_plan_test, one_job_is_found_by_its_key) {
  EXPECT_THAT(plan(sql::find_history, {7}), walks("j: ref, PRIMARY"));
  EXPECT_THAT(plan(sql::attempts_of_job, {7}), Not(HasSubstr("ALL")));
  EXPECT_THAT(plan(std::string{sql::jobs_to_take} + "1,2,3) for update"), HasSubstr("range, PRIMARY"));
}

TEST_P(mariadb_plan_test, what_is_given_leads_to_the_rows_by_their_key) {
  const auto given = [](std::string text, const std::string& columns, const std::string& rows) {
    for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{')) {
      const size_t end = text.find('}', at);
      const std::string name = text.substr(at + 1, end - at - 1);
      text.replace(at, end + 1 - at,
                   name == "given" ? "(with g(" + columns + ") as (values " + rows + ") select * from g) g"
                                   : "g." + name);
    }
    return text;
  };
  EXPECT_THAT(plan(given(sql::drop_terms, "job_id, term", "(1, 'a'), (2, 'b')")), HasSubstr("t: eq_ref, PRIMARY"));
  EXPECT_THAT(plan(given(sql::delete_jobs, "id", "(1), (2)")), HasSubstr("j: eq_ref, PRIMARY"));
  EXPECT_THAT(plan(given(sql::drop_attempts, "id", "(1), (2)")), HasSubstr("a: ref, PRIMARY"));
  EXPECT_THAT(plan(given(sql::delete_history_of, "id", "(1), (2)")), HasSubstr("h: ref, PRIMARY"));
  EXPECT_THAT(plan(given(sql::drop_fires, "job_id, task, fire_time", "(1, 2, 3), (4, 5, 6)")),
              HasSubstr("f: eq_ref, PRIMARY"));
  EXPECT_THAT(plan(given(sql::start_jobs, "id, attempt, started_at, node", "(1, 1, 1, 'n'), (2, 1, 1, 'n')")),
              HasSubstr("j: eq_ref, PRIMARY"));
  EXPECT_THAT(
      plan(given(sql::put_back, "id, due_at, number, retries_used, lost_in_row", "(1, 1, 1, 1, 1), (2,2,2,2,2)")),
      HasSubstr("j: eq_ref, PRIMARY"));
  EXPECT_THAT(
      plan(given(sql::end_jobs,
                 "id, state, finished_at, attempt, reason, last_number, last_node, last_started_at, "
                 "last_finished_at, last_outcome, last_error, last_response",
                 "(1, 2, 3, 4, null, 1, 'n', 1, 1, 1, 'e', 'r'), (2, 2, 3, 4, null, 1, 'n', 1, 1, 1, 'e', 'r')")),
      HasSubstr("j: eq_ref, PRIMARY"));
}

TEST_P(mariadb_plan_test, lists_walk_along_the_index_of_their_filter) {
  for (const bool live : {true, false}) {
    EXPECT_THAT(plan({}, live), HasSubstr("j: range, PRIMARY"));
    for (const job_filter& filter : {job_filter{.unique_key = "k"}, job_filter{.marks = {{"a", "b"}, {"c", "d"}}}})
      EXPECT_THAT(plan(filter, live), AllOf(walks("l: range, PRIMARY"), HasSubstr("ref, PRIMARY")));
    EXPECT_THAT(plan({}, live, 7), walks("l: range, PRIMARY"));
  }
  EXPECT_THAT(plan({.state = job_state::dead}, false), walks("l: range, PRIMARY"));
  EXPECT_THAT(plan({.state = job_state::dead}, false, 7), walks("l: range, PRIMARY"));
  EXPECT_THAT(plan({.state = job_state::running}, true), HasSubstr("j: ref, ww_job_due")) << "few, sorted";
}

TEST_P(mariadb_plan_test, retention_and_the_ledger_read_only_what_they_need) {
  EXPECT_THAT(plan(sql::drop_old_fires, {100, 10}), HasSubstr("ww_fire_time"));
  EXPECT_THAT(plan(sql::drop_old_skips, {100, 10}), HasSubstr("ww_fire_skip_retention"));
  EXPECT_THAT(plan(sql::drop_expired_keys, {100, 10}), HasSubstr("ww_unique_key_until"));
  EXPECT_THAT(plan(sql::fires_of_task, {7, 1, 2, 3}), walks("ww_fire: range, PRIMARY"));
  EXPECT_THAT(plan(sql::skips_within, {7, 1, 2, 3}), walks("ww_fire_skip: range, ww_fire_skip_end"));
  EXPECT_THAT(plan(sql::skips_over_end, {7, 1}), walks("ww_fire_skip: range, ww_fire_skip_end"));
}

} // namespace
} // namespace wheelwork::testing_journal
