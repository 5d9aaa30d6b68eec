#include "persistence/postgres/change_writer.hpp"

#include "persistence/job_terms.hpp"
#include "persistence/postgres/sql_job.hpp"
#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_write.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

constexpr size_t tasks_seen_max = 100'000;
constexpr int64_t id_bound_step = 60'000; // milliseconds

[[noreturn]] void refuse(journal_errc code, std::string message) { throw change_refused{{code, std::move(message)}}; }

} // namespace

change_writer::change_writer(connection& database, std::string node_name)
    : database_{database}, node_name_{std::move(node_name)}, targets_{database},
      target_reader_{reading_targets(database)}, days_{database} {
  if (auto found = database_.query(sql::highest_id); found.next())
    highest_at_open_ = static_cast<uint64_t>(found->integer(0));
}

void change_writer::prepare(std::span<const journal_change> changes) {
  array_text keys, tasks;
  std::unordered_set<uint64_t> asked;
  for (const journal_change& change : changes) {
    for (const new_job& made : change.inserts) {
      targets_.note(made.made.how);
      if (!made.unique_key.empty()) keys.add(made.unique_key);
      const uint64_t task = value_of(made.made.task);
      if (task != 0 && !tasks_seen_.contains(task) && asked.insert(task).second) tasks.add(task);
    }
  }
  targets_.write_noted();
  if (keys.size() > 0)
    for (auto found = database_.query(sql::find_unique_keys, keys.take()); found.next();)
      keys_[std::string{found->text(0)}] = {
          job_id{static_cast<uint64_t>(found->integer(1))}, to_time(found->optional_integer(2)), {}};
  if (tasks.size() == 0) return;
  if (tasks_seen_.size() >= tasks_seen_max) tasks_seen_.clear();
  for (auto found = database_.query(sql::find_tasks, tasks.take()); found.next();)
    tasks_seen_.insert(static_cast<uint64_t>(found->integer(0)));
}

void change_writer::touch(job_id id) {
  if (touched_.insert(value_of(id)).second) return;
  write();
  touched_.insert(value_of(id));
}

template <class Part>
void change_writer::gather(gathered_parts<Part>& into, const Part& what, journal_receipt& receipt) {
  touch(what.id);
  into.push_back({&what, &receipt, ++sequence_});
}

void change_writer::apply(const journal_change& change, journal_receipt& receipt) {
  if (change.ids)
    database_.run(sql::reserve_ids, static_cast<int64_t>(value_of(change.shard)), change.ids->milliseconds_until);
  apply_tasks(change);
  for (const job_end& end : change.ends) gather(end.keep ? ends_ : dropped_, end, receipt);
  for (const unprepare& gone : change.unprepared) {
    if (fires_gathered_) write(); // an earlier insert of the fire time that this one sets free must fail
    gather(unprepared_, gone, receipt);
  }
  for (const job_again& again : change.agains) gather(agains_, again, receipt);
  for (const job_start& start : change.starts) gather(starts_, start, receipt);
  for (const late_result& late : change.lates) gather(lates_, late, receipt);
  for (const job_revive& revive : change.revived) apply_revive(revive, receipt);
  for (uint32_t index = 0; index < change.inserts.size(); ++index)
    apply_insert(change.inserts[index], index, change.shard, receipt);
  apply_states(change);
}

void change_writer::apply_states(const journal_change& change) {
  for (const task_state& state : change.states) {
    const auto [at, first] = states_.try_emplace(value_of(state.task), state);
    if (first) continue;
    const wall_time fired_until = std::max(at->second.fired_until, state.fired_until);
    at->second = state;
    at->second.fired_until = fired_until;
  }
  for (const fire_skip& skip : change.skips)
    skips_.insert_or_assign({value_of(skip.task), to_column(skip.span.from), number_of(skip.verdict)}, skip);
}

void change_writer::apply_insert(const new_job& made, uint32_t index, shard_id shard, journal_receipt& receipt) {
  if (!made.unique_key.empty()) {
    if (const auto holder = take_unique_key(made)) {
      receipt.repeated.emplace_back(index, *holder);
      return;
    }
  }
  touch(made.made.id); // first: an end of this id that was gathered puts it into history
  check_insert(made);
  fires_gathered_ |= made.made.is_fire();
  inserts_.push_back({&made, shard});
  if (one_by_one_) write();
}

