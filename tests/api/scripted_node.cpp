#include "tests/api/scripted_node.hpp"

#include "messages/json.hpp"

#include <algorithm>

namespace wheelwork::testing {

/// Reads the maps; the caller holds the lock.
class scripted_reader : public journal_reader {
public:
  explicit scripted_reader(scripted_node& node) : node_{node} {}

  answer<std::vector<task_row>> tasks_of_shard(shard_id) override { return std::vector<task_row>{}; }
  answer<std::optional<task_row>> task_by_name(const std::string& name) override {
    const auto found = node_.tasks_.find(name);
    return found == node_.tasks_.end() ? std::optional<task_row>{} : found->second;
  }
  answer<std::vector<task_row>> list_tasks(const task_filter& filter) override {
    std::vector<task_row> rows;
    for (const auto& [name, row] : node_.tasks_) {
      if (filter.after_name && name <= *filter.after_name) continue;
      if (filter.name_contains && name.find(*filter.name_contains) == std::string::npos) continue;
      if (filter.enabled && row.definition->enabled != *filter.enabled) continue;
      if (rows.size() < filter.limit) rows.push_back(row);
    }
    return rows;
  }
  answer<job_window> load_window(shard_id, std::optional<load_position>, wall_time, size_t) override {
    return job_window{};
  }
  answer<std::vector<recovered_job>> open_attempts(shard_id) override { return std::vector<recovered_job>{}; }
  answer<std::vector<job>> live_fires(shard_id) override { return std::vector<job>{}; }
  answer<shard_recovery> recovery_of(shard_id) override { return shard_recovery{}; }
  answer<std::optional<job_view>> find_job(job_id id) override {
    const auto found = node_.jobs_.find(value_of(id));
    return found == node_.jobs_.end() ? std::optional<job_view>{} : found->second;
  }
  answer<std::vector<job_view>> list_jobs(const job_filter& filter) override {
    std::vector<job_view> rows;
    for (auto each = node_.jobs_.rbegin(); each != node_.jobs_.rend(); ++each)
      if (matches(each->second, filter) && rows.size() < filter.limit) rows.push_back(each->second);
    return rows;
  }
  answer<std::vector<ledger_entry>> ledger(task_id task, wall_time from, wall_time until, size_t limit) override {
    std::vector<ledger_entry> entries;
    for (const auto& [name, row] : node_.tasks_)
      if (row.definition->id == task)
        for (const auto& entry : node_.ledger_[name])
          if (std::max(entry.from, entry.to) >= from && entry.from < until && entries.size() < limit)
            entries.push_back(entry);
    return entries;
  }
  answer<std::vector<pool_ptr>> pools() override { return std::vector<pool_ptr>{}; }
  answer<std::vector<pool_event>> pool_events(const std::string& pool, std::optional<wall_time> before,
                                              size_t limit) override {
    std::vector<pool_event> events;
    for (auto each = node_.pool_events_.rbegin(); each != node_.pool_events_.rend(); ++each)
      if (each->pool == pool && (!before || each->at < *before) && events.size() < limit) events.push_back(*each);
    return events;
  }
  answer<std::vector<pool_minute>> pool_minutes(const std::string& pool, wall_time from, wall_time until) override {
    std::vector<pool_minute> minutes;
    for (const auto& each : node_.pool_minutes_)
      if (each.pool == pool && each.minute >= from && each.minute < until) minutes.push_back(each);
    return minutes;
  }
  answer<live_count> count_live() override { return live_count{}; }

private:
  static bool matches(const job_view& view, const job_filter& filter) {
    if (filter.below && value_of(view.what.id) >= value_of(*filter.below)) return false;
    if (filter.state && view.state != *filter.state) return false;
    if (filter.task_name && view.task_name != *filter.task_name) return false;
    if (filter.unique_key && view.unique_key != *filter.unique_key) return false;
    if (filter.external_id && view.external_id != *filter.external_id) return false;
    if (filter.created_from && view.created_at < *filter.created_from) return false;
    if (filter.created_until && view.created_at >= *filter.created_until) return false;
    return std::all_of(filter.marks.begin(), filter.marks.end(), [&](const auto& mark) {
      const auto found = view.marks.find(mark.first);
      return found != view.marks.end() && found->second == mark.second;
    });
  }

