// Definitions: few, so each is written by itself, and before what jobs of the same change need.
#include "persistence/postgres/change_writer.hpp"
#include "persistence/postgres/sql_task.hpp"

namespace wheelwork::postgres {

namespace {

[[noreturn]] void refuse(journal_errc code, std::string message) { throw change_refused{{code, std::move(message)}}; }

} // namespace

void change_writer::apply_tasks(const journal_change& change) {
  if (change.tasks_put.empty() && change.tasks_deleted.empty()) return;
  write(); // states that were gathered are those of the definitions before
  for (const task_put& put : change.tasks_put) {
    if (!put.definition) refuse(journal_errc::broken, "a task without its definition was to be written");
    check_external_id(*put.definition);
    if (put.create)
      create_task(put, change.shard);
    else
      replace_task(put);
    database_.run(sql::put_task_state, value_of(put.definition->id), to_column(put.state.fired_until), put.state.runs,
                  to_column(put.state.next_fire), to_column(put.state.enabled_at), to_column(put.state.disabled_at));
  }
  for (const task_delete& gone : change.tasks_deleted) {
    database_.run(sql::delete_task, value_of(gone.id));
    database_.run(sql::delete_task_state, value_of(gone.id));
    tasks_seen_.erase(value_of(gone.id));
  }
}

void change_writer::check_external_id(const task_definition& definition) {
  if (!definition.external_id) return;
  if (auto found = database_.query(sql::task_of_external_id, *definition.external_id, value_of(definition.id));
      found.next())
    refuse(journal_errc::conflict, "the external id `" + *definition.external_id + "` belongs to the task `" +
                                       std::string{found->text(0)} + "`");
}

void change_writer::create_task(const task_put& put, shard_id shard) {
  const task_definition& made = *put.definition;
  if (auto found = database_.query(sql::task_edition, made.name); found.next())
    refuse(journal_errc::conflict, "a task `" + made.name + "` exists");
  if (auto found = database_.query(sql::task_exists, value_of(made.id)); found.next())
    refuse(journal_errc::broken, "the task id " + to_string(made.id) + " exists");
  database_.run(sql::insert_task, value_of(made.id), static_cast<int64_t>(value_of(shard)), made.name, made.external_id,
                made.enabled, made.version, to_column(made.created_at), to_column(made.updated_at), made.spec);
  database_.run(sql::remember_task_name, value_of(made.id), made.name);
}

void change_writer::replace_task(const task_put& put) {
  const task_definition& made = *put.definition;
  auto found = database_.query(sql::task_edition, made.name);
  if (!found.next()) refuse(journal_errc::conflict, "there is no task `" + made.name + "`");
  const auto id = static_cast<uint64_t>(found->integer(0));
  const auto version = static_cast<uint64_t>(found->integer(1));
  if (id != value_of(made.id))
    refuse(journal_errc::conflict, "the task `" + made.name + "` was deleted and created again");
  if (version != put.expected_version)
    refuse(journal_errc::conflict, "the task `" + made.name + "` has version " + std::to_string(version) + ", not " +
                                       std::to_string(put.expected_version));
  database_.run(sql::replace_task, value_of(made.id), made.external_id, made.enabled, made.version,
                to_column(made.created_at), to_column(made.updated_at), made.spec);
}

} // namespace wheelwork::postgres