std::optional<job_id> change_writer::take_unique_key(const new_job& made) {
  if (const auto found = keys_.find(made.unique_key); found != keys_.end())
    if (!found->second.until || *found->second.until > made.created_at) return found->second.holder;
  const taken_key taken{made.made.id, made.unique_until, made.created_at};
  keys_[made.unique_key] = taken;
  keys_to_put_[made.unique_key] = taken;
  return std::nullopt;
}

void change_writer::check_insert(const new_job& made) {
  const job& what = made.made;
  if (value_of(what.id) == 0) refuse(journal_errc::broken, "a job without an id was to be inserted");
  // Generators only count up: an id above all that its shard ever had needs no look into history.
  uint64_t& highest = highest_of_shard_.try_emplace(value_of(shard_of(what.id)), highest_at_open_).first->second;
  if (value_of(what.id) > highest)
    highest = value_of(what.id);
  else
    ids_to_check_.push_back(value_of(what.id));
  if (one_by_one_) check_unused();
  check_task(what.task);
  if (!what.how || what.how->spec.empty()) refuse(journal_errc::broken, "job " + to_string(what.id) + " has no target");
  widen_id_bounds(made);
}

void change_writer::check_task(task_id task) {
  if (value_of(task) == 0 || tasks_seen_.contains(value_of(task))) return;
  array_text one;
  one.add(value_of(task));
  if (auto found = database_.query(sql::find_tasks, one.take()); !found.next())
    refuse(journal_errc::conflict, "the task " + to_string(task) + " is deleted");
  tasks_seen_.insert(value_of(task));
}

void change_writer::widen_id_bounds(const new_job& made) {
  if (!id_bounds_) {
    auto found = database_.query(sql::read_id_bounds);
    if (!found.next()) throw std::runtime_error{"the row of the table database is missing"};
    id_bounds_ = id_bounds{found->integer(0), found->integer(1)};
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

void change_writer::write() {
  write_ends();
  write_taken();
  write_agains();
  write_starts();
  write_lates();
  write_inserts();
  write_states();
  write_skips();
  touched_.clear();
}

void change_writer::tell_missing() {
  std::sort(missing_.begin(), missing_.end(),
            [](const missing_job& a, const missing_job& b) { return a.sequence < b.sequence; });
  for (const missing_job& one : missing_) one.receipt->missing.push_back(one.id);
  missing_.clear();
}

void change_writer::finish() {
  keys_.clear();
  if (id_bounds_changed_) database_.run(sql::set_id_bounds, id_bounds_->ahead, id_bounds_->behind);
}

void change_writer::forget() {
  ends_.clear();
  dropped_.clear();
  unprepared_.clear();
  agains_.clear();
  starts_.clear();
  lates_.clear();
  inserts_.clear();
  ids_to_check_.clear();
  fires_gathered_ = false;
  keys_to_put_.clear();
  states_.clear();
  skips_.clear();
  touched_.clear();
  missing_.clear();
  keys_.clear();
  targets_.forget();
  tasks_seen_.clear();
  days_.forget();
}

void change_writer::apply_revive(const job_revive& revive, journal_receipt& receipt) {
  write();
  const uint64_t id = value_of(revive.id);
  std::optional<int64_t> priority;
  if (revive.priority) priority = *revive.priority;
  const size_t copied =
      database_.run(sql::copy_to_live, id, to_column(revive.due_at), priority, number_of(job_state::succeeded));
  if (copied == 0) {
    missing_.push_back({&receipt, ++sequence_, revive.id});
    return;
  }
  database_.run(sql::keep_last_attempt, id);
  database_.run(sql::delete_history, id);
  auto found = database_.query(sql::live_job, id);
  if (!found.next()) return;
  targets_.mark_used(target_row_of(found.row()));
  receipt.revived.push_back(decode_job(found.row(), target_reader_));
}

} // namespace wheelwork::postgres