  scripted_node& node_;
};

scripted_node::scripted_node() : thread_{[this] { work_off(); }} {}

scripted_node::~scripted_node() {
  {
    const std::lock_guard lock{queue_mutex_};
    stopping_ = true;
  }
  queued_.notify_one();
  thread_.join();
}

void scripted_node::work_off() {
  std::unique_lock lock{queue_mutex_};
  while (true) {
    queued_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

void scripted_node::later(std::function<void()> work) {
  {
    const std::lock_guard lock{queue_mutex_};
    queue_.push_back(std::move(work));
  }
  queued_.notify_one();
}

template <class T>
void scripted_node::answer(service_callback<T> done, std::function<result<T, service_error>()> make) {
  later([this, done = std::move(done), make = std::move(make)] {
    std::optional<result<T, service_error>> answer;
    {
      const std::lock_guard lock{mutex_};
      if (dropping_) return;
      if (failure_)
        answer.emplace(failure(*failure_));
      else
        answer.emplace(make());
    }
    done(std::move(*answer));
  });
}

void scripted_node::fail_with(std::optional<service_error> error) {
  const std::lock_guard lock{mutex_};
  failure_ = std::move(error);
}
void scripted_node::hold_pushes() {
  const std::lock_guard lock{mutex_};
  holding_ = true;
}
void scripted_node::release_pushes() {
  std::vector<push_request> held;
  {
    const std::lock_guard lock{mutex_};
    holding_ = false;
    held.swap(held_);
  }
  for (auto& each : held)
    answer<std::vector<pushed_job>>(std::move(each.done), [this, jobs = std::move(each.jobs)] { return accept(jobs); });
}
void scripted_node::drop_callbacks(bool drop) {
  const std::lock_guard lock{mutex_};
  dropping_ = drop;
}
void scripted_node::set_health(node_health health) {
  const std::lock_guard lock{mutex_};
  health_ = std::move(health);
}
void scripted_node::add_ledger(const std::string& task, ledger_entry entry) {
  const std::lock_guard lock{mutex_};
  ledger_[task].push_back(entry);
}
void scripted_node::add_job(job_view view) {
  const std::lock_guard lock{mutex_};
  jobs_[value_of(view.what.id)] = std::move(view);
}
size_t scripted_node::push_calls() const {
  const std::lock_guard lock{mutex_};
  return push_calls_;
}
size_t scripted_node::pushed_requests() const {
  const std::lock_guard lock{mutex_};
  return pushed_requests_;
}
std::vector<new_job> scripted_node::pushed_jobs() const {
  const std::lock_guard lock{mutex_};
  return pushed_;
}

void scripted_node::close_gate() {
  const std::lock_guard lock{mutex_};
  gate_closed_ = true;
}
void scripted_node::open_gate() {
  {
    const std::lock_guard lock{mutex_};
    gate_closed_ = false;
  }
  changed_.notify_all();
}
void scripted_node::await_requests(size_t count) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return pushed_requests_ >= count; });
}

void scripted_node::push(std::vector<push_request> requests) {
  {
    std::unique_lock lock{mutex_};
    ++push_calls_;
    pushed_requests_ += requests.size();
    changed_.notify_all();
    changed_.wait(lock, [this] { return !gate_closed_; });
    if (holding_) {
      std::move(requests.begin(), requests.end(), std::back_inserter(held_));
      return;
    }
  }
  for (auto& each : requests)
    answer<std::vector<pushed_job>>(std::move(each.done), [this, jobs = std::move(each.jobs)] { return accept(jobs); });
}

result<std::vector<pushed_job>, service_error> scripted_node::accept(std::vector<new_job> jobs) {
  std::vector<pushed_job> pushed;
  for (const auto& each : jobs) pushed.push_back(accept_one(each));
  return pushed;
}

