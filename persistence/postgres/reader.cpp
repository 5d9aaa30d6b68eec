#include "persistence/postgres/reader.hpp"

#include "persistence/postgres/error_text.hpp"
#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_task.hpp"
#include "persistence/postgres/sql_write.hpp"
#include "persistence/postgres/target_rows.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

const std::string& tasks_by_shard() {
  static const std::string sql = std::string{sql::task_columns} + sql::where_shard;
  return sql;
}

const std::string& task_by_name_text() {
  static const std::string sql = std::string{sql::task_columns} + sql::where_name;
  return sql;
}

std::vector<job> decode_jobs(connection& database, rows found, stored_targets& targets) {
  std::vector<job> jobs;
  jobs.reserve(found.size());
  read_targets(database, found, target_column, targets);
  while (found.next()) jobs.push_back(decode_job(found.row(), targets));
  return jobs;
}

} // namespace

reader::reader(connection_settings settings, std::shared_ptr<const shard_takeovers> takeovers)
    : settings_{std::move(settings)}, takeovers_{std::move(takeovers)} {
  settings_.faults = nullptr;
  ensure_open();
}

void reader::ensure_open() {
  if (database_) return;
  database_ = std::make_unique<connection>(settings_);
  targets_ = std::make_unique<stored_targets>(reading_targets(*database_));
}

template <class Function>
auto reader::read(Function&& function) -> answer<decltype(function())> {
  const auto once = [&] {
    ensure_open();
    const snapshot one_state{*database_};
    return function();
  };
  const auto close = [&] {
    targets_.reset();
    database_.reset();
  };
  const bool was_open = database_ != nullptr;
  auto found = guarded(settings_.shown, [&] {
    try {
      return once();
    } catch (const failure& error) {
      if (!was_open || !worth_reconnecting(error)) throw;
      close();
      return once();
    }
  });
  if (!found) close();
  return found;
}

auto reader::tasks_of_shard(shard_id shard) -> answer<std::vector<task_row>> {
  return read([&] {
    std::vector<task_row> found;
    for (auto all = database_->query(tasks_by_shard().c_str(), static_cast<int64_t>(value_of(shard))); all.next();)
      found.push_back(decode_task(all.row()));
    return found;
  });
}

auto reader::task_by_name(const std::string& name) -> answer<std::optional<task_row>> {
  return read([&]() -> std::optional<task_row> {
    auto all = database_->query(task_by_name_text().c_str(), name);
    if (!all.next()) return std::nullopt;
    return decode_task(all.row());
  });
}

auto reader::list_tasks(const task_filter& filter) -> answer<std::vector<task_row>> {
  return read([&] { return postgres::list_tasks(*database_, filter); });
}

auto reader::load_window(shard_id shard, std::optional<load_position> after, wall_time until, size_t limit)
    -> answer<job_window> {
  return read([&] {
    job_window window;
    const auto number = static_cast<int64_t>(value_of(shard));
    window.jobs = decode_jobs(*database_,
                              after ? database_->query(sql::window_after, number, to_column(after->due_at),
                                                       value_of(after->id), to_column(until), limit + 1)
                                    : database_->query(sql::window_from_start, number, to_column(until), limit + 1),
                              *targets_);
    // One more than asked for was read to know whether there are more.
    window.complete = window.jobs.size() <= limit;
    if (!window.complete) window.jobs.pop_back();
    return window;
  });
}

auto reader::open_attempts(shard_id shard) -> answer<std::vector<recovered_job>> {
  return read([&] {
    std::vector<recovered_job> found;
    for (auto all = database_->query(sql::running_of_shard, static_cast<int64_t>(value_of(shard))); all.next();) {
      recovered_job one{decode_job(all.row(), *targets_), attempt_record{}};
      one.open_attempt->number = one.what.attempt;
      one.open_attempt->node = all->text(job_columns);
      one.open_attempt->started_at = to_time(all->optional_integer(started_at_column));
      found.push_back(std::move(one));
    }
    std::sort(found.begin(), found.end(),
              [](const recovered_job& a, const recovered_job& b) { return a.what.id < b.what.id; });
    return found;
  });
}

auto reader::live_fires(shard_id shard) -> answer<std::vector<job>> {
  return read([&] {
    return decode_jobs(*database_, database_->query(sql::live_fires_of_shard, static_cast<int64_t>(value_of(shard))),
                       *targets_);
  });
}

auto reader::recovery_of(shard_id shard) -> answer<shard_recovery> {
  return read([&] {
    auto all = database_->query(sql::reserved_of_shard, static_cast<int64_t>(value_of(shard)));
    if (!all.next() || value_of(shard) >= takeovers_->size())
      throw std::runtime_error{"there is no shard " + std::to_string(value_of(shard))};
    const shard_takeover& taken = (*takeovers_)[value_of(shard)];
    return shard_recovery{static_cast<uint64_t>(all->integer(0)), taken.released, taken.lease_until};
  });
}

auto reader::find_job(job_id id) -> answer<std::optional<job_view>> {
  return read([&]() -> std::optional<job_view> {
    std::optional<job_view> view;
    for (const char* sql : {sql::find_live, sql::find_history}) {
      if (view) break;
      if (auto all = database_->query(sql, value_of(id)); all.next()) view = decode_view(all.row(), *targets_, true);
    }
    if (!view) return view;
    std::vector<attempt_record> kept;
    for (auto all = database_->query(sql::attempts_of_job, value_of(id)); all.next();)
      kept.push_back(decode_attempt(all.row(), 0));
    for (attempt_record& own : view->attempts) merge_attempt(kept, std::move(own));
    view->attempts = std::move(kept);
    return view;
  });
}

auto reader::list_jobs(const job_filter& filter) -> answer<std::vector<job_view>> {
  return read([&] { return postgres::list_jobs(*database_, *targets_, filter); });
}

auto reader::ledger(task_id task, wall_time from, wall_time until, size_t limit) -> answer<std::vector<ledger_entry>> {
  return read([&] { return read_ledger(*database_, task, from, until, limit); });
}

auto reader::count_live() -> answer<live_count> {
  return read([&] {
    live_count count;
    const auto number = [&](const char* sql) {
      auto all = database_->query(sql);
      return all.next() ? static_cast<uint64_t>(all->integer(0)) : 0;
    };
    count.live = number(sql::count_live);
    count.running = number(sql::count_running);
    for (auto all = database_->query(sql::batches_of_writers); all.next();)
      count.batches.push_back(static_cast<uint64_t>(all->integer(0)));
    return count;
  });
}

} // namespace wheelwork::postgres
