// The statements of change_writer in the words of Postgres: what a statement needs of each row comes as arrays, or by
// COPY where there are many.
#pragma once

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/history_days.hpp"
#include "persistence/postgres/sql_pool.hpp"
#include "persistence/postgres/target_rows.hpp"
#include "persistence/sql/change_statements.hpp"

namespace wheelwork::postgres {

class change_statements final : public wheelwork::change_statements {
public:
  change_statements(connection& database, std::string node_name);

  void forget() override;
  wheelwork::target_rows& targets() override { return targets_; }
  history_days& days() { return days_; }

  uint64_t highest_id() override;
  void reserve_ids(shard_id shard, uint64_t milliseconds_until) override;
  id_bounds read_id_bounds() override;
  void widen_id_bounds(const id_bounds& to) override;
  unique_key_rows find_unique_keys(const std::vector<std::string>& keys) override;
  void put_unique_keys(const unique_key_rows& keys) override;
  std::vector<task_id> find_tasks(const std::vector<task_id>& tasks) override;
  std::optional<job_id> find_used_id(const std::vector<job_id>& wanted) override;

  void insert_jobs(const std::vector<gathered_insert>& jobs) override;
  void add_fires(const std::vector<ledger_row>& fires) override;
  void drop_fires(const std::vector<ledger_row>& fires) override;
  void add_terms(const std::vector<term_row>& terms) override;
  void drop_terms(const std::vector<term_row>& terms) override;
  void drop_attempts(const std::vector<job_id>& jobs) override;

  id_set end_jobs(const gathered_parts<job_end>& ends) override;
  id_set put_back(const gathered_parts<job_again>& agains) override;
  id_set start_jobs(const gathered_parts<job_start>& starts) override;
  std::vector<taken_job> take_jobs(const std::vector<job_id>& jobs) override;
  void add_late_results(const gathered_parts<late_result>& lates) override;
  std::optional<job> revive(const job_revive& revive) override;

  void update_states(const task_states& states) override;
  void put_skips(const fire_skips& skips) override;
  void write_pools(const journal_change& change) override {
    wheelwork::write_pools(database_, sql::pool_writing, change);
  }

  std::optional<task_edition> edition_of(const std::string& name) override;
  bool task_exists(task_id task) override;
  std::optional<std::string> task_of_external_id(const std::string& external_id, task_id but) override;
  void insert_task(const task_definition& made, shard_id shard) override;
  void replace_task(const task_definition& made) override;
  void put_task_state(task_id task, const task_state& state) override;
  void delete_task(task_id task) override;

private:
  id_set end_jobs_alike(const gathered_parts<job_end>& ends);
  id_set end_jobs_of_any_kind(const gathered_parts<job_end>& ends);
  /// Rows of the live table that are deleted or changed.
  void note_dead(size_t rows);

  connection& database_;
  std::string node_name_;
  target_rows targets_;
  stored_targets target_reader_;
  history_days days_;
};

} // namespace wheelwork::postgres
