// Definitions: few, so each is written by itself, and before what jobs of the same change need.
#include "persistence/sql/change_writer.hpp"

namespace wheelwork {

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
    statements_.put_task_state(put.definition->id, put.state);
  }
  for (const task_delete& gone : change.tasks_deleted) {
    statements_.delete_task(gone.id);
    tasks_seen_.erase(value_of(gone.id));
  }
}

void change_writer::check_external_id(const task_definition& definition) {
  if (!definition.external_id) return;
  if (const auto owner = statements_.task_of_external_id(*definition.external_id, definition.id))
    refuse(journal_errc::conflict,
           "the external id `" + *definition.external_id + "` belongs to the task `" + *owner + "`");
}

void change_writer::create_task(const task_put& put, shard_id shard) {
  const task_definition& made = *put.definition;
  if (statements_.edition_of(made.name)) refuse(journal_errc::conflict, "a task `" + made.name + "` exists");
  if (statements_.task_exists(made.id)) refuse(journal_errc::broken, "the task id " + to_string(made.id) + " exists");
  statements_.insert_task(made, shard);
}

void change_writer::replace_task(const task_put& put) {
  const task_definition& made = *put.definition;
  const auto found = statements_.edition_of(made.name);
  if (!found) refuse(journal_errc::conflict, "there is no task `" + made.name + "`");
  if (found->id != made.id)
    refuse(journal_errc::conflict, "the task `" + made.name + "` was deleted and created again");
  if (found->version != put.expected_version)
    refuse(journal_errc::conflict, "the task `" + made.name + "` has version " + std::to_string(found->version) +
                                       ", not " + std::to_string(put.expected_version));
  statements_.replace_task(made);
}

} // namespace wheelwork
