// Definitions: few, so each is written by itself.
#include "persistence/mysql/change_statements.hpp"
#include "persistence/mysql/sql_task.hpp"

namespace wheelwork::mysql {

auto change_statements::edition_of(const std::string& name) -> std::optional<task_edition> {
  auto found = database_.query(sql::task_edition, name);
  if (!found.next()) return std::nullopt;
  return task_edition{task_id{static_cast<uint64_t>(found->integer(0))}, static_cast<uint64_t>(found->integer(1))};
}

bool change_statements::task_exists(task_id task) { return database_.query(sql::task_exists, value_of(task)).next(); }

std::optional<std::string> change_statements::task_of_external_id(const std::string& external_id, task_id but) {
  auto found = database_.query(sql::task_of_external_id, external_id, value_of(but));
  if (!found.next()) return std::nullopt;
  return std::string{found->text(0)};
}

void change_statements::insert_task(const task_definition& made, shard_id shard) {
  database_.run(sql::insert_task, value_of(made.id), static_cast<int64_t>(value_of(shard)), made.name, made.external_id,
                made.enabled, made.version, to_column(made.created_at), to_column(made.updated_at), made.spec);
  database_.run(sql::remember_task_name, value_of(made.id), made.name);
}

void change_statements::replace_task(const task_definition& made) {
  database_.run(sql::replace_task, value_of(made.id), made.external_id, made.enabled, made.version,
                to_column(made.created_at), to_column(made.updated_at), made.spec);
}

void change_statements::put_task_state(task_id task, const task_state& state) {
  database_.run(sql::put_task_state, value_of(task), to_column(state.fired_until), state.runs,
                to_column(state.next_fire), to_column(state.enabled_at), to_column(state.disabled_at));
}

void change_statements::delete_task(task_id task) {
  database_.run(sql::delete_task, value_of(task));
  database_.run(sql::delete_task_state, value_of(task));
}

} // namespace wheelwork::mysql
