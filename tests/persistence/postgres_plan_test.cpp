// Postgres only: what is read often can walk along an index and sorts nothing. A statement that can't shows up here,
// not in production: tables are scanned and rows sorted only where there is no other way.
#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/dialect.hpp"
#include "persistence/postgres/sql_diagnosis.hpp"
#include "persistence/postgres/sql_job.hpp"
#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_retention.hpp"
#include "persistence/postgres/sql_task.hpp"
#include "persistence/postgres/url.hpp"
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class postgres_plan_test : public postgres_test {
protected:
  void SetUp() override {
    postgres_test::SetUp();
    if (IsSkipped()) return;
    // A day of history, so that there is a partition to look into.
    ASSERT_TRUE(push(1));
    journal_change end;
    end.ends = {ending(1)};
    ASSERT_TRUE(writer_->commit({end}));
    postgres::connection_settings settings;
    settings.target = postgres::read_url(options().url)->parameters;
    settings.table_prefix = options().table_prefix;
    database_ = std::make_unique<postgres::connection>(settings);
    database_->execute("set enable_seqscan = off; set enable_sort = off; set enable_bitmapscan = off");
  }
  std::string plan(const std::string& sql, const std::vector<postgres::value>& values) {
    std::string text;
    for (auto lines = database_->query_text("explain (costs off) " + sql, values); lines.next();)
      text += std::string{lines->text(0)} + "\n";
    return text;
  }
  /// Of a list of finished or live jobs.
  std::string plan(const job_filter& filter, bool live, std::optional<int64_t> task = std::nullopt) {
    const std::string sql = query_of_list(postgres::dialect::reading.list, filter, live, task, {}).text;
    std::vector<postgres::value> values; // growing, so that no span is empty
    while (sql.find("$" + std::to_string(values.size() + 1)) != std::string::npos)
      values.emplace_back(static_cast<int64_t>(values.size() + 4));
    return plan(sql, values);
  }
  auto walks(const std::string& index) {
    return AllOf(HasSubstr(prefix_of(folder_) + index), Not(HasSubstr("Seq Scan")), Not(HasSubstr("Sort")));
  }

  std::unique_ptr<postgres::connection> database_;
};

TEST_F(postgres_plan_test, windows_walk_along_the_due_index) {
  namespace sql = postgres::sql;
  EXPECT_THAT(plan(sql::window_from_start, {3, 100, 10}), walks("job_due"));
  EXPECT_THAT(plan(sql::window_after, {3, 100, 5, 200, 10}),
              AllOf(walks("job_due"), HasSubstr("ROW(due_at, (id + 0)) > ")));
  EXPECT_THAT(plan(sql::running_of_shard, {3}), HasSubstr("job_due")) << "few, sorted";
  EXPECT_THAT(plan(sql::live_fires_of_shard, {3}), walks("job_fire"));
  EXPECT_THAT(plan(sql::count_running, {}), HasSubstr("job_due"));
}

TEST_F(postgres_plan_test, one_job_is_found_by_its_key) {
  namespace sql = postgres::sql;
  EXPECT_THAT(plan(sql::find_live, {7}), walks("job_pkey"));
  EXPECT_THAT(plan(sql::find_history, {7}), walks("job_history_20260921_pkey"));
  EXPECT_THAT(plan(sql::attempts_of_job, {7}), walks("attempt_pkey"));
  EXPECT_THAT(plan(sql::take_jobs, {"{1,2,3}"}), walks("job_pkey"));
}

TEST_F(postgres_plan_test, the_ledger_reads_only_its_span) {
  namespace sql = postgres::sql;
  EXPECT_THAT(plan(sql::fires_of_task, {7, 1, 2, 3}), walks("fire_pkey"));
  EXPECT_THAT(plan(sql::skips_within, {7, 1, 2, 3}), walks("fire_skip_end"));
  EXPECT_THAT(plan(sql::skips_over_end, {7, 1}), walks("fire_skip_end"));
}

TEST_F(postgres_plan_test, lists_walk_along_the_index_of_their_filter) {
  for (const bool live : {true, false}) {
    const std::string by_id = live ? "job_pkey" : "job_history_20260921_pkey";
    EXPECT_THAT(plan({}, live), walks(by_id));
    EXPECT_THAT(plan({.created_from = at(0), .created_until = at(1)}, live), walks(by_id));
    EXPECT_THAT(plan({}, live, 7), AllOf(walks("job_term_pkey"), walks(by_id)));
    EXPECT_THAT(plan({.unique_key = "k"}, live), walks("job_term_pkey"));
    EXPECT_THAT(plan({.external_id = "x"}, live, 7), walks("job_term_pkey"));
    EXPECT_THAT(plan({.marks = {{"a", "b"}, {"c", "d"}}}, live), walks("job_term_pkey"));
  }
  EXPECT_THAT(plan({.state = job_state::dead}, false), walks("job_history_20260921_state_id_task_idx"));
  EXPECT_THAT(plan({.state = job_state::dead}, false, 7), walks("job_history_20260921_state_id_task_idx"));
  EXPECT_THAT(plan({.state = job_state::running}, true), HasSubstr("job_due")) << "few, sorted";
}

