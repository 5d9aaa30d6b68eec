// Read-only access to a Postgres journal, with a connection of its own that is opened again after an error.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/rows.hpp"

namespace wheelwork::postgres {

/// What the last owner of a shard left, read when this node took it.
struct shard_takeover {
  bool released = false;
  wall_time lease_until{};
};
using shard_takeovers = std::vector<shard_takeover>;

class reader final : public journal_reader {
public:
  /// Throws failure.
  reader(connection_settings settings, std::shared_ptr<const shard_takeovers> takeovers);

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
  answer<live_count> count_live() override;

private:
  /// Runs a read on an open connection inside one snapshot; errors become values, and the next read opens anew.
  template <class Function>
  auto read(Function&& function) -> answer<decltype(function())>;
  void ensure_open();

  connection_settings settings_;
  std::shared_ptr<const shard_takeovers> takeovers_;
  std::unique_ptr<connection> database_;
  std::unique_ptr<stored_targets> targets_;
};

/// The parts of longer reads, each in a file of its own.
std::vector<job_view> list_jobs(connection& database, stored_targets& targets, const job_filter& filter);
std::vector<ledger_entry> read_ledger(connection& database, task_id task, wall_time from, wall_time until,
                                      size_t limit);
std::vector<task_row> list_tasks(connection& database, const task_filter& filter);

} // namespace wheelwork::postgres
