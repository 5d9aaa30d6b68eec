// Reads of the journal in memory: each looks at all rows, since a test has few.
#pragma once

#include "persistence/memory/memory_database.hpp"

namespace wheelwork::memory {

/// Per shard, what its owner before this incarnation left.
using takeovers = std::map<uint16_t, shard_recovery>;

class memory_reader final : public journal_reader {
public:
  memory_reader(memory_database_ptr database, takeovers taken)
      : database_{std::move(database)}, taken_{std::move(taken)} {}

  answer<std::vector<task_row>> tasks_of_shard(shard_id shard) override;
  answer<std::optional<task_row>> task_by_name(const std::string& name) override;
  answer<std::vector<task_row>> list_tasks(const task_filter& filter) override;
  answer<job_window> load_window(shard_id shard, std::optional<load_position> after, wall_time until,
                                 size_t limit) override;
  answer<std::vector<recovered_job>> open_attempts(shard_id shard) override;
  answer<std::vector<job>> live_fires(shard_id shard) override;
  answer<shard_recovery> recovery_of(shard_id shard) override;
  answer<std::optional<job_view>> find_job(job_id id) override;
  answer<std::vector<job_view>> list_jobs(const job_filter& filter) override;
  answer<std::vector<ledger_entry>> ledger(task_id task, wall_time from, wall_time until, size_t limit) override;
  answer<std::vector<pool_ptr>> pools() override;
  answer<std::vector<pool_event>> pool_events(const std::string& pool, std::optional<wall_time> before,
                                              size_t limit) override;
  answer<std::vector<pool_minute>> pool_minutes(const std::string& pool, wall_time from, wall_time until) override;
  answer<live_count> count_live() override;

private:
  memory_database_ptr database_;
  takeovers taken_;
};

} // namespace wheelwork::memory