TEST_F(postgres_plan_test, retention_finds_what_is_old_without_a_scan) {
  namespace sql = postgres::sql;
  EXPECT_THAT(plan(sql::drop_old_fires, {100, 10}), HasSubstr("fire_time"));
  EXPECT_THAT(plan(sql::drop_old_skips, {100, 10}), HasSubstr("fire_skip_retention"));
  EXPECT_THAT(plan(sql::drop_expired_keys, {100, 10}), HasSubstr("unique_key_until"));
  EXPECT_THAT(plan(sql::tasks_of_shard, {3}), walks("task_shard"));
}

TEST_F(postgres_plan_test, whatever_the_planner_believes_the_writer_finds_rows_by_their_keys) {
  namespace sql = postgres::sql;
  // At their worst: full tables that were empty when they were looked at.
  execute("delete from ww_job");
  for (const char* table : {"ww_job", "ww_job_term", "ww_fire", "ww_attempt", "ww_unique_key", "ww_job_history"})
    execute(std::string{"vacuum analyze "} + table);
  execute("alter table ww_job set (autovacuum_enabled = off)");
  std::vector<new_job> jobs;
  for (uint64_t id = 1000; id < 6000; ++id) jobs.push_back(pushed(id, at(0)));
  ASSERT_TRUE(writer_->commit({inserting(std::move(jobs))}));

  postgres::connection_settings settings;
  settings.target = postgres::read_url(options().url)->parameters;
  settings.table_prefix = options().table_prefix;
  settings.fixed_plans = true;
  database_ = std::make_unique<postgres::connection>(settings);
  // As generic plans: the values are not known to the planner.
  const auto generic = [&](const char* text, const std::string& types, const std::string& values) {
    database_->execute("prepare looked_at (" + types + ") as " + text);
    std::string found;
    for (auto lines = database_->execute("explain (costs off) execute looked_at (" + values + ")"); lines.next();)
      found += std::string{lines->text(0)} + "\n";
    database_->execute("deallocate looked_at");
    return found;
  };
  const auto by_key = [&](const std::string& index) {
    return AllOf(HasSubstr(prefix_of(folder_) + index), Not(HasSubstr("Nested Loop")), Not(HasSubstr("Seq Scan")),
                 Not(HasSubstr("Join Filter")), Not(HasSubstr("job_due")));
  };
  const std::string nulls11 = "null, null, null, null, null, null, null, null, null, null, null";
  const std::string ids = "'{1,2,3}', ";
  EXPECT_THAT(generic(sql::end_jobs,
                      "bigint[], smallint[], bigint[], integer[], text[], integer[], text[], bigint[], bigint[], "
                      "smallint[], text[], text[]",
                      ids + nulls11),
              AllOf(by_key("job_pkey"), HasSubstr("Hash Join")));
  EXPECT_THAT(generic(sql::end_jobs_alike, "bigint[], bigint[], bigint[], bigint[], integer, smallint, text, smallint",
                      ids + "null, null, null, null, null, null, null"),
              AllOf(by_key("job_pkey"), HasSubstr("Hash Join")));
  EXPECT_THAT(generic(sql::again_jobs,
                      "bigint[], integer[], text[], bigint[], bigint[], smallint[], text[], text[], bigint[], "
                      "integer[], smallint[]",
                      ids + "null, null, null, null, null, null, null, null, null, null"),
              by_key("job_pkey"));
  EXPECT_THAT(generic(sql::start_jobs, "bigint[], integer[], bigint[], text", ids + "null, null, null"),
              by_key("job_pkey"));
  EXPECT_THAT(generic(sql::late_results, "bigint[], integer[], text[], bigint[], bigint[], smallint[], text[], text[]",
                      ids + "null, null, null, null, null, null, null"),
              by_key("job_pkey"));
  EXPECT_THAT(generic(sql::take_jobs, "bigint[]", "'{1,2,3}'"), by_key("job_pkey"));
  // These look up one row after the other, which a nested loop does best; the limit leaves no other way.
  const auto one_by_one = [&](const std::string& index) {
    return AllOf(HasSubstr("Limit\n"), HasSubstr("Index Scan using " + prefix_of(folder_) + index),
                 Not(HasSubstr("Seq Scan")), Not(HasSubstr("Join Filter")));
  };
  EXPECT_THAT(generic(sql::drop_terms, "text[], bigint[]", "null, null"), one_by_one("job_term_pkey"));
  EXPECT_THAT(generic(sql::drop_fires, "bigint[], bigint[], bigint[]", "null, null, null"), one_by_one("fire_pkey"));
}

TEST_F(postgres_plan_test, the_diagnosis_does_not_read_all_live_jobs) {
  EXPECT_THAT(plan(postgres::sql::running_jobs, {"node-a"}), AllOf(HasSubstr("job_due"), Not(HasSubstr("Seq Scan"))));
}

} // namespace
} // namespace wheelwork::testing_journal
