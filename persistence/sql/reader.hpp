// Read-only access to a journal in an SQL database, with a connection of its own that is opened again after an error.
//
// The Dialect says: types `connection`, `connection_settings`, `snapshot`, `failure`; `reading`, the reader_texts;
// `guarded(settings, function)`, which turns exceptions into journal_error; `worth_reconnecting(failure)`: the same may
// go at once over a new connection; `query(connection, text, values)` for texts put together at run time;
// `reading_targets(connection)`; `read_targets(connection, rows, targets)`, which may fetch all targets of the rows at
// once.
#pragma once

#include "persistence/pool_rows.hpp"
#include "persistence/rows.hpp"
#include "persistence/sql/dialect.hpp"
#include "persistence/sql/shard_takeover.hpp"

#include <algorithm>

namespace wheelwork {

template <class Dialect>
class sql_reader final : public journal_reader {
public:
  using connection = typename Dialect::connection;
  using settings = typename Dialect::connection_settings;

  /// Throws the failure of the database.
  sql_reader(settings where, std::shared_ptr<const shard_takeovers> takeovers)
      : settings_{std::move(where)}, takeovers_{std::move(takeovers)} {
    ensure_open();
  }

  answer<std::vector<task_row>> tasks_of_shard(shard_id shard) override {
    return read([&] {
      std::vector<task_row> found;
      for (auto all = database_->query(texts.tasks_of_shard, number(shard)); all.next();)
        found.push_back(decode_task(all.row()));
      return found;
    });
  }

  answer<std::optional<task_row>> task_by_name(const std::string& name) override {
    return read([&]() -> std::optional<task_row> {
      auto all = database_->query(texts.task_by_name, name);
      if (!all.next()) return std::nullopt;
      return decode_task(all.row());
    });
  }

  answer<std::vector<task_row>> list_tasks(const task_filter& filter) override {
    return read([&] { return tasks_of_filter(filter); });
  }

  answer<job_window> load_window(shard_id shard, std::optional<load_position> after, wall_time until,
                                 size_t limit) override {
    return read([&] {
      job_window window;
      if (!after)
        append_jobs(database_->query(texts.window_from_start, number(shard), to_column(until), limit + 1), window.jobs);
      else if (after->due_at < until)
        append_rest(shard, *after, until, limit + 1, window.jobs);
      // One more than asked for was read to know whether there are more.
      window.complete = window.jobs.size() <= limit;
      if (!window.complete) window.jobs.pop_back();
      return window;
    });
  }

