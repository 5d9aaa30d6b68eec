// The tables of the journal in memory, and how a change is applied to them and undone.
#pragma once

#include "persistence/memory/memory_journal.hpp"

#include "messages/pool.hpp"

#include <map>
#include <mutex>
#include <set>
#include <tuple>

namespace wheelwork::memory {

struct live_row {
  shard_id shard{};
  new_job made;             ///< made.made changes with the job
  std::string started_node; ///< only with start_recorded
  wall_time started_at{};
};

struct history_row {
  shard_id shard{};
  new_job made;
  job_state state = job_state::succeeded;
  wall_time finished_at{};
  std::string reason;
  std::optional<attempt_record> last;
};

struct stored_task {
  shard_id shard{};
  task_row row;
};

struct shard_row {
  uint64_t id_milliseconds_reserved = 0;
  bool released = true;    ///< by its last owner
  wall_time lease_until{}; ///< the largest of the owners since the last release
};

struct taken_key {
  job_id holder{};
  std::optional<wall_time> until;
};

struct tables {
  std::map<job_id, live_row> live;
  std::map<job_id, history_row> history;
  std::map<std::pair<job_id, uint32_t>, attempt_record> attempts;
  std::map<std::string, stored_task> tasks;
  std::map<task_id, std::string> task_names;             ///< also of tasks that are gone
  std::map<std::pair<task_id, wall_time>, job_id> fires; ///< the ledger, and the guard that a fire time has one job
  std::map<std::tuple<task_id, wall_time, skip_verdict>, fire_skip> skips;
  std::map<std::string, taken_key> unique_keys;
  std::map<uint16_t, shard_row> shards;
  std::map<std::string, pool_ptr> pools;
  std::map<uint64_t, pool_event> pool_events;                                          ///< by a number that grows
  std::map<std::tuple<std::string, wall_time, std::string>, pool_minute> pool_minutes; ///< by pool, minute, node
};

class memory_database {
public:
  std::mutex mutex; ///< guards everything below
  tables rows;
  std::array<uint8_t, 16> secret{};
  uint16_t shards = 0;           ///< 0: never opened
  uint64_t incarnation = 0;      ///< of the node that opened it last
  std::vector<uint64_t> batches; ///< by writer; those of a former number of writers stay
  std::string holder;            ///< name of the node that has it open; empty: nobody
};

/// Applies one change; an error in the receipt means that nothing of it was applied.
journal_receipt apply_change(tables& rows, const journal_change& change, const std::string& node_name);

} // namespace wheelwork::memory
