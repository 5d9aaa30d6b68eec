#include "persistence/sqlite/change_writer.hpp"

#include "persistence/job_terms.hpp"
#include "persistence/sqlite/sql_job.hpp"
#include "persistence/sqlite/sql_pool.hpp"
#include "persistence/sqlite/sql_task.hpp"
#include "persistence/sqlite/sql_write.hpp"

#include <sqlite3.h>

namespace wheelwork::sqlite {

namespace {

constexpr size_t tasks_seen_max = 100'000;
constexpr int64_t id_bound_step = 60'000; // milliseconds

} // namespace

change_writer::change_writer(connection& database, std::string node_name)
    : database_{database}, node_name_{std::move(node_name)}, targets_{database}, target_reader_{
                                                                                     reading_targets(database)} {
  if (auto rows = database_.query(sql::highest_id); rows.next())
    highest_at_open_ = static_cast<uint64_t>(rows->integer(0));
}

journal_receipt change_writer::apply(const journal_change& change) {
  journal_receipt receipt;
  receipt.ticket = change.ticket;
  receipt.shard = change.shard;
  if (change.ids)
    database_.run(sql::reserve_ids, static_cast<int64_t>(value_of(change.shard)), change.ids->milliseconds_until);
  apply_tasks(change);
  for (const job_end& end : change.ends) apply_end(end, receipt);
  for (const unprepare& gone : change.unprepared) apply_unprepare(gone, receipt);
  for (const job_again& again : change.agains) apply_again(again, receipt);
  for (const job_start& start : change.starts) apply_start(start, receipt);
  for (const late_result& late : change.lates) apply_late(late);
  for (const job_revive& revive : change.revived) apply_revive(revive, receipt);
  apply_inserts(change, receipt);
  for (const task_state& state : change.states)
    database_.run(sql::update_task_state, value_of(state.task), to_column(state.fired_until), state.runs,
                  to_column(state.next_fire), to_column(state.enabled_at), to_column(state.disabled_at));
  for (const fire_skip& skip : change.skips)
    database_.run(sql::put_skip, value_of(skip.task), to_column(skip.span.from), number_of(skip.verdict),
                  to_column(skip.span.to), skip.span.count);
  write_pools(database_, sql::pool_writing, change);
  return receipt;
}

void change_writer::finish() {
  if (id_bounds_changed_) database_.run(sql::set_id_bounds, id_bounds_->ahead, id_bounds_->behind);
}

void change_writer::forget() {
  targets_.forget();
  tasks_seen_.clear();
}

void change_writer::apply_inserts(const journal_change& change, journal_receipt& receipt) {
  for (uint32_t index = 0; index < change.inserts.size(); ++index) {
    const new_job& made = change.inserts[index];
    if (!made.unique_key.empty()) {
      if (const auto holder = take_unique_key(made)) {
        receipt.repeated.emplace_back(index, *holder);
        continue;
      }
    }
    insert_job(made, change.shard);
  }
}

std::optional<job_id> change_writer::take_unique_key(const new_job& made) {
  if (auto rows = database_.query(sql::find_unique_key, made.unique_key); rows.next()) {
    const auto until = to_time(rows->optional_integer(1));
    if (!until || *until > made.created_at) return job_id{static_cast<uint64_t>(rows->integer(0))};
  }
  database_.run(sql::put_unique_key, made.unique_key, value_of(made.made.id), to_column(made.unique_until));
  return std::nullopt;
}

void change_writer::check_new_id(job_id id) {
  if (value_of(id) == 0) refuse(journal_errc::broken, "a job without an id was to be inserted");
  // Generators only count up: an id above all that its shard ever had needs no look into history.
  uint64_t& highest = highest_of_shard_.try_emplace(value_of(shard_of(id)), highest_at_open_).first->second;
  if (value_of(id) > highest) {
    highest = value_of(id);
    return;
  }
  if (auto rows = database_.query(sql::in_history, value_of(id)); rows.next())
    refuse(journal_errc::broken, "the job id " + to_string(id) + " was used before: it is in history");
}

void change_writer::check_task(task_id task) {
  if (value_of(task) == 0 || tasks_seen_.contains(value_of(task))) return;
  if (auto rows = database_.query(sql::task_exists, value_of(task)); !rows.next())
    refuse(journal_errc::conflict, "the task " + to_string(task) + " is deleted");
  if (tasks_seen_.size() >= tasks_seen_max) tasks_seen_.clear();
  tasks_seen_.insert(value_of(task));
}

void change_writer::widen_id_bounds(const new_job& made) {
  if (!id_bounds_) {
    auto rows = database_.query(sql::read_id_bounds);
    if (!rows.next()) throw std::runtime_error{"the row of the table database is missing"};
    id_bounds_ = id_bounds{rows->integer(0), rows->integer(1)};
  }
  const int64_t ahead = static_cast<int64_t>(milliseconds_of(made.made.id)) - to_column(made.created_at);
  const auto widen = [&](int64_t& bound, int64_t seen) {
    if (seen <= bound) return;
    bound = 2 * seen + id_bound_step; // in large steps: this row is written a few times in the life of a database
    id_bounds_changed_ = true;
  };
  widen(id_bounds_->ahead, ahead);
  widen(id_bounds_->behind, -ahead);
}

void change_writer::insert_job(const new_job& made, shard_id shard) {
  const job& what = made.made;
  check_new_id(what.id);
  check_task(what.task);
  widen_id_bounds(made);
  if (!what.how || what.how->spec.empty()) refuse(journal_errc::broken, "job " + to_string(what.id) + " has no target");

  using optional_number = std::optional<int64_t>;
  const auto task = value_of(what.task) ? optional_number{static_cast<int64_t>(value_of(what.task))} : std::nullopt;
  const auto fire_time = what.is_fire() ? optional_number{to_column(what.fire_time)} : std::nullopt;
  const auto started_at = what.start_recorded ? optional_number{to_column(made.created_at)} : std::nullopt;
  const auto started_node = what.start_recorded ? std::optional<std::string_view>{node_name_} : std::nullopt;
  const auto content_type = what.body.empty() || what.body.is_json()
                                ? std::nullopt
                                : std::optional<std::string_view>{what.body.content_type()};
  const auto body = what.body.empty() ? std::nullopt : std::optional<blob>{blob{what.body.data()}};
  const std::optional<std::string> marks = labels_to_column(made.marks);
  try {
    database_.run(sql::insert_job, value_of(what.id), static_cast<int64_t>(value_of(shard)), to_column(what.due_at),
                  task, fire_time, targets_.row_of(what.how), what.attempt, static_cast<int64_t>(what.retries_used),
                  static_cast<int64_t>(what.lost_in_row), static_cast<int64_t>(what.priority), number_of(what.origin),
                  what.start_recorded, started_at, started_node, to_column(made.created_at), content_type, marks,
                  unless_empty(made.unique_key), unless_empty(made.external_id), body);
  } catch (const failure& error) {
    if (error.extended_code() == SQLITE_CONSTRAINT_PRIMARYKEY || error.extended_code() == SQLITE_CONSTRAINT_ROWID)
      refuse(journal_errc::broken, "the job id " + to_string(what.id) + " exists");
    throw;
  }
  if (what.is_fire()) take_fire_time(what);
  for (const std::string& term : terms_of(made)) database_.run(sql::add_term, term, value_of(what.id));
}

void change_writer::take_fire_time(const job& what) {
  try {
    database_.run(sql::add_fire, value_of(what.task), to_column(what.fire_time), value_of(what.id));
  } catch (const failure& error) {
    if (error.code() != SQLITE_CONSTRAINT) throw;
    refuse(journal_errc::broken, "task " + to_string(what.task) + " has a job of this fire time already; job " +
                                     to_string(what.id) + " would be a second one");
  }
}

void change_writer::apply_tasks(const journal_change& change) {
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
  if (auto rows = database_.query(sql::task_of_external_id, *definition.external_id, value_of(definition.id));
      rows.next())
    refuse(journal_errc::conflict, "the external id `" + *definition.external_id + "` belongs to the task `" +
                                       std::string{rows->text(0)} + "`");
}

void change_writer::create_task(const task_put& put, shard_id shard) {
  const task_definition& made = *put.definition;
  if (auto rows = database_.query(sql::task_edition, made.name); rows.next())
    refuse(journal_errc::conflict, "a task `" + made.name + "` exists");
  if (auto rows = database_.query(sql::task_exists, value_of(made.id)); rows.next())
    refuse(journal_errc::broken, "the task id " + to_string(made.id) + " exists");
  database_.run(sql::insert_task, value_of(made.id), static_cast<int64_t>(value_of(shard)), made.name, made.external_id,
                made.enabled, made.version, to_column(made.created_at), to_column(made.updated_at), made.spec);
  database_.run(sql::remember_task_name, value_of(made.id), made.name);
}

void change_writer::replace_task(const task_put& put) {
  const task_definition& made = *put.definition;
  {
    auto rows = database_.query(sql::task_edition, made.name);
    if (!rows.next()) refuse(journal_errc::conflict, "there is no task `" + made.name + "`");
    const auto id = static_cast<uint64_t>(rows->integer(0));
    const auto version = static_cast<uint64_t>(rows->integer(1));
    if (id != value_of(made.id))
      refuse(journal_errc::conflict, "the task `" + made.name + "` was deleted and created again");
    if (version != put.expected_version)
      refuse(journal_errc::conflict, "the task `" + made.name + "` has version " + std::to_string(version) + ", not " +
                                         std::to_string(put.expected_version));
  }
  database_.run(sql::replace_task, value_of(made.id), made.external_id, made.enabled, made.version,
                to_column(made.created_at), to_column(made.updated_at), made.spec);
}

} // namespace wheelwork::sqlite