  answer<std::vector<recovered_job>> open_attempts(shard_id shard) override {
    return read([&] {
      std::vector<recovered_job> found;
      for (auto all = database_->query(texts.running_of_shard, number(shard)); all.next();) {
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

  answer<std::vector<job>> live_fires(shard_id shard) override {
    return read([&] {
      std::vector<job> found;
      append_jobs(database_->query(texts.live_fires_of_shard, number(shard)), found);
      return found;
    });
  }

  answer<shard_recovery> recovery_of(shard_id shard) override {
    return read([&] {
      auto all = database_->query(texts.reserved_of_shard, number(shard));
      if (!all.next() || value_of(shard) >= takeovers_->size())
        throw std::runtime_error{"there is no shard " + std::to_string(value_of(shard))};
      const shard_takeover& taken = (*takeovers_)[value_of(shard)];
      return shard_recovery{static_cast<uint64_t>(all->integer(0)), taken.released, taken.lease_until};
    });
  }

  answer<std::optional<job_view>> find_job(job_id id) override {
    return read([&]() -> std::optional<job_view> {
      std::optional<job_view> view;
      for (const char* sql : {texts.find_live, texts.find_history}) {
        if (view) break;
        if (auto all = database_->query(sql, value_of(id)); all.next()) view = decode_view(all.row(), *targets_, true);
      }
      if (!view) return view;
      std::vector<attempt_record> kept;
      for (auto all = database_->query(texts.attempts_of_job, value_of(id)); all.next();)
        kept.push_back(decode_attempt(all.row(), 0));
      for (attempt_record& own : view->attempts) merge_attempt(kept, std::move(own));
      view->attempts = std::move(kept);
      return view;
    });
  }

  answer<std::vector<job_view>> list_jobs(const job_filter& filter) override {
    return read([&] { return jobs_of_filter(filter); });
  }

  answer<std::vector<ledger_entry>> ledger(task_id task, wall_time from, wall_time until, size_t limit) override {
    return read([&] { return ledger_of(*database_, texts.ledger, task, from, until, limit); });
  }

  answer<std::vector<pool_ptr>> pools() override {
    return read([&] {
      std::vector<pool_ptr> found;
      for (auto all = database_->query(texts.pools.all); all.next();) found.push_back(decode_pool(all.row()));
      return found;
    });
  }

  answer<std::vector<pool_event>> pool_events(const std::string& pool, std::optional<wall_time> before,
                                              size_t limit) override {
    return read([&] {
      std::vector<pool_event> found;
      const int64_t end = before ? to_column(*before) : std::numeric_limits<int64_t>::max();
      for (auto all = database_->query(texts.pools.events, pool, end, limit); all.next();)
        found.push_back(decode_pool_event(all.row()));
      return found;
    });
  }

  answer<std::vector<pool_minute>> pool_minutes(const std::string& pool, wall_time from, wall_time until) override {
    return read([&] {
      std::vector<pool_minute> found;
      for (auto all = database_->query(texts.pools.minutes, pool, to_column(from), to_column(until)); all.next();)
        found.push_back(decode_pool_minute(all.row()));
      return found;
    });
  }

  answer<live_count> count_live() override {
    return read([&] {
      live_count count;
      const auto first_of = [&](const char* sql) {
        auto all = database_->query(sql);
        return all.next() ? static_cast<uint64_t>(all->integer(0)) : 0;
      };
      count.live = first_of(texts.count_live);
      count.running = first_of(texts.count_running);
      for (auto all = database_->query(texts.batches_of_writers); all.next();)
        count.batches.push_back(static_cast<uint64_t>(all->integer(0)));
      return count;
    });
  }

private:
  static constexpr const reader_texts& texts = Dialect::reading;
  static int64_t number(shard_id shard) { return static_cast<int64_t>(value_of(shard)); }

  void ensure_open() {
    if (database_) return;
    database_ = std::make_unique<connection>(settings_);
    targets_ = std::make_unique<stored_targets>(Dialect::reading_targets(*database_));
  }
  void close() {
    targets_.reset();
    database_.reset();
  }

  /// Runs a read on an open connection inside one snapshot; errors become values, and the next read opens anew.
  template <class Function>
  auto read(Function&& function) -> answer<decltype(function())> {
    const bool was_open = database_ != nullptr;
    const auto once = [&] {
      ensure_open();
      const typename Dialect::snapshot one_state{*database_};
      return function();
    };
    auto found = Dialect::guarded(settings_, [&] {
      try {
        return once();
      } catch (const typename Dialect::failure& error) {
        if (!was_open || !Dialect::worth_reconnecting(error)) throw;
        close();
        return once();
      }
    });
    if (!found) close();
    return found;
  }

  void append_jobs(auto rows, std::vector<job>& into) {
    Dialect::read_targets(*database_, rows, *targets_);
    while (rows.next()) into.push_back(decode_job(rows.row(), *targets_));
  }

  void append_rest(shard_id shard, const load_position& after, wall_time until, size_t most, std::vector<job>& into) {
    const int64_t due = to_column(after.due_at), end = to_column(until);
    const char* in_one = texts.window_after; // g++ takes it for no constant with the undefined-behaviour sanitizer
    if (in_one) {
      append_jobs(database_->query(in_one, number(shard), due, value_of(after.id), end, most), into);
    } else {
      append_jobs(database_->query(texts.window_rest_of_instant, number(shard), due, value_of(after.id), most), into);
      if (into.size() < most)
        append_jobs(database_->query(texts.window_after_instant, number(shard), due, end, most - into.size()), into);
    }
  }

  id_span ids_created(const job_filter& filter) {
    if (filter.created_from || filter.created_until)
      if (auto bounds = database_->query(texts.read_id_bounds); bounds.next())
        return ids_of_filter(filter, bounds->integer(0), bounds->integer(1));
    job_filter without_times;
    without_times.below = filter.below;
    return ids_of_filter(without_times, 0, 0);
  }

  std::vector<std::optional<int64_t>> tasks_named(const std::optional<std::string>& name) {
    if (!name) return {std::nullopt};
    std::vector<std::optional<int64_t>> tasks;
    for (auto all = database_->query(texts.tasks_of_name, *name); all.next();) tasks.emplace_back(all->integer(0));
    return tasks;
  }

  std::vector<job_view> jobs_of_filter(const job_filter& filter) {
    std::vector<job_view> found;
    const id_span ids = ids_created(filter);
    // A name that was deleted and used again stands for several tasks: one walk each, since only then the order comes
    // from an index.
    for (const auto& task : tasks_named(filter.task_name)) {
      for (const bool live : {true, false}) {
        if (filter.state && is_final(*filter.state) == live) continue;
        job_list_query query = query_of_list(texts.list, filter, live, task, ids);
        query.values.emplace_back(static_cast<int64_t>(filter.limit));
        auto rows = Dialect::query(*database_, query.text, query.values);
        Dialect::read_targets(*database_, rows, *targets_);
        while (rows.next()) found.push_back(decode_view(rows.row(), *targets_, false));
      }
    }
    std::sort(found.begin(), found.end(), [](const job_view& a, const job_view& b) { return a.what.id > b.what.id; });
    if (found.size() > filter.limit) found.resize(filter.limit);
    return found;
  }

  std::vector<task_row> tasks_of_filter(const task_filter& filter) {
    std::string text = texts.tasks_after_name;
    std::vector<sql_value> values{filter.after_name.value_or("")};
    const auto where = [&](std::string_view condition, sql_value wanted) {
      values.push_back(std::move(wanted));
      text += " and ";
      text += condition;
      text.replace(text.rfind('?'), 1, texts.list.placeholder + std::to_string(values.size()));
    };
    if (filter.enabled) where("t.enabled = ?", int64_t{*filter.enabled});
    if (filter.external_id) where("t.external_id = ?", *filter.external_id);
    if (filter.name_contains) where(texts.name_contains, *filter.name_contains);
    std::vector<task_row> found;
    // Labels are in the definition, so that rows are read until enough of them fit.
    auto all = Dialect::query(*database_, text + " order by t.name", values);
    while (found.size() < filter.limit && all.next()) {
      task_row one = decode_task(all.row());
      if (has_labels(one.definition->marks, filter.marks)) found.push_back(std::move(one));
    }
    return found;
  }

  settings settings_;
  std::shared_ptr<const shard_takeovers> takeovers_;
  std::unique_ptr<connection> database_;
  std::unique_ptr<stored_targets> targets_;
};

} // namespace wheelwork
