#include "messages/pool.hpp"
#include "persistence/memory/memory_database.hpp"
#include "persistence/pool_rows.hpp"

#include <algorithm>

namespace wheelwork::memory {

namespace {

struct refused {
  journal_error why;
};

[[noreturn]] void refuse(journal_errc code, std::string message) { throw refused{{code, std::move(message)}}; }

/// Every write goes through here, so that a change that turns out to be refused can be taken back.
class application {
public:
  application(tables& rows, const std::string& node_name) : rows_{rows}, node_name_{node_name} {}

  journal_receipt apply(const journal_change& change);
  void undo() {
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)();
  }

private:
  template <class Map>
  void remember(Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    if (found == map.end())
      undo_.push_back([&map, key] { map.erase(key); });
    else
      undo_.push_back([&map, key, old = found->second] { map.insert_or_assign(key, old); });
  }
  template <class Map>
  void put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value) {
    remember(map, key);
    map.insert_or_assign(key, std::move(value));
  }
  template <class Map>
  void erase(Map& map, const typename Map::key_type& key) {
    remember(map, key);
    map.erase(key);
  }

  void put_task(const task_put& put, shard_id shard);
  void delete_task(task_id id);
  void update_state(const task_state& state);
  void end(const job_end& end);
  void again(const job_again& again);
  void add_minute(pool_minute minute);
  void start(const job_start& start);
  void late(const late_result& late);
  void revive(const job_revive& revive);
  void insert(const new_job& made, uint32_t index, shard_id shard);
  void write_pools(const journal_change& change);
  void put_attempt(job_id id, const attempt_record& attempt);
  void drop_attempts(job_id id);
  stored_task* task_by_id(task_id id);

  tables& rows_;
  const std::string& node_name_;
  journal_receipt receipt_;
  std::vector<std::function<void()>> undo_;
};

stored_task* application::task_by_id(task_id id) {
  for (auto& [name, stored] : rows_.tasks)
    if (stored.row.definition->id == id) return &stored;
  return nullptr;
}

journal_receipt application::apply(const journal_change& change) {
  receipt_.ticket = change.ticket;
  receipt_.shard = change.shard;
  if (change.ids) {
    shard_row shard = rows_.shards[value_of(change.shard)];
    shard.id_milliseconds_reserved = std::max(shard.id_milliseconds_reserved, change.ids->milliseconds_until);
    put(rows_.shards, value_of(change.shard), shard);
  }
  for (const task_put& one : change.tasks_put) put_task(one, change.shard);
  for (const task_delete& one : change.tasks_deleted) delete_task(one.id);
  for (const job_end& one : change.ends) end(one);
  for (const unprepare& one : change.unprepared) {
    if (!rows_.live.contains(one.id)) {
      receipt_.missing.push_back(one.id);
      continue;
    }
    const job what = rows_.live.at(one.id).made.made;
    if (what.is_fire()) erase(rows_.fires, {what.task, what.fire_time});
    erase(rows_.live, one.id);
    drop_attempts(one.id);
  }
  for (const job_again& one : change.agains) again(one);
  for (const job_start& one : change.starts) start(one);
  for (const late_result& one : change.lates) late(one);
  for (const job_revive& one : change.revived) revive(one);
  for (uint32_t index = 0; index < change.inserts.size(); ++index) insert(change.inserts[index], index, change.shard);
  for (const task_state& one : change.states) update_state(one);
  for (const fire_skip& one : change.skips) put(rows_.skips, {one.task, one.span.from, one.verdict}, one);
  write_pools(change);
  return std::move(receipt_);
}

void application::write_pools(const journal_change& change) {
  for (const pool_put& one : change.pools_put) {
    std::optional<uint64_t> version;
    if (one.definition)
      if (const auto found = rows_.pools.find(one.definition->name); found != rows_.pools.end())
        version = found->second->version;
    if (auto fault = fault_of_put(one, version)) throw refused{std::move(*fault)};
    put(rows_.pools, one.definition->name, one.definition);
  }
  for (const std::string& name : change.pools_deleted) {
    if (!rows_.pools.contains(name)) refuse(journal_errc::conflict, "there is no pool `" + name + "`");
    erase(rows_.pools, name);
  }
  for (const pool_event& one : change.pool_events)
    put(rows_.pool_events, rows_.pool_events.empty() ? 1 : rows_.pool_events.rbegin()->first + 1, one);
  for (const pool_minute& one : change.pool_minutes) add_minute(one);
}

