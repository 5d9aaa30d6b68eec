// SQLite only: what is read often walks along an index and sorts nothing. A plan that scans a table shows up here, not
// in production.
#include "persistence/sqlite/connection.hpp"
#include "persistence/sqlite/dialect.hpp"
#include "persistence/sqlite/sql_diagnosis.hpp"
#include "persistence/sqlite/sql_job.hpp"
#include "persistence/sqlite/sql_read.hpp"
#include "persistence/sqlite/sql_retention.hpp"
#include "persistence/sqlite/sql_task.hpp"
#include "tests/persistence/journal_fixture.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class sqlite_plan_test : public ::testing::Test {
protected:
  sqlite_plan_test() {
    journal_ = all_backends().at(1).open(folder_, clock_);
    database_ = std::make_unique<sqlite::connection>(sqlite::connection_settings{
        .path = (folder_.path / "journal.db").string(), .table_prefix = "ww_", .read_only = true, .faults = nullptr});
  }
  std::string plan(const std::string& sql) {
    const auto explained = database_->prepare("explain query plan " + sql);
    std::string text;
    while (explained->step()) text += std::string{explained->text(3)} + "\n";
    return text;
  }
  std::string plan(const job_filter& filter, bool live, std::optional<int64_t> task = std::nullopt) {
    return plan(query_of_list(sqlite::dialect::reading.list, filter, live, task, {}).text);
  }

  manual_clock clock_;
  temporary_folder folder_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<sqlite::connection> database_;
};

const auto walks = [](const std::string& index) {
  return AllOf(HasSubstr(index), Not(HasSubstr("SCAN")), Not(HasSubstr("TEMP B-TREE")));
};

TEST_F(sqlite_plan_test, windows_walk_along_the_due_index) {
  namespace sql = sqlite::sql;
  EXPECT_THAT(plan(sql::window_from_start), walks("ww_job_due (shard=? AND running=? AND due_at<?)"));
  EXPECT_THAT(plan(sql::window_rest_of_instant), walks("ww_job_due (shard=? AND running=? AND due_at=? AND rowid>?)"));
  EXPECT_THAT(plan(sql::window_after_instant), walks("ww_job_due (shard=? AND running=? AND due_at>? AND due_at<?)"));
  EXPECT_THAT(plan(sql::running_of_shard), walks("ww_job_due (shard=? AND running=?)"));
  EXPECT_THAT(plan(sql::live_fires_of_shard), walks("ww_job_fire (shard=?)"));
}

TEST_F(sqlite_plan_test, one_job_is_found_by_its_key) {
  namespace sql = sqlite::sql;
  for (const char* one : {sql::find_live, sql::find_history, sql::copy_to_history, sql::delete_job, sql::take_job})
    EXPECT_THAT(plan(one), walks("INTEGER PRIMARY KEY (rowid=?)")) << one;
  EXPECT_THAT(plan(sql::attempts_of_job), walks("PRIMARY KEY (job_id=?)"));
}

TEST_F(sqlite_plan_test, the_ledger_reads_only_its_span) {
  namespace sql = sqlite::sql;
  EXPECT_THAT(plan(sql::fires_of_task), walks("PRIMARY KEY (task=? AND fire_time>? AND fire_time<?)"));
  EXPECT_THAT(plan(sql::skips_within), walks("ww_fire_skip_end (task=? AND to_at>? AND to_at<?)"));
  EXPECT_THAT(plan(sql::skips_over_end), walks("ww_fire_skip_end (task=? AND to_at>?)"));
}

TEST_F(sqlite_plan_test, lists_walk_along_the_index_of_their_filter) {
  const std::string by_term = "SEARCH l USING PRIMARY KEY (term=? AND job_id>? AND job_id<?)";
  for (const bool live : {true, false}) {
    EXPECT_THAT(plan({}, live), walks("INTEGER PRIMARY KEY"));
    EXPECT_THAT(plan({.created_from = at(0), .created_until = at(1)}, live), walks("rowid>? AND rowid<?"));
    EXPECT_THAT(plan({}, live, 7), walks(by_term));
    EXPECT_THAT(plan({.unique_key = "k"}, live), walks(by_term));
    EXPECT_THAT(plan({.external_id = "x"}, live, 7), walks(by_term));
    EXPECT_THAT(plan({.marks = {{"a", "b"}, {"c", "d"}}}, live), walks(by_term));
  }
  EXPECT_THAT(plan({.state = job_state::dead}, false), walks("ww_job_history_unhappy (state=? AND id>? AND id<?)"));
  EXPECT_THAT(plan({.state = job_state::dead}, false, 7), walks("ww_job_history_unhappy (state=? AND id>? AND id<?)"));
  EXPECT_THAT(plan({.state = job_state::succeeded}, false), walks("INTEGER PRIMARY KEY"));
  EXPECT_THAT(plan({.state = job_state::running}, true), HasSubstr("ww_job_due (shard=? AND running=?)"))
      << "few, sorted";
  EXPECT_THAT(plan(std::string{sqlite::sql::count_running}), HasSubstr("ww_job_due (shard=? AND running=?)"));
}

TEST_F(sqlite_plan_test, retention_finds_what_is_old_without_a_scan) {
  namespace sql = sqlite::sql;
  EXPECT_THAT(plan(sql::old_history), walks("ww_job_history_finished (finished_at<?)"));
  EXPECT_THAT(plan(sql::drop_old_fires), HasSubstr("ww_fire_time (fire_time<?)"));
  EXPECT_THAT(plan(sql::drop_old_skips), HasSubstr("ww_fire_skip_retention (to_at<?)"));
  EXPECT_THAT(plan(sql::drop_expired_keys), HasSubstr("ww_unique_key_until (until>? AND until<?)"));
  EXPECT_THAT(plan(sql::tasks_of_shard), walks("ww_task_shard (shard=?)"));
}

TEST_F(sqlite_plan_test, the_diagnosis_does_not_read_all_live_jobs) {
  EXPECT_THAT(plan(sqlite::sql::running_jobs), HasSubstr("ww_job_due (shard=? AND running=?)"));
}

} // namespace
} // namespace wheelwork::testing_journal
