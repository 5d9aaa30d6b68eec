// Postgres only: each finding of the diagnosis provoked on a real server.
#include "persistence/diagnosis.hpp"
#include "tests/persistence/postgres_fixture.hpp"

#include <gmock/gmock.h>
#include <pqxx/pqxx>

#include <thread>

namespace wheelwork::testing_journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A server as one would run it, with a database for each test; nothing is wrong with it.
class postgres_diagnosis_test : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    if (!postgres_server::missing().empty()) return;
    server_ = new postgres_server{{.settings = "fsync = on\nautovacuum = on\nautovacuum_naptime = '1h'\n"
                                               "max_prepared_transactions = 4\nwal_level = logical\n"}};
  }
  static void TearDownTestSuite() { delete server_; }
  void SetUp() override {
    if (!postgres_server::missing().empty()) GTEST_SKIP() << postgres_server::missing();
    database_ = server_->new_database();
    clock_.now = wall_time{milliseconds{std::stoll(value("select (extract(epoch from now()) * 1000)::bigint"))}};
    limits_.skew_warning = milliseconds{60'000}; // the clock of the tests stands still
  }
  journal_options options() {
    journal_options made;
    made.url = server_->url(database_);
    made.node_name = "node-a";
    made.clock = &clock_;
    return made;
  }
  void start() {
    auto opened = open_journal(options());
    if (!opened) throw std::runtime_error{opened.error()};
    journal_ = std::move(*opened);
    writer_ = journal_->open_writer();
    if (!writer_->prepare_history(clock_.now)) throw std::runtime_error{"no partitions"};
  }
  std::vector<finding> look() {
    auto found = diagnose(options(), limits_);
    if (!found) throw std::runtime_error{found.error()};
    return std::move(*found);
  }
  finding look_at(const std::string& check) {
    std::string all;
    for (finding& one : look()) {
      if (one.check == check) return one;
      all += one.check + ", ";
    }
    ADD_FAILURE() << "no finding about " << check << " among " << all;
    return {};
  }
  void expect(const std::string& check, severity level, const std::string& found) {
    const finding one = look_at(check);
    EXPECT_EQ(one.level, level) << one.check << ": " << one.found;
    EXPECT_THAT(one.found, HasSubstr(found));
  }
  void execute(const std::string& sql) { server_->execute(sql, database_); }
  std::string value(const std::string& sql) { return server_->value(sql, database_); }

  static inline postgres_server* server_ = nullptr;
  std::string database_;
  manual_clock clock_;
  diagnosis_limits limits_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
};

TEST_F(postgres_diagnosis_test, nothing_is_wrong_beside_a_node_that_runs) {
  start();
  for (const finding& one : look())
    EXPECT_LE(one.level, one.check == "space" ? severity::note : severity::ok) << one.check << ": " << one.found;
  expect("lease", severity::ok, "node-a (incarnation 1)");
  expect("tables", severity::ok, "version");
  expect("history partitions", severity::ok, "2 partitions");
  EXPECT_THAT(look_at("server").found, HasSubstr("PostgreSQL " + value("show server_version").substr(0, 2)));
  EXPECT_THAT(look_at("space").advice, HasSubstr("can't be asked"));
}

TEST_F(postgres_diagnosis_test, a_look_changes_nothing_and_is_in_nobodys_way) {
  for (const finding& one : look()) EXPECT_LE(one.level, severity::note) << one.check << ": " << one.found;
  EXPECT_EQ(value("select count(*) from pg_class where relname like 'ww%'"), "0");
  expect("tables", severity::note, "none yet");
  start();
  const auto state = [&] {
    return value("select string_agg(t::text, ' ') from (select * from ww_node) t") +
           value("select string_agg(t::text, ' ') from (select * from ww_writer) t") +
           value("select string_agg(t::text, ' ') from (select * from ww_shard order by shard) t");
  };
  const std::string before = state();
  look();
  EXPECT_EQ(state(), before);
  EXPECT_TRUE(writer_->commit({inserting({pushed(1, at(0))})}));
  EXPECT_EQ(value("select count(*) from pg_stat_activity where application_name = 'wheelwork' and datname = "
                  "current_database() and state like 'idle in transaction%'"),
            "0");
}

TEST_F(postgres_diagnosis_test, an_open_old_transaction_is_found_with_its_pid) {
  start();
  pqxx::connection other{server_->url(database_)};
  pqxx::work old{other, "old"};
  old.exec("create table anything (n int)");
  limits_.transaction_warning = milliseconds{0};
  expect("oldest transaction", severity::warning, "pid " + std::to_string(other.backendpid()));
  EXPECT_THAT(look_at("oldest transaction").found, HasSubstr("idle in transaction"));
  limits_.transaction_error = milliseconds{0};
  expect("oldest transaction", severity::error, "user wheelwork");
}

