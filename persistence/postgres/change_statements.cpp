#include "persistence/postgres/change_statements.hpp"

#include "persistence/postgres/live_table_vacuum.hpp"
#include "persistence/postgres/sql_job.hpp"
#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_task.hpp"
#include "persistence/postgres/sql_write.hpp"

namespace wheelwork::postgres {

namespace {

constexpr server_statement_texts same_shape{.highest_id = sql::highest_id,
                                            .reserve_ids = sql::reserve_ids,
                                            .read_id_bounds = sql::read_id_bounds,
                                            .widen_id_bounds = sql::widen_id_bounds,
                                            .task_edition = sql::task_edition,
                                            .task_exists = sql::task_exists,
                                            .task_of_external_id = sql::task_of_external_id,
                                            .insert_task = sql::insert_task,
                                            .remember_task_name = sql::remember_task_name,
                                            .replace_task = sql::replace_task,
                                            .put_task_state = sql::put_task_state,
                                            .delete_task = sql::delete_task,
                                            .delete_task_state = sql::delete_task_state};

} // namespace

change_statements::change_statements(connection& database, std::string node_name)
    : server_statements{database, same_shape}, node_name_{std::move(node_name)}, targets_{database},
      target_reader_{reading_targets(database)}, days_{database} {}

void change_statements::note_dead(size_t rows) {
  if (const auto& vacuum = database_.settings().vacuum) vacuum->note_dead(rows);
}

void change_statements::forget() {
  targets_.forget();
  days_.forget();
}

unique_key_rows change_statements::find_unique_keys(const std::vector<std::string>& keys) {
  array_text wanted;
  for (const std::string& key : keys) wanted.add(key);
  unique_key_rows rows;
  for (auto found = database_.query(sql::find_unique_keys, wanted.take()); found.next();)
    rows[std::string{found->text(0)}] = {
        job_id{static_cast<uint64_t>(found->integer(1))}, to_time(found->optional_integer(2)), {}};
  return rows;
}

std::vector<task_id> change_statements::find_tasks(const std::vector<task_id>& tasks) {
  array_text wanted;
  for (const task_id task : tasks) wanted.add(value_of(task));
  std::vector<task_id> there;
  for (auto found = database_.query(sql::find_tasks, wanted.take()); found.next();)
    there.push_back(task_id{static_cast<uint64_t>(found->integer(0))});
  return there;
}

std::optional<job_id> change_statements::find_used_id(const std::vector<job_id>& wanted) {
  array_text ids;
  for (const job_id id : wanted) ids.add(value_of(id));
  auto used = database_.query(sql::used_ids, ids.take());
  if (!used.next()) return std::nullopt;
  return job_id{static_cast<uint64_t>(used->integer(0))};
}

std::optional<job> change_statements::revive(const job_revive& revive) {
  const uint64_t id = value_of(revive.id);
  std::optional<int64_t> priority;
  if (revive.priority) priority = *revive.priority;
  const size_t copied =
      database_.run(sql::copy_to_live, id, to_column(revive.due_at), priority, number_of(job_state::succeeded));
  if (copied == 0) return std::nullopt;
  database_.run(sql::keep_last_attempt, id);
  database_.run(sql::delete_history, id);
  auto found = database_.query(sql::live_job, id);
  if (!found.next()) throw std::runtime_error{"a revived job can't be found"};
  targets_.uses().mark(target_row_of(found.row()));
  return decode_job(found.row(), target_reader_);
}

} // namespace wheelwork::postgres