void application::put_task(const task_put& one, shard_id shard) {
  if (!one.definition) refuse(journal_errc::broken, "a task without its definition was to be written");
  const task_definition& made = *one.definition;
  for (const auto& [name, stored] : rows_.tasks)
    if (made.external_id && stored.row.definition->external_id == made.external_id &&
        stored.row.definition->id != made.id)
      refuse(journal_errc::conflict, "the external id `" + *made.external_id + "` belongs to the task `" + name + "`");
  const auto found = rows_.tasks.find(made.name);
  stored_task next{shard, {one.definition, one.state}};
  next.row.state.task = made.id;
  if (one.create) {
    if (found != rows_.tasks.end()) refuse(journal_errc::conflict, "a task `" + made.name + "` exists");
    if (task_by_id(made.id)) refuse(journal_errc::broken, "the task id " + to_string(made.id) + " exists");
    put(rows_.task_names, made.id, made.name);
  } else {
    if (found == rows_.tasks.end()) refuse(journal_errc::conflict, "there is no task `" + made.name + "`");
    const task_row& old = found->second.row;
    if (old.definition->id != made.id)
      refuse(journal_errc::conflict, "the task `" + made.name + "` was deleted and created again");
    if (old.definition->version != one.expected_version)
      refuse(journal_errc::conflict, "the task `" + made.name + "` has version " +
                                         std::to_string(old.definition->version) + ", not " +
                                         std::to_string(one.expected_version));
    next.shard = found->second.shard;
    next.row.state.fired_until = std::max(next.row.state.fired_until, old.state.fired_until);
  }
  put(rows_.tasks, made.name, std::move(next));
}

void application::delete_task(task_id id) {
  if (const stored_task* stored = task_by_id(id)) erase(rows_.tasks, std::string{stored->row.definition->name});
}

void application::update_state(const task_state& state) {
  const stored_task* stored = task_by_id(state.task);
  if (!stored) return;
  stored_task next = *stored;
  next.row.state = state;
  next.row.state.fired_until = std::max(state.fired_until, stored->row.state.fired_until);
  put(rows_.tasks, std::string{next.row.definition->name}, next);
}

void application::drop_attempts(job_id id) {
  std::vector<std::pair<job_id, uint32_t>> gone;
  for (auto at = rows_.attempts.lower_bound({id, 0}); at != rows_.attempts.end() && at->first.first == id; ++at)
    gone.push_back(at->first);
  for (const auto& key : gone) erase(rows_.attempts, key);
}

void application::put_attempt(job_id id, const attempt_record& attempt) {
  attempt_record next = attempt;
  if (const auto found = rows_.attempts.find({id, attempt.number}); found != rows_.attempts.end()) {
    if (next.node.empty()) next.node = found->second.node;
    if (!next.started_at) next.started_at = found->second.started_at;
    if (!next.finished_at) next.finished_at = found->second.finished_at;
  }
  put(rows_.attempts, {id, attempt.number}, std::move(next));
}

void application::end(const job_end& end) {
  const auto found = rows_.live.find(end.id);
  if (found == rows_.live.end()) {
    receipt_.missing.push_back(end.id);
    return;
  }
  const live_row row = found->second;
  const job& what = row.made.made;
  if (!end.keep) {
    drop_attempts(end.id);
  } else {
    history_row ended{row.shard, row.made, end.state, end.finished_at, end.reason, end.last};
    if (what.start_recorded) {
      if (!ended.last) ended.last.emplace().number = what.attempt;
      if (ended.last->node.empty()) ended.last->node = row.started_node;
      if (!ended.last->started_at) ended.last->started_at = row.started_at;
    }
    ended.made.made.attempt = std::max(what.attempt, end.attempt);
    ended.made.made.start_recorded = false;
    put(rows_.history, end.id, std::move(ended));
  }
  erase(rows_.live, end.id);
}

void application::add_minute(pool_minute minute) {
  const std::tuple key{minute.pool, minute.minute, minute.node};
  if (const auto found = rows_.pool_minutes.find(key); found != rows_.pool_minutes.end()) {
    const auto& before = found->second;
    minute.taken += before.taken;
    minute.succeeded += before.succeeded;
    minute.failed_attempts += before.failed_attempts;
    minute.dead_letters += before.dead_letters;
    minute.lag_max = std::max(minute.lag_max, before.lag_max);
    minute.consumers_max = std::max(minute.consumers_max, before.consumers_max);
  }
  put(rows_.pool_minutes, key, std::move(minute));
}

