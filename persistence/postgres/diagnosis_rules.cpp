#include "persistence/postgres/diagnosis_rules.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

using text = std::string;

text count_of(uint64_t number, const text& one, const text& many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

constexpr char dead_rows_stay[] =
    "until then vacuum must leave every row that died since, and the tables of live jobs grow: ";

} // namespace

finding judge_role(const server_settings& server) {
  const text version = "PostgreSQL " + server.version;
  if (server.in_recovery)
    return {"server", severity::error, version + ", a standby that takes no writes",
            "name the primary in database.url, or add target_session_attrs=read-write to its parameters"};
  if (server.read_only)
    return {"server", severity::error, version + ", default_transaction_read_only is on",
            "turn it off: `alter database NAME set default_transaction_read_only = off` (or the same for the role)"};
  return {"server", severity::ok, version, ""};
}

finding judge_isolation(const server_settings& server) {
  const text found = "default_transaction_isolation is " + server.isolation;
  if (server.isolation == "read committed") return {"isolation", severity::ok, found, ""};
  return {"isolation", severity::warning, found,
          "wheelwork asks for its level in each transaction, but single statements take this one and can fail with "
          "serialization errors: `alter database NAME set default_transaction_isolation = 'read committed'`"};
}

std::vector<finding> judge_durability(const server_settings& server) {
  std::vector<finding> all;
  all.push_back(server.fsync ? finding{"fsync", severity::ok, "on", ""}
                             : finding{"fsync", severity::error, "off: nothing is on the disk for sure",
                                       "a crash of the machine can lose accepted jobs and damage the whole database: "
                                       "set fsync = on in postgresql.conf and reload"});
  all.push_back(server.full_page_writes
                    ? finding{"full_page_writes", severity::ok, "on", ""}
                    : finding{"full_page_writes", severity::error, "off",
                              "a crash in the middle of a write can damage pages for good, unless the file system "
                              "never tears one: set full_page_writes = on and reload"});
  const text found = server.synchronous_commit;
  if (found == "off")
    all.push_back({"synchronous_commit", severity::error, found,
                   "a crash of the server loses jobs that were accepted: `alter database NAME set synchronous_commit = "
                   "on` (or the same for the role)"});
  else if (found != "on" && found != "remote_apply" && !server.synchronous_standby_names.empty())
    all.push_back({"synchronous_commit", severity::warning,
                   found + ", with synchronous standbys (" + server.synchronous_standby_names + ")",
                   "after a fail-over to a standby accepted jobs may be missing: set synchronous_commit = on"});
  else
    all.push_back({"synchronous_commit", severity::ok, found, ""});
  return all;
}

finding judge_autovacuum(const server_settings& server) {
  if (server.autovacuum && server.track_counts) return {"autovacuum", severity::ok, "on", ""};
  return {"autovacuum", severity::error,
          server.autovacuum ? "does not work, since track_counts is off" : "off for the whole server",
          "every finished job leaves a dead row: the tables of live jobs grow and slow down for ever. Set autovacuum = "
          "on and track_counts = on and reload"};
}

finding judge_oldest_transaction(const std::optional<open_transaction>& oldest, const diagnosis_limits& limits) {
  if (!oldest) return {"oldest transaction", severity::ok, "none holds back vacuum", ""};
  const severity level = severity_of(oldest->age, limits.transaction_warning, limits.transaction_error);
  const text found = "open for " + words_for_span(oldest->age) + ": pid " + std::to_string(oldest->pid) + ", user " +
                     oldest->user + ", program " + (oldest->program.empty() ? "unknown" : oldest->program) + ", " +
                     (oldest->state.empty() ? "state unknown" : oldest->state);
  return {"oldest transaction", level, found,
          level == severity::ok ? ""
                                : dead_rows_stay + text{"let it end, or end it by `select pg_terminate_backend("} +
                                      std::to_string(oldest->pid) + ")`"};
}

finding judge_prepared(const std::optional<prepared_transaction>& oldest, const diagnosis_limits& limits) {
  if (!oldest) return {"prepared transactions", severity::ok, "none", ""};
  const severity level = severity_of(oldest->age, limits.transaction_warning, limits.transaction_error);
  return {"prepared transactions", std::max(level, severity::note),
          "`" + oldest->name + "` waits for its end for " + words_for_span(oldest->age),
          dead_rows_stay + text{"`commit prepared '"} + oldest->name + "'` or `rollback prepared '" + oldest->name +
              "'`, whichever its program meant"};
}

