#include "persistence/sql/change_writer.hpp"

#include "persistence/job_terms.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr size_t tasks_seen_max = 100'000;
constexpr int64_t id_bound_step = 60'000; // milliseconds

} // namespace

change_writer::change_writer(change_statements& statements)
    : statements_{statements}, highest_at_open_{statements.highest_id()} {}

void change_writer::prepare(std::span<const journal_change> changes) {
  std::vector<std::string> keys;
  std::vector<task_id> tasks;
  std::unordered_set<uint64_t> asked;
  for (const journal_change& change : changes) {
    for (const new_job& made : change.inserts) {
      statements_.targets().note(made.made.how);
      if (!made.unique_key.empty()) keys.push_back(made.unique_key);
      const uint64_t task = value_of(made.made.task);
      if (task != 0 && !tasks_seen_.contains(task) && asked.insert(task).second) tasks.push_back(made.made.task);
    }
  }
  statements_.targets().write_noted();
  if (!keys.empty()) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    for (auto& [key, row] : statements_.find_unique_keys(keys)) keys_[key] = row;
  }
  if (tasks.empty()) return;
  if (tasks_seen_.size() >= tasks_seen_max) tasks_seen_.clear();
  for (const task_id found : statements_.find_tasks(tasks)) tasks_seen_.insert(value_of(found));
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
  if (change.ids) statements_.reserve_ids(change.shard, change.ids->milliseconds_until);
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
  statements_.write_pools(change);
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
  const unique_key_row taken{made.made.id, made.unique_until, made.created_at};
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
    ids_to_check_.push_back(what.id);
  if (one_by_one_) check_unused();
  check_task(what.task);
  if (!what.how || what.how->spec.empty()) refuse(journal_errc::broken, "job " + to_string(what.id) + " has no target");
  widen_id_bounds(made);
}

void change_writer::check_task(task_id task) {
  if (value_of(task) == 0 || tasks_seen_.contains(value_of(task))) return;
  if (statements_.find_tasks({task}).empty())
    refuse(journal_errc::conflict, "the task " + to_string(task) + " is deleted");
  tasks_seen_.insert(value_of(task));
}

void change_writer::widen_id_bounds(const new_job& made) {
  if (!id_bounds_) id_bounds_ = statements_.read_id_bounds();
  const int64_t ahead = static_cast<int64_t>(milliseconds_of(made.made.id)) - to_column(made.created_at);
  const auto widen = [&](int64_t& bound, int64_t seen) {
    if (seen <= bound) return;
    bound = 2 * seen + id_bound_step; // in large steps: this row is written a few times in the life of a database
    id_bounds_changed_ = true;
  };
  widen(id_bounds_->ahead, ahead);
  widen(id_bounds_->behind, -ahead);
}

void change_writer::check_unused() {
  if (ids_to_check_.empty()) return;
  const auto used = statements_.find_used_id(std::exchange(ids_to_check_, {}));
  if (used) refuse(journal_errc::broken, "the job id " + to_string(*used) + " was used before: it is in history");
}

void change_writer::write() {
  write_moves();
  write_inserts();
  if (!states_.empty()) statements_.update_states(std::exchange(states_, {}));
  if (!skips_.empty()) statements_.put_skips(std::exchange(skips_, {}));
  touched_.clear();
}

void change_writer::note_missing(const auto& parts, const change_statements::id_set& missing) {
  if (missing.empty()) return;
  for (const auto& part : parts)
    if (missing.contains(value_of(part.what->id))) missing_.push_back({part.receipt, part.sequence, part.what->id});
}

void change_writer::write_moves() {
  if (!ends_.empty()) note_missing(ends_, statements_.end_jobs(ends_));
  ends_.clear();
  write_taken();
  if (!agains_.empty()) note_missing(agains_, statements_.put_back(agains_));
  agains_.clear();
  if (!starts_.empty()) note_missing(starts_, statements_.start_jobs(starts_));
  starts_.clear();
  if (!lates_.empty()) statements_.add_late_results(lates_);
  lates_.clear();
}

void change_writer::write_taken() {
  if (dropped_.empty() && unprepared_.empty()) return;
  std::vector<job_id> ids;
  change_statements::id_set not_found, to_unprepare;
  for (const auto& one : dropped_) ids.push_back(one.what->id);
  for (const auto& one : unprepared_) {
    ids.push_back(one.what->id);
    to_unprepare.insert(value_of(one.what->id));
  }
  for (const job_id id : ids) not_found.insert(value_of(id));
  std::vector<std::pair<job_id, std::vector<std::string>>> gone;
  std::vector<ledger_row> fires;
  for (taken_job& taken : statements_.take_jobs(ids)) {
    not_found.erase(value_of(taken.id));
    gone.emplace_back(taken.id, std::move(taken.terms));
    if (taken.fire && to_unprepare.contains(value_of(taken.id))) fires.push_back(*taken.fire);
  }
  drop_belongings(gone);
  if (!fires.empty()) statements_.drop_fires(fires);
  note_missing(dropped_, not_found);
  note_missing(unprepared_, not_found);
  dropped_.clear();
  unprepared_.clear();
}

void change_writer::drop_belongings(const std::vector<std::pair<job_id, std::vector<std::string>>>& jobs) {
  if (jobs.empty()) return;
  std::vector<term_row> terms;
  std::vector<job_id> ids;
  for (const auto& [id, terms_of_job] : jobs) {
    ids.push_back(id);
    for (const std::string& term : terms_of_job) terms.push_back({term, id});
  }
  if (!terms.empty()) statements_.drop_terms(terms);
  statements_.drop_attempts(ids);
}

void change_writer::write_inserts() {
  if (!keys_to_put_.empty()) statements_.put_unique_keys(std::exchange(keys_to_put_, {}));
  if (inserts_.empty()) return;
  check_unused();
  statements_.insert_jobs(inserts_);
  write_terms_and_fires();
  inserts_.clear();
  fires_gathered_ = false;
}

void change_writer::write_terms_and_fires() {
  std::vector<term_row> terms;
  std::vector<ledger_row> fires;
  for (const gathered_insert& one : inserts_) {
    const job& what = one.what->made;
    for (std::string& term : terms_of(*one.what)) terms.push_back({std::move(term), what.id});
    if (what.is_fire()) fires.push_back({what.task, what.fire_time, what.id});
  }
  if (!fires.empty()) statements_.add_fires(fires);
  if (!terms.empty()) statements_.add_terms(terms);
}

void change_writer::tell_missing() {
  std::sort(missing_.begin(), missing_.end(),
            [](const missing_job& a, const missing_job& b) { return a.sequence < b.sequence; });
  for (const missing_job& one : missing_) one.receipt->missing.push_back(one.id);
  missing_.clear();
}

void change_writer::finish() {
  keys_.clear();
  if (id_bounds_changed_) statements_.widen_id_bounds(*id_bounds_);
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
  tasks_seen_.clear();
  statements_.forget();
}

void change_writer::apply_revive(const job_revive& revive, journal_receipt& receipt) {
  write();
  if (auto revived = statements_.revive(revive))
    receipt.revived.push_back(std::move(*revived));
  else
    missing_.push_back({&receipt, ++sequence_, revive.id});
}

} // namespace wheelwork
