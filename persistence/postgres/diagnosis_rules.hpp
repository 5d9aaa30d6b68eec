// How the diagnosis judges what only PostgreSQL has: pure functions from what was read to findings.
#pragma once

#include "persistence/diagnosis_rules.hpp"

namespace wheelwork::postgres {

/// As the sessions of this program have them, what ALTER DATABASE and ALTER ROLE changed included.
struct server_settings {
  std::string version;
  bool in_recovery = false;
  bool read_only = false;
  std::string isolation; ///< default_transaction_isolation
  bool fsync = true;
  bool full_page_writes = true;
  std::string synchronous_commit;
  std::string synchronous_standby_names;
  bool autovacuum = true;
  bool track_counts = true;
};
finding judge_role(const server_settings& server);
finding judge_isolation(const server_settings& server);
std::vector<finding> judge_durability(const server_settings& server);
finding judge_autovacuum(const server_settings& server);

/// The transaction that is open for longest of those whose snapshot or number vacuum must respect.
struct open_transaction {
  int64_t pid = 0;
  std::string user, program, state;
  milliseconds age{};
};
finding judge_oldest_transaction(const std::optional<open_transaction>& oldest, const diagnosis_limits& limits);

struct prepared_transaction {
  std::string name;
  milliseconds age{};
};
finding judge_prepared(const std::optional<prepared_transaction>& oldest, const diagnosis_limits& limits);

struct replication_slot {
  std::string name;
  bool active = false;
  uint64_t held_back = 0;  ///< transactions since the one that vacuum must leave
  uint64_t kept_bytes = 0; ///< of the log
};
finding judge_slot(const replication_slot& slot, const diagnosis_limits& limits);
/// A replica with hot_standby_feedback.
finding judge_replica(const std::string& name, uint64_t held_back, const diagnosis_limits& limits);

/// One of the tables that change all the time.
struct hot_table {
  std::string name;
  uint64_t rows = 0, dead = 0;
  uint64_t bytes = 0;                        ///< with its indexes
  uint64_t left_by_autovacuum = 0;           ///< dead rows from which on it comes
  std::optional<milliseconds> last_vacuum{}; ///< by autovacuum or by hand: time since then
  bool autovacuum = true;                    ///< not turned off for this table
};
finding judge_dead_rows(const hot_table& table, const diagnosis_limits& limits);

struct lock_wait {
  int64_t pid = 0;
  std::string table, blockers;
  milliseconds waited{};
};
finding judge_lock_waits(const std::vector<lock_wait>& waits, const diagnosis_limits& limits);

struct history_state {
  size_t days = 0;
  bool today = false, tomorrow = false;
  std::optional<milliseconds> node_runs_for{}; ///< of the node that holds the lease
};
finding judge_history_days(const history_state& history, const diagnosis_limits& limits);

finding judge_connections(uint64_t used, uint64_t allowed, const diagnosis_limits& limits);

} // namespace wheelwork::postgres