finding judge_slot(const replication_slot& slot, const diagnosis_limits& limits) {
  const severity held = severity_of(slot.held_back, limits.held_back_warning, limits.held_back_error);
  const severity kept = severity_of(slot.kept_bytes, limits.kept_log_warning, limits.kept_log_error);
  const severity level = std::max({held, kept, slot.active ? severity::ok : severity::note});
  return {"replication slot " + slot.name, level,
          text{slot.active ? "in use" : "not in use"} + ", keeps " + words_for_bytes(slot.kept_bytes) +
              " of log and holds back vacuum by " + count_of(slot.held_back, "transaction", "transactions"),
          level == severity::ok ? ""
                                : "bring its replica back, or give it up: `select pg_drop_replication_slot('" +
                                      slot.name + "')`; until then the disk of the server fills"};
}

finding judge_replica(const std::string& name, uint64_t held_back, const diagnosis_limits& limits) {
  const severity level = severity_of(held_back, limits.held_back_warning, limits.held_back_error);
  return {"replica " + name, level, "holds back vacuum by " + count_of(held_back, "transaction", "transactions"),
          level == severity::ok ? ""
                                : dead_rows_stay + text{"end the long query on the replica, or turn its "
                                                        "hot_standby_feedback off"}};
}

finding judge_dead_rows(const hot_table& table, const diagnosis_limits& limits) {
  const text check = "dead rows of " + table.name;
  const text found = count_of(table.dead, "dead row", "dead rows") + " beside " + std::to_string(table.rows) +
                     ", with indexes " + words_for_bytes(table.bytes) + ", last vacuum " +
                     (table.last_vacuum ? words_for_span(*table.last_vacuum) + " ago" : "never");
  if (!table.autovacuum)
    return {check, severity::error, found + ", autovacuum is off for it",
            "`alter table " + table.name + " reset (autovacuum_enabled)`"};
  const uint64_t usual = std::max<uint64_t>(table.left_by_autovacuum, 1);
  const severity level = severity_of(table.dead / usual, limits.dead_rows_warning, limits.dead_rows_error);
  return {check, level, found,
          level == severity::ok ? ""
                                : "autovacuum does not keep up: look above for what holds it back, whether "
                                  "autovacuum_max_workers are busy elsewhere, and run `vacuum " +
                                      table.name + "`"};
}

finding judge_lock_waits(const std::vector<lock_wait>& waits, const diagnosis_limits& limits) {
  if (waits.empty()) return {"lock waits", severity::ok, "none", ""};
  const lock_wait& longest = *std::max_element(
      waits.begin(), waits.end(), [](const lock_wait& a, const lock_wait& b) { return a.waited < b.waited; });
  const severity level = severity_of(longest.waited, limits.lock_wait_warning, limits.lock_wait_error);
  return {"lock waits", level,
          count_of(waits.size(), "session waits", "sessions wait") + ", the longest for " +
              words_for_span(longest.waited) + ": pid " + std::to_string(longest.pid) +
              (longest.table.empty() ? "" : " for " + longest.table) +
              (longest.blockers.empty() ? "" : ", behind pid " + longest.blockers),
          level == severity::ok ? ""
                                : "see what that does (`select * from pg_stat_activity where pid in (" +
                                      (longest.blockers.empty() ? std::to_string(longest.pid) : longest.blockers) +
                                      ")`) and end it by pg_terminate_backend(PID) if it hangs"};
}

finding judge_history_days(const history_state& history, const diagnosis_limits& limits) {
  const text found = count_of(history.days, "partition", "partitions");
  if (history.today && history.tomorrow)
    return {"history partitions", severity::ok, found + ", today's and tomorrow's among them", ""};
  const text missing = history.today ? "tomorrow's" : history.tomorrow ? "today's" : "today's and tomorrow's";
  const bool late = history.node_runs_for && *history.node_runs_for > limits.history_ahead_note;
  return {"history partitions", late ? severity::warning : severity::note, found + ", " + missing + " missing",
          late
              ? "the node makes them ahead once a minute and did not: look into its log. A lock on the table may be in "
                "its way, or a right missing. Without them the first commit of the day makes them"
              : "a node makes them within a minute of its start"};
}

finding judge_connections(uint64_t used, uint64_t allowed, const diagnosis_limits& limits) {
  const uint64_t share = allowed == 0 ? 100 : used * 100 / allowed;
  const severity level = severity_of(share, limits.connections_warning, limits.connections_error);
  return {"connections", level,
          std::to_string(used) + " of " + std::to_string(allowed) + " in use (" + std::to_string(share) + " %)",
          level == severity::ok ? ""
                                : "a node that loses a connection may not get another: raise max_connections, end idle "
                                  "sessions, or put a pooler (pgbouncer) in front of the server"};
}

} // namespace wheelwork::postgres
