// From which number on a finding of the diagnosis is a note, a warning or an error.
#include "persistence/postgres/diagnosis_rules.hpp"
#include "persistence/sqlite/diagnosis_rules.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace std::chrono_literals;

const diagnosis_limits limits;

/// A finding that asks for something says what; one that is in order says nothing.
void expect(const finding& one, severity level, const std::string& found) {
  EXPECT_EQ(one.level, level) << one.check << ": " << one.found;
  EXPECT_THAT(one.found, HasSubstr(found));
  if (level == severity::ok) {
    EXPECT_THAT(one.advice, IsEmpty()) << one.check;
  } else if (level != severity::note) {
    EXPECT_THAT(one.advice, Not(IsEmpty())) << one.check;
  }
}

TEST(diagnosis_rules, sizes_and_spans_are_short) {
  EXPECT_EQ(words_for_bytes(0), "0 bytes");
  EXPECT_EQ(words_for_bytes(1023), "1023 bytes");
  EXPECT_EQ(words_for_bytes(1536), "1.5 KiB");
  EXPECT_EQ(words_for_bytes(12ull << 20), "12 MiB");
  EXPECT_EQ(words_for_bytes(5ull << 40), "5.0 TiB");
  EXPECT_EQ(words_for_bytes(4096ull << 40), "4096 TiB");
  EXPECT_EQ(words_for_span(250ms), "250ms");
  EXPECT_EQ(words_for_span(59'999ms), "59s");
  EXPECT_EQ(words_for_span(200'900ms), "3m20s");
  EXPECT_EQ(words_for_span(1min), "1m");
  EXPECT_EQ(words_for_span(25h + 59min), "25h59m");
  EXPECT_EQ(words_for_span(52h), "2d4h");
}

TEST(diagnosis_rules, the_worst_of_all_counts) {
  EXPECT_EQ(worst_of({}), severity::ok);
  EXPECT_EQ(worst_of({{"a", severity::note, "", ""}, {"b", severity::warning, "", ""}, {"c", severity::ok, "", ""}}),
            severity::warning);
}

TEST(diagnosis_rules, versions_of_the_tables) {
  expect(judge_tables({2, 2, {}}), severity::ok, "version 2");
  expect(judge_tables({0, 2, {"1: a", "2: b"}}), severity::note, "none yet");
  expect(judge_tables({1, 2, {"2: b"}}), severity::warning, "1 to apply");
  expect(judge_tables({3, 2, {}}), severity::error, "version 3");
}

TEST(diagnosis_rules, skew_counts_beyond_what_the_way_may_have_taken) {
  expect(judge_clock(3ms, 5ms, limits), severity::ok, "the same");
  expect(judge_clock(499ms, 0ms, limits), severity::ok, "499ms ahead");
  expect(judge_clock(500ms, 0ms, limits), severity::warning, "ahead of");
  expect(judge_clock(-500ms, 0ms, limits), severity::warning, "behind");
  expect(judge_clock(700ms, 300ms, limits), severity::ok, "exact to 300 ms");
  expect(judge_clock(-10s, 0ms, limits), severity::error, "10s behind");
}

TEST(diagnosis_rules, who_holds_the_lease) {
  expect(judge_lease(std::nullopt), severity::note, "no node");
  expect(judge_lease(lease_holder{"a", 7, 1500ms}), severity::ok, "node a (incarnation 7) holds it for 1500 ms");
  expect(judge_lease(lease_holder{"a", 7, 0ms}), severity::note, "nobody");
  expect(judge_lease(lease_holder{"a", 7, std::nullopt}), severity::ok, "lock");
}

TEST(diagnosis_rules, running_jobs_need_an_owner) {
  expect(judge_running({5, 0, {}}, true), severity::ok, "5 with a recorded start");
  expect(judge_running({0, 0, {}}, false), severity::ok, "none");
  const finding without_node = judge_running({5, 2, 90s}, false), beside = judge_running({5, 2, 90s}, true);
  expect(without_node, severity::warning, "2 of them by a node that is not alive, the oldest 1m30s ago");
  EXPECT_THAT(without_node.advice, HasSubstr("start a node"));
  EXPECT_THAT(beside.advice, HasSubstr("adopt_within"));
}

TEST(diagnosis_rules, free_space) {
  expect(judge_free_space("/data", 2ull << 30, 100, limits), severity::ok, "2.0 GiB in /data");
  expect(judge_free_space("/data", (2ull << 30) - 1, 100, limits), severity::warning, "1.9 GiB");
  expect(judge_free_space("/data", (200ull << 20) - 1, 100, limits), severity::error, "199 MiB");
}

TEST(diagnosis_rules, postgres_server_and_isolation) {
  postgres::server_settings server;
  server.version = "15.1";
  server.isolation = "read committed";
  expect(postgres::judge_role(server), severity::ok, "15.1");
  expect(postgres::judge_isolation(server), severity::ok, "read committed");
  server.isolation = "serializable";
  expect(postgres::judge_isolation(server), severity::warning, "serializable");
  server.read_only = true;
  expect(postgres::judge_role(server), severity::error, "default_transaction_read_only");
  server.in_recovery = true;
  expect(postgres::judge_role(server), severity::error, "standby");
}

TEST(diagnosis_rules, postgres_durability) {
  postgres::server_settings server;
  const auto judged = [&](size_t which) { return postgres::judge_durability(server).at(which); };
  for (const char* good : {"on", "remote_apply", "local", "remote_write"}) {
    server.synchronous_commit = good;
    for (size_t which = 0; which < 3; ++which) expect(judged(which), severity::ok, "");
  }
  server.fsync = false;
  expect(judged(0), severity::error, "off");
  server.full_page_writes = false;
  expect(judged(1), severity::error, "off");
  server.synchronous_commit = "off";
  expect(judged(2), severity::error, "off");
  server.synchronous_standby_names = "first 1 (b)";
  server.synchronous_commit = "local";
  expect(judged(2), severity::warning, "first 1 (b)");
  server.synchronous_commit = "on";
  expect(judged(2), severity::ok, "on");
}

TEST(diagnosis_rules, postgres_autovacuum) {
  postgres::server_settings server;
  expect(postgres::judge_autovacuum(server), severity::ok, "on");
  server.track_counts = false;
  expect(postgres::judge_autovacuum(server), severity::error, "track_counts");
  server.autovacuum = false;
  expect(postgres::judge_autovacuum(server), severity::error, "off");
}

TEST(diagnosis_rules, postgres_old_transactions) {
  const auto open = [](milliseconds age) {
    return postgres::judge_oldest_transaction(
        postgres::open_transaction{42, "anna", "psql", "idle in transaction", age}, limits);
  };
  expect(postgres::judge_oldest_transaction(std::nullopt, limits), severity::ok, "none");
  expect(open(59'999ms), severity::ok, "pid 42");
  expect(open(60s), severity::warning, "user anna, program psql, idle in transaction");
  EXPECT_THAT(open(60s).advice, HasSubstr("pg_terminate_backend(42)"));
  expect(open(30min), severity::error, "30m");
  const auto prepared = [](milliseconds age) {
    return postgres::judge_prepared(postgres::prepared_transaction{"x", age}, limits);
  };
  expect(postgres::judge_prepared(std::nullopt, limits), severity::ok, "none");
  expect(prepared(1s), severity::note, "`x`");
  expect(prepared(60s), severity::warning, "1m");
  expect(prepared(30min), severity::error, "30m");
}

TEST(diagnosis_rules, postgres_replication) {
  expect(postgres::judge_slot({"s", true, 5, 100}, limits), severity::ok, "in use");
  expect(postgres::judge_slot({"s", false, 5, 100}, limits), severity::note, "not in use");
  expect(postgres::judge_slot({"s", true, 100'000, 100}, limits), severity::warning, "100000 transactions");
  expect(postgres::judge_slot({"s", true, 5, 1ull << 30}, limits), severity::warning, "1.0 GiB");
  expect(postgres::judge_slot({"s", false, 10'000'000, 100}, limits), severity::error, "10000000");
  expect(postgres::judge_slot({"s", false, 5, 32ull << 30}, limits), severity::error, "32 GiB");
  expect(postgres::judge_replica("b", 99'999, limits), severity::ok, "99999");
  expect(postgres::judge_replica("b", 100'000, limits), severity::warning, "100000");
}

TEST(diagnosis_rules, postgres_dead_rows_are_measured_by_what_autovacuum_leaves) {
  postgres::hot_table table{"ww_job", 1000, 19'999, 8192, 5000, std::nullopt, true};
  expect(postgres::judge_dead_rows(table, limits), severity::ok, "last vacuum never");
  table.dead = 20'000;
  table.last_vacuum = 90s;
  expect(postgres::judge_dead_rows(table, limits), severity::warning, "20000 dead rows beside 1000");
  EXPECT_THAT(postgres::judge_dead_rows(table, limits).found, HasSubstr("last vacuum 1m30s ago"));
  table.dead = 200'000;
  expect(postgres::judge_dead_rows(table, limits), severity::error, "200000");
  table.dead = 0;
  table.autovacuum = false;
  expect(postgres::judge_dead_rows(table, limits), severity::error, "autovacuum is off for it");
}

TEST(diagnosis_rules, postgres_lock_waits) {
  const auto waits = [](milliseconds waited) {
    return postgres::judge_lock_waits({{7, "ww_job", "9", waited}, {8, "", "", 1ms}}, limits);
  };
  expect(postgres::judge_lock_waits({}, limits), severity::ok, "none");
  expect(waits(999ms), severity::ok, "2 sessions wait");
  expect(waits(1s), severity::warning, "pid 7 for ww_job, behind pid 9");
  EXPECT_THAT(waits(1s).advice, HasSubstr("pid in (9)"));
  expect(waits(30s), severity::error, "30s");
}

TEST(diagnosis_rules, postgres_history_made_ahead) {
  expect(postgres::judge_history_days({2, true, true, 1h}, limits), severity::ok, "2 partitions");
  expect(postgres::judge_history_days({1, true, false, std::nullopt}, limits), severity::note, "tomorrow's missing");
  expect(postgres::judge_history_days({1, true, false, 180s}, limits), severity::note, "tomorrow's missing");
  expect(postgres::judge_history_days({1, false, true, 181s}, limits), severity::warning, "today's missing");
  expect(postgres::judge_history_days({0, false, false, 181s}, limits), severity::warning, "today's and tomorrow's");
}

TEST(diagnosis_rules, postgres_connections) {
  expect(postgres::judge_connections(79, 100, limits), severity::ok, "79 of 100");
  expect(postgres::judge_connections(80, 100, limits), severity::warning, "80 %");
  expect(postgres::judge_connections(95, 100, limits), severity::error, "95 %");
}

TEST(diagnosis_rules, sqlite_files) {
  expect(sqlite::judge_journal_mode("wal"), severity::ok, "wal");
  expect(sqlite::judge_journal_mode("delete"), severity::warning, "delete");
  expect(sqlite::judge_write_ahead_log((512ull << 20) - 1, limits), severity::ok, "511 MiB");
  expect(sqlite::judge_write_ahead_log(512ull << 20, limits), severity::warning, "512 MiB");
  expect(sqlite::judge_pages({0, 0, 4096}, limits), severity::ok, "0 % unused");
  expect(sqlite::judge_pages({100, 90, 4096}, limits), severity::ok, "90 % unused"); // too small to matter
  expect(sqlite::judge_pages({200'000, 100'000, 4096}, limits), severity::note, "50 % unused (390 MiB)");
  expect(sqlite::judge_pages({200'000, 99'000, 4096}, limits), severity::ok, "49 % unused");
}

TEST(diagnosis_rules, sqlite_file_systems) {
  expect(sqlite::judge_file_system("/d", 0xEF53), severity::ok, "local");
  expect(sqlite::judge_file_system("/d", 0x6969), severity::error, "NFS");
  expect(sqlite::judge_file_system("/d", 0x01021994), severity::warning, "memory");
  expect(sqlite::judge_file_system("/d", 0x65735546), severity::note, "FUSE");
  expect(sqlite::judge_file_system("/d", 0x794c7630), severity::note, "container");
}

TEST(diagnosis_rules, sqlite_lock_file) {
  const auto named = sqlite::read_lock_text("pid 4711 (node a (b))");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->first, 4711);
  EXPECT_EQ(named->second, "a (b)");
  for (const char* other : {"", "pid", "pid x (node a)", "pid 4711", "4711 (node a)"})
    EXPECT_FALSE(sqlite::read_lock_text(other)) << other;
  const std::string line = "12: FLOCK  ADVISORY  WRITE 4711 08:1f:1835010 0 EOF";
  EXPECT_TRUE(sqlite::is_lock_of(line, 8, 31, 1835010, 1));
  EXPECT_TRUE(sqlite::is_lock_of(line, 0, 50, 1835010, 4711)) << "a file system with another device there";
  EXPECT_FALSE(sqlite::is_lock_of(line, 0, 50, 1835010, 1));
  EXPECT_FALSE(sqlite::is_lock_of(line, 8, 31, 1835011, 4711));
  EXPECT_FALSE(sqlite::is_lock_of("12: POSIX  ADVISORY  WRITE 4711 08:1f:1835010 0 EOF", 8, 31, 1835010, 4711));
  EXPECT_FALSE(sqlite::is_lock_of("", 8, 31, 1835010, 4711));
}

} // namespace
} // namespace wheelwork