pushed_job scripted_node::accept_one(const new_job& job) {
  if (!job.unique_key.empty())
    if (const auto found = unique_.find(job.unique_key); found != unique_.end()) return {found->second, true};
  pushed_.push_back(job);
  job_view view;
  view.what = job.made;
  view.what.id = job_id{++last_id_};
  if (const auto task = tasks_.find(job.task_name); task != tasks_.end() && !view.what.how) {
    view.what.how = task->second.definition->how;
    if (view.what.body.empty()) view.what.body = task->second.definition->body;
    if (view.what.priority == priority_of_task) view.what.priority = task->second.definition->priority;
  }
  view.task_name = job.task_name;
  view.unique_key = job.unique_key;
  view.external_id = job.external_id;
  view.marks = job.marks;
  view.created_at = job.created_at;
  if (!job.unique_key.empty()) unique_[job.unique_key] = view.what.id;
  jobs_[last_id_] = view;
  return {view.what.id, false};
}

void scripted_node::put_task(task_definition definition, std::optional<uint64_t> if_version,
                             service_callback<task_write> done) {
  answer<task_write>(std::move(done),
                     [this, definition = std::move(definition), if_version]() -> result<task_write, service_error> {
                       const auto found = tasks_.find(definition.name);
                       const bool exists = found != tasks_.end();
                       if (if_version && *if_version != (exists ? found->second.definition->version : 0))
                         return failure(service_error{service_errc::version_mismatch, "another version", {}, ""});
                       if (exists && found->second.definition->spec == definition.spec)
                         return task_write{false, false, found->second};
                       auto made = std::make_shared<task_definition>(definition);
                       made->id = exists ? found->second.definition->id : task_id{++last_id_};
                       made->version = exists ? found->second.definition->version + 1 : 1;
                       made->created_at = exists ? found->second.definition->created_at : time.wall_now();
                       made->updated_at = time.wall_now();
                       task_row row{made, {}};
                       tasks_[definition.name] = row;
                       return task_write{!exists, true, row};
                     });
}

void scripted_node::delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) {
  answer<bool>(std::move(done), [this, name, if_version]() -> result<bool, service_error> {
    const auto found = tasks_.find(name);
    if (found == tasks_.end()) return failure(service_error{service_errc::not_found, "no such task", {}, ""});
    if (if_version && *if_version != found->second.definition->version)
      return failure(service_error{service_errc::version_mismatch, "another version", {}, ""});
    tasks_.erase(found);
    return true;
  });
}

void scripted_node::run_task(std::string name, std::optional<payload> body, std::string unique_key,
                             service_callback<pushed_job> done) {
  answer<pushed_job>(std::move(done), [this, name, body, unique_key]() -> result<pushed_job, service_error> {
    new_job job;
    job.task_name = name;
    job.unique_key = unique_key;
    job.created_at = job.made.due_at = time.wall_now();
    job.made.origin = job_origin::by_hand;
    job.made.body = body ? *body : tasks_.at(name).definition->body;
    return accept_one(job);
  });
}

result<bool, service_error> scripted_node::change_state(job_id id, std::initializer_list<job_state> from,
                                                        job_state to) {
  const auto found = jobs_.find(value_of(id));
  if (found == jobs_.end()) return failure(service_error{service_errc::not_found, "no such job", {}, ""});
  if (std::find(from.begin(), from.end(), found->second.state) == from.end())
    return failure(
        service_error{service_errc::conflict, "the job is " + std::string{to_string(found->second.state)}, {}, ""});
  found->second.state = to;
  return true;
}

void scripted_node::cancel_job(job_id id, service_callback<bool> done) {
  answer<bool>(std::move(done), [this, id] {
    return change_state(id, {job_state::pending, job_state::running}, job_state::cancelled);
  });
}
void scripted_node::retry_job(job_id id, service_callback<bool> done) {
  answer<bool>(std::move(done), [this, id] {
    return change_state(id, {job_state::dead, job_state::cancelled}, job_state::pending);
  });
}