TEST_F(postgres_diagnosis_test, a_prepared_transaction_is_found_by_its_name) {
  execute("begin; create table anything (n int); prepare transaction 'half done'");
  expect("prepared transactions", severity::note, "`half done`");
  EXPECT_THAT(look_at("prepared transactions").advice, HasSubstr("rollback prepared 'half done'"));
  execute("rollback prepared 'half done'");
  expect("prepared transactions", severity::ok, "none");
}

TEST_F(postgres_diagnosis_test, a_replication_slot_that_nobody_uses_is_found) {
  execute("select pg_create_physical_replication_slot('left_alone', true)");
  expect("replication slot left_alone", severity::note, "not in use");
  limits_.kept_log_warning = 1;
  execute("create table anything as select * from generate_series(1, 1000)"); // the log goes on
  expect("replication slot left_alone", severity::warning, "of log");
  execute("select pg_drop_replication_slot('left_alone')");
  execute("select pg_create_logical_replication_slot('changes', 'test_decoding')");
  limits_.held_back_error = 1;
  for (int each = 0; each < 3; ++each) execute("create table made_" + std::to_string(each) + " (n int)");
  expect("replication slot changes", severity::error, "holds back vacuum by");
  execute("select pg_drop_replication_slot('changes')");
  expect("replication slots", severity::ok, "none");
}

TEST_F(postgres_diagnosis_test, settings_of_the_database_or_the_role_are_seen_as_a_node_sees_them) {
  start();
  const auto with = [&](const std::string& setting) { execute("alter database " + database_ + " set " + setting); };
  with("default_transaction_isolation = 'serializable'");
  expect("isolation", severity::warning, "serializable");
  with("synchronous_commit = off");
  expect("synchronous_commit", severity::error, "off");
  with("default_transaction_read_only = on");
  expect("server", severity::error, "default_transaction_read_only");
  expect("tables", severity::ok, "version"); // the others go on
}

TEST_F(postgres_diagnosis_test, a_server_that_is_fast_and_loose_is_found) {
  journal_options loose = options(); // the server of the other tests
  loose.url = postgres_server::of_process().url();
  loose.table_prefix = "nobodys_";
  const auto all = diagnose(loose, limits_);
  ASSERT_TRUE(all) << all.error();
  std::string serious;
  for (const finding& one : *all)
    if (one.level == severity::error) serious += one.check + " ";
  EXPECT_EQ(serious, "fsync autovacuum ");
}

TEST_F(postgres_diagnosis_test, a_missing_partition_is_found_and_told_late_only_of_a_node_that_runs_for_long) {
  start();
  clock_.now += std::chrono::days{1};
  limits_.skew_warning = limits_.skew_error = std::chrono::days{7};
  expect("history partitions", severity::note, "tomorrow's missing");
  execute("update ww_node set started_at = started_at - 3600000");
  expect("history partitions", severity::warning, "tomorrow's missing");
  ASSERT_TRUE(writer_->prepare_history(clock_.now));
  expect("history partitions", severity::ok, "3 partitions");
  clock_.now += std::chrono::days{7};
  expect("history partitions", severity::warning, "today's and tomorrow's missing");
}

TEST_F(postgres_diagnosis_test, who_waits_for_a_lock_is_found_with_who_is_in_the_way) {
  start();
  pqxx::connection first{server_->url(database_)}, second{server_->url(database_)};
  pqxx::work holding{first, "holding"};
  holding.exec("lock table ww_task in share mode");
  const std::string waits = "select count(*) from pg_locks where not granted";
  std::thread waiting{[&] {
    pqxx::work blocked{second, "blocked"};
    blocked.exec("lock table ww_task in row exclusive mode");
  }};
  while (value(waits) == "0") {
  }
  limits_.lock_wait_warning = milliseconds{0};
  expect("lock waits", severity::warning,
         "pid " + std::to_string(second.backendpid()) + " for ww_task, behind pid " +
             std::to_string(first.backendpid()));
  limits_.lock_wait_error = milliseconds{0};
  expect("lock waits", severity::error, "1 session waits");
  holding.abort();
  waiting.join();
  expect("lock waits", severity::ok, "none");
}

TEST_F(postgres_diagnosis_test, a_table_that_is_locked_does_not_stop_it) {
  start();
  pqxx::connection other{server_->url(database_)};
  pqxx::work locking{other, "locking"};
  locking.exec("lock table ww_node in access exclusive mode");
  expect("lease", severity::warning, "a lock is in the way");
  expect("history partitions", severity::ok, "2 partitions");
}