void application::again(const job_again& again) {
  const auto found = rows_.live.find(again.id);
  if (found == rows_.live.end()) {
    receipt_.missing.push_back(again.id);
    return;
  }
  live_row next = found->second;
  job& what = next.made.made;
  what.fire_time = what.nominal_time();
  what.due_at = again.due_at;
  what.attempt = std::max(what.attempt, again.ended.number);
  what.retries_used = again.retries_used;
  what.lost_in_row = again.lost_in_row;
  what.start_recorded = false;
  next.started_node.clear();
  put(rows_.live, again.id, std::move(next));
  put_attempt(again.id, again.ended);
}

void application::start(const job_start& start) {
  const auto found = rows_.live.find(start.id);
  if (found == rows_.live.end()) {
    receipt_.missing.push_back(start.id);
    return;
  }
  live_row next = found->second;
  next.made.made.attempt = std::max(next.made.made.attempt, start.attempt);
  next.made.made.start_recorded = true;
  next.started_at = start.started_at;
  next.started_node = node_name_;
  put(rows_.live, start.id, std::move(next));
}

void application::late(const late_result& late) {
  if (rows_.live.contains(late.id) || rows_.history.contains(late.id)) put_attempt(late.id, late.attempt);
}

void application::revive(const job_revive& revive) {
  const auto found = rows_.history.find(revive.id);
  if (found == rows_.history.end() || found->second.state == job_state::succeeded) {
    receipt_.missing.push_back(revive.id);
    return;
  }
  const history_row old = found->second;
  live_row next{.shard = old.shard, .made = old.made, .started_node = {}};
  job& what = next.made.made;
  what.fire_time = what.nominal_time();
  what.due_at = revive.due_at;
  if (revive.priority) what.priority = *revive.priority;
  what.retries_used = 0;
  what.lost_in_row = 0;
  what.start_recorded = false;
  if (old.last && !rows_.attempts.contains({revive.id, old.last->number})) put_attempt(revive.id, *old.last);
  erase(rows_.history, revive.id);
  receipt_.revived.push_back(what);
  put(rows_.live, revive.id, std::move(next));
}

void application::insert(const new_job& made, uint32_t index, shard_id shard) {
  const job& what = made.made;
  if (!made.unique_key.empty()) {
    const auto taken = rows_.unique_keys.find(made.unique_key);
    if (taken != rows_.unique_keys.end() && (!taken->second.until || *taken->second.until > made.created_at)) {
      receipt_.repeated.emplace_back(index, taken->second.holder);
      return;
    }
    put(rows_.unique_keys, made.unique_key, {what.id, made.unique_until});
  }
  if (value_of(what.id) == 0) refuse(journal_errc::broken, "a job without an id was to be inserted");
  if (rows_.history.contains(what.id))
    refuse(journal_errc::broken, "the job id " + to_string(what.id) + " was used before: it is in history");
  if (value_of(what.task) != 0 && !task_by_id(what.task))
    refuse(journal_errc::conflict, "the task " + to_string(what.task) + " is deleted");
  if (!what.how || what.how->spec.empty()) refuse(journal_errc::broken, "job " + to_string(what.id) + " has no target");
  if (rows_.live.contains(what.id)) refuse(journal_errc::broken, "the job id " + to_string(what.id) + " exists");
  if (what.is_fire()) {
    if (rows_.fires.contains({what.task, what.fire_time}))
      refuse(journal_errc::broken, "task " + to_string(what.task) + " has a job of this fire time already; job " +
                                       to_string(what.id) + " would be a second one");
    put(rows_.fires, {what.task, what.fire_time}, what.id);
  }
  live_row row{.shard = shard, .made = made, .started_node = {}};
  if (!what.is_fire()) row.made.made.fire_time = {};
  if (what.start_recorded) {
    row.started_at = made.created_at;
    row.started_node = node_name_;
  }
  put(rows_.live, what.id, std::move(row));
}

} // namespace

journal_receipt apply_change(tables& rows, const journal_change& change, const std::string& node_name) {
  application one{rows, node_name};
  try {
    return one.apply(change);
  } catch (const refused& error) {
    one.undo();
    journal_receipt receipt;
    receipt.ticket = change.ticket;
    receipt.shard = change.shard;
    receipt.error = error.why;
    return receipt;
  }
}

} // namespace wheelwork::memory