size_t scripted_node::change_states(const bulk_filter& filter, std::initializer_list<job_state> from, job_state to) {
  size_t count = 0;
  for (auto& [id, view] : jobs_) {
    if (count == filter.limit || (filter.state && view.state != *filter.state)) continue;
    if (filter.task_name && view.task_name != *filter.task_name) continue;
    count += change_state(job_id{id}, from, to).has_value() ? 1 : 0;
  }
  return count;
}

void scripted_node::cancel_jobs(bulk_filter filter, service_callback<size_t> done) {
  answer<size_t>(std::move(done), [this, filter]() -> result<size_t, service_error> {
    return change_states(filter, {job_state::pending, job_state::running}, job_state::cancelled);
  });
}
void scripted_node::retry_jobs(bulk_filter filter, service_callback<size_t> done) {
  answer<size_t>(std::move(done), [this, filter]() -> result<size_t, service_error> {
    return change_states(filter, {job_state::dead, job_state::cancelled}, job_state::pending);
  });
}

void scripted_node::set_status(const std::string& pool, pool_status status) {
  const std::lock_guard lock{mutex_};
  pools_.at(pool).status = std::move(status);
}
void scripted_node::add_event(pool_event event) {
  const std::lock_guard lock{mutex_};
  pool_events_.push_back(std::move(event));
}
void scripted_node::add_minute(pool_minute minute) {
  const std::lock_guard lock{mutex_};
  pool_minutes_.push_back(std::move(minute));
}
void scripted_node::race_pools(int times) {
  const std::lock_guard lock{mutex_};
  pool_races_ = times;
}

void scripted_node::put_pool(pool_definition definition, std::optional<uint64_t> if_version,
                             service_callback<pool_write> done) {
  answer<pool_write>(std::move(done),
                     [this, definition = std::move(definition), if_version]() -> result<pool_write, service_error> {
                       const auto known = pools_.find(definition.name);
                       const auto now = known == pools_.end() ? nullptr : known->second.definition;
                       if (if_version && (*if_version != (now ? now->version : 0) || pool_races_-- > 0))
                         return failure(service_error{service_errc::version_mismatch, "another version", {}, ""});
                       if (now && now->spec == definition.spec) return pool_write{false, false, now};
                       auto made = std::make_shared<pool_definition>(definition);
                       made->version = now ? now->version + 1 : 1;
                       made->created_at = now ? now->created_at : time.wall_now();
                       made->updated_at = time.wall_now();
                       pools_[definition.name].definition = made;
                       pools_[definition.name].status.active = true;
                       return pool_write{!now, true, made};
                     });
}

void scripted_node::delete_pool(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) {
  answer<bool>(std::move(done), [this, name, if_version]() -> result<bool, service_error> {
    const auto found = pools_.find(name);
    if (found == pools_.end()) return failure(service_error{service_errc::not_found, "no such pool", {}, ""});
    if (if_version && *if_version != found->second.definition->version)
      return failure(service_error{service_errc::version_mismatch, "another version", {}, ""});
    pools_.erase(found);
    return true;
  });
}

std::vector<pool_view> scripted_node::pools() const {
  const std::lock_guard lock{mutex_};
  std::vector<pool_view> all;
  for (const auto& [name, pool] : pools_) all.push_back(pool);
  return all;
}
std::optional<pool_view> scripted_node::find_pool(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = pools_.find(name);
  return found == pools_.end() ? std::nullopt : std::optional{found->second};
}

void scripted_node::read(std::function<void(journal_reader&)> query) {
  later([this, query = std::move(query)] {
    const std::lock_guard lock{mutex_};
    if (dropping_) return;
    scripted_reader reader{*this};
    query(reader);
  });
}

task_ptr scripted_node::find_task(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : found->second.definition;
}
bool scripted_node::is_active(const task_definition& task) const {
  return task.environments.empty() ||
         std::find(task.environments.begin(), task.environments.end(), "dev") != task.environments.end();
}
node_health scripted_node::health() const {
  const std::lock_guard lock{mutex_};
  return health_;
}

} // namespace wheelwork::testing
