// The statements of change_writer in the words of Postgres: what a statement needs of each row comes as arrays, or by
// COPY where there are many.
#pragma once

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/history_days.hpp"
#include "persistence/postgres/sql_pool.hpp"
#include "persistence/postgres/target_rows.hpp"
#include "persistence/sql/server_statements.hpp"

namespace wheelwork::postgres {

class change_statements final : public server_statements<connection> {
public:
  change_statements(connection& database, std::string node_name);

  void forget() override;
  wheelwork::target_rows& targets() override { return targets_; }
  history_days& days() { return days_; }

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

private:
  id_set end_jobs_alike(const gathered_parts<job_end>& ends);
  id_set end_jobs_of_any_kind(const gathered_parts<job_end>& ends);
  /// Rows of the live table that are deleted or changed.
  void note_dead(size_t rows);

  std::string node_name_;
  target_rows targets_;
  stored_targets target_reader_;
  history_days days_;
};

} // namespace wheelwork::postgres