TEST_F(postgres_diagnosis_test, dead_rows_are_counted) {
  start();
  journal_change pushes = inserting({}), ends;
  for (uint64_t id = 1; id <= 300; ++id) {
    pushes.inserts.push_back(pushed(id, at(0)));
    ends.ends.push_back(ending(id));
  }
  ends.shard = pushes.shard;
  ASSERT_TRUE(writer_->commit({pushes}));
  ASSERT_TRUE(writer_->commit({ends}));
  writer_.reset(); // its session reports what it did
  while (value("select n_tup_del from pg_stat_user_tables where relname = 'ww_job'") != "300") {
  }
  expect("dead rows of ww_job", severity::ok, " dead rows beside 0, with indexes ");
  EXPECT_THAT(look_at("dead rows of ww_job").found, Not(::testing::StartsWith("0 dead")));
  execute("vacuum ww_job");
  EXPECT_THAT(look_at("dead rows of ww_job").found, AllOf(HasSubstr("0 dead rows"), HasSubstr(" ago")));
  execute("alter table ww_writer set (autovacuum_enabled = false)");
  expect("dead rows of ww_writer", severity::error, "autovacuum is off for it");
}

TEST_F(postgres_diagnosis_test, running_jobs_whose_node_is_gone_are_found) {
  start();
  journal_change start_of_one;
  start_of_one.shard = shard_id{3};
  start_of_one.starts.push_back({job_id{1}, 1, clock_.now - milliseconds{90'000}, target_kind::native});
  ASSERT_TRUE(writer_->commit({inserting({pushed(1, at(0)), pushed(2, at(0))})}));
  ASSERT_TRUE(writer_->commit({start_of_one}));
  expect("running jobs", severity::ok, "1 with a recorded start");
  execute("update ww_job set started_node = 'node-z' where running");
  expect("running jobs", severity::warning, "1 of them by a node that is not alive, the oldest 1m");
  execute("update ww_node set lease_ends = 0");
  expect("running jobs", severity::warning, "1 of them");
  EXPECT_THAT(look_at("running jobs").advice, HasSubstr("start a node"));
  expect("lease", severity::note, "the last was node node-a");
}

TEST_F(postgres_diagnosis_test, a_clock_that_differs_is_found) {
  limits_ = {};
  clock_.now += milliseconds{5'000};
  expect("clock", severity::warning, "behind this machine's");
  clock_.now -= milliseconds{60'000};
  expect("clock", severity::error, "ahead of this machine's");
}

TEST_F(postgres_diagnosis_test, too_few_connections_left_are_found) {
  limits_.connections_warning = 1;
  expect("connections", severity::warning, " of ");
  limits_.connections_error = 1;
  expect("connections", severity::error, " in use");
}

TEST_F(postgres_diagnosis_test, a_user_without_rights_hears_which_are_missing) {
  start();
  server_->execute("drop role if exists guest; create role guest login password 'right'");
  journal_options guest = options();
  guest.url = server_->url_of("guest", "right", database_);
  pqxx::connection seen_by_none{server_->url(database_)}; // a session of another user
  const auto all = diagnose(guest, limits_);
  ASSERT_TRUE(all) << all.error();
  std::string told;
  for (const finding& one : *all)
    if (one.level >= severity::warning) told += one.check + ": " + one.found + one.advice + "\n";
  EXPECT_THAT(told, AllOf(HasSubstr("rights: guest may not create tables"), HasSubstr("grant usage, create on schema"),
                          HasSubstr("tables: not to be read by this user")));
  execute("grant create on schema public to guest");
  const auto granted = diagnose(guest, limits_);
  ASSERT_TRUE(granted) << granted.error();
  bool owner_told = false;
  for (const finding& one : *granted)
    owner_told = owner_told || (one.check == "rights" && one.found.find("belong to another role") != std::string::npos);
  EXPECT_TRUE(owner_told);
}

TEST_F(postgres_diagnosis_test, tables_of_a_newer_program_are_an_error) {
  start();
  execute("insert into ww_migration (version, name) values (999, 'from the future')");
  expect("tables", severity::error, "version 999");
}

TEST_F(postgres_diagnosis_test, what_can_not_be_reached_is_told_without_a_password) {
  journal_options nowhere = options();
  nowhere.url = "postgres://me:secret@/db?host=/nowhere";
  const auto found = diagnose(nowhere);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error(), AllOf(HasSubstr("no server listens there"), Not(HasSubstr("secret"))));
  nowhere.table_prefix = "a-b";
  EXPECT_THAT(diagnose(nowhere).error(), HasSubstr("prefix"));
}

} // namespace
} // namespace wheelwork::testing_journal
