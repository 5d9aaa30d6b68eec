#include "persistence/memory/memory_reader.hpp"

#include "messages/pool.hpp"

#include <algorithm>

namespace wheelwork::memory {

namespace {

using guard = std::lock_guard<std::mutex>;

bool has_labels(const labels& all, const std::vector<std::pair<std::string, std::string>>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    const auto found = all.find(one.first);
    return found != all.end() && found->second == one.second;
  });
}

std::string name_of_task(const tables& rows, task_id task) {
  const auto found = rows.task_names.find(task);
  return found == rows.task_names.end() ? std::string{} : found->second;
}

job_view view_of(const tables& rows, const new_job& made) {
  job_view view;
  view.what = made.made;
  view.task_name = name_of_task(rows, made.made.task);
  view.unique_key = made.unique_key;
  view.external_id = made.external_id;
  view.marks = made.marks;
  view.created_at = made.created_at;
  return view;
}

job_view view_of(const tables& rows, const live_row& row) {
  job_view view = view_of(rows, row.made);
  view.state = row.made.made.start_recorded ? job_state::running : job_state::pending;
  return view;
}

job_view view_of(const tables& rows, const history_row& row) {
  job_view view = view_of(rows, row.made);
  view.state = row.state;
  view.finished_at = row.finished_at;
  view.reason = row.reason;
  return view;
}

// One entry per number; a row of its own came later than what the job's row says.
void add_attempts(const tables& rows, job_id id, std::optional<attempt_record> own, job_view& view) {
  std::map<uint32_t, attempt_record> all;
  for (auto at = rows.attempts.lower_bound({id, 0}); at != rows.attempts.end() && at->first.first == id; ++at)
    all.emplace(at->first.second, at->second);
  if (own) {
    const auto [at, added] = all.emplace(own->number, *own);
    if (!added) {
      if (at->second.node.empty()) at->second.node = own->node;
      if (!at->second.started_at) at->second.started_at = own->started_at;
      if (!at->second.finished_at) at->second.finished_at = own->finished_at;
    }
  }
  for (auto& [number, attempt] : all) view.attempts.push_back(std::move(attempt));
}

attempt_record running_attempt(const live_row& row) {
  attempt_record running;
  running.number = row.made.made.attempt;
  running.node = row.started_node;
  running.started_at = row.started_at;
  return running;
}

bool matches(const job_view& view, const job_filter& filter) {
  return (!filter.state || view.state == *filter.state) && (!filter.task_name || view.task_name == *filter.task_name) &&
         (!filter.unique_key || view.unique_key == *filter.unique_key) &&
         (!filter.external_id || view.external_id == *filter.external_id) && has_labels(view.marks, filter.marks) &&
         (!filter.created_from || view.created_at >= *filter.created_from) &&
         (!filter.created_until || view.created_at < *filter.created_until) &&
         (!filter.below || view.what.id < *filter.below);
}

} // namespace

auto memory_reader::tasks_of_shard(shard_id shard) -> answer<std::vector<task_row>> {
  const guard lock{database_->mutex};
  std::vector<task_row> found;
  for (const auto& [name, stored] : database_->rows.tasks)
    if (stored.shard == shard) found.push_back(stored.row);
  std::sort(found.begin(), found.end(),
            [](const task_row& a, const task_row& b) { return a.definition->id < b.definition->id; });
  return found;
}

auto memory_reader::task_by_name(const std::string& name) -> answer<std::optional<task_row>> {
  const guard lock{database_->mutex};
  const auto found = database_->rows.tasks.find(name);
  if (found == database_->rows.tasks.end()) return std::nullopt;
  return found->second.row;
}

auto memory_reader::list_tasks(const task_filter& filter) -> answer<std::vector<task_row>> {
  const guard lock{database_->mutex};
  std::vector<task_row> found;
  for (const auto& [name, stored] : database_->rows.tasks) {
    const task_definition& one = *stored.row.definition;
    if (found.size() >= filter.limit) break;
    if ((!filter.after_name || name > *filter.after_name) &&
        (!filter.name_contains || name.find(*filter.name_contains) != std::string::npos) &&
        (!filter.enabled || one.enabled == *filter.enabled) && has_labels(one.marks, filter.marks) &&
        (!filter.external_id || one.external_id == filter.external_id))
      found.push_back(stored.row);
  }
  return found;
}

auto memory_reader::load_window(shard_id shard, std::optional<load_position> after, wall_time until, size_t limit)
    -> answer<job_window> {
  const guard lock{database_->mutex};
  job_window window;
  for (const auto& [id, row] : database_->rows.live) {
    const job& what = row.made.made;
    if (row.shard != shard || what.start_recorded || what.due_at >= until) continue;
    if (after && load_position{what.due_at, id} <= *after) continue;
    window.jobs.push_back(what);
  }
  std::sort(window.jobs.begin(), window.jobs.end(),
            [](const job& a, const job& b) { return std::tie(a.due_at, a.id) < std::tie(b.due_at, b.id); });
  window.complete = window.jobs.size() <= limit;
  if (!window.complete) window.jobs.resize(limit);
  return window;
}

auto memory_reader::open_attempts(shard_id shard) -> answer<std::vector<recovered_job>> {
  const guard lock{database_->mutex};
  std::vector<recovered_job> found;
  for (const auto& [id, row] : database_->rows.live)
    if (row.shard == shard && row.made.made.start_recorded) found.push_back({row.made.made, running_attempt(row)});
  return found;
}

auto memory_reader::live_fires(shard_id shard) -> answer<std::vector<job>> {
  const guard lock{database_->mutex};
  std::vector<job> found;
  for (const auto& [id, row] : database_->rows.live)
    if (row.shard == shard && row.made.made.is_fire()) found.push_back(row.made.made);
  std::sort(found.begin(), found.end(),
            [](const job& a, const job& b) { return std::tie(a.task, a.fire_time) < std::tie(b.task, b.fire_time); });
  return found;
}

auto memory_reader::recovery_of(shard_id shard) -> answer<shard_recovery> {
  const guard lock{database_->mutex};
  const auto found = taken_.find(value_of(shard));
  if (found == taken_.end())
    return failure(journal_error{journal_errc::broken, "there is no shard " + std::to_string(value_of(shard))});
  shard_recovery recovery = found->second;
  recovery.id_milliseconds_reserved = database_->rows.shards[value_of(shard)].id_milliseconds_reserved;
  return recovery;
}

auto memory_reader::find_job(job_id id) -> answer<std::optional<job_view>> {
  const guard lock{database_->mutex};
  const tables& rows = database_->rows;
  if (const auto live = rows.live.find(id); live != rows.live.end()) {
    job_view view = view_of(rows, live->second);
    const bool running = live->second.made.made.start_recorded;
    add_attempts(rows, id, running ? std::optional{running_attempt(live->second)} : std::nullopt, view);
    return view;
  }
  if (const auto ended = rows.history.find(id); ended != rows.history.end()) {
    job_view view = view_of(rows, ended->second);
    add_attempts(rows, id, ended->second.last, view);
    return view;
  }
  return std::nullopt;
}

auto memory_reader::list_jobs(const job_filter& filter) -> answer<std::vector<job_view>> {
  const guard lock{database_->mutex};
  std::vector<job_view> found;
  const auto add = [&](const auto& map) {
    for (const auto& [id, row] : map)
      if (job_view view = view_of(database_->rows, row); matches(view, filter)) found.push_back(std::move(view));
  };
  add(database_->rows.live);
  add(database_->rows.history);
  std::sort(found.begin(), found.end(), [](const job_view& a, const job_view& b) { return a.what.id > b.what.id; });
  if (found.size() > filter.limit) found.resize(filter.limit);
  return found;
}

auto memory_reader::ledger(task_id task, wall_time from, wall_time until, size_t limit)
    -> answer<std::vector<ledger_entry>> {
  const guard lock{database_->mutex};
  std::vector<ledger_entry> found;
  const auto add_fire = [&](task_id of, wall_time at, job_id id) {
    if (of == task && at >= from && at < until) found.push_back({at, at, 1, id, {}});
  };
  for (const auto& [key, id] : database_->rows.fires) add_fire(key.first, key.second, id);
  for (const auto& [key, skip] : database_->rows.skips)
    if (skip.task == task && skip.span.to >= from && skip.span.from < until)
      found.push_back({skip.span.from, skip.span.to, skip.span.count, std::nullopt, skip.verdict});
  std::sort(found.begin(), found.end(), [](const ledger_entry& a, const ledger_entry& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  if (found.size() > limit) found.resize(limit);
  return found;
}

auto memory_reader::pools() -> answer<std::vector<pool_ptr>> {
  const guard lock{database_->mutex};
  std::vector<pool_ptr> found;
  for (const auto& [name, pool] : database_->rows.pools) found.push_back(pool);
  return found;
}

auto memory_reader::pool_events(const std::string& pool, std::optional<wall_time> before, size_t limit)
    -> answer<std::vector<pool_event>> {
  const guard lock{database_->mutex};
  std::vector<pool_event> found;
  const auto& all = database_->rows.pool_events;
  for (auto at = all.rbegin(); at != all.rend(); ++at)
    if (at->second.pool == pool && (!before || at->second.at < *before)) found.push_back(at->second);
  std::stable_sort(found.begin(), found.end(), [](const pool_event& a, const pool_event& b) { return a.at > b.at; });
  if (found.size() > limit) found.resize(limit);
  return found;
}

auto memory_reader::pool_minutes(const std::string& pool, wall_time from, wall_time until)
    -> answer<std::vector<pool_minute>> {
  const guard lock{database_->mutex};
  std::vector<pool_minute> found;
  for (const auto& [key, minute] : database_->rows.pool_minutes)
    if (minute.pool == pool && minute.minute >= from && minute.minute < until) found.push_back(minute);
  return found;
}

auto memory_reader::count_live() -> answer<live_count> {
  const guard lock{database_->mutex};
  live_count count{database_->rows.live.size(), 0, database_->batches};
  for (const auto& [id, row] : database_->rows.live) count.running += row.made.made.start_recorded ? 1 : 0;
  return count;
}

} // namespace wheelwork::memory
