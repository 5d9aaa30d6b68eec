// What the templates of persistence/sql need to know of Postgres.
#pragma once

#include "persistence/postgres/change_statements.hpp"
#include "persistence/postgres/error_text.hpp"
#include "persistence/postgres/retention.hpp"
#include "persistence/postgres/sql_open.hpp"
#include "persistence/postgres/sql_pool.hpp"
#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_retention.hpp"
#include "persistence/postgres/sql_task.hpp"
#include "persistence/postgres/sql_write.hpp"
#include "persistence/sql/batch_writer.hpp"
#include "persistence/sql/reader.hpp"

namespace wheelwork::postgres {

struct dialect {
  using connection = postgres::connection;
  using connection_settings = postgres::connection_settings;
  using snapshot = postgres::snapshot;
  using failure = postgres::failure;
  using statements = change_statements;
  using target_rows = wheelwork::target_rows;
  using old_history = postgres::old_history;

  static constexpr reader_texts reading{.tasks_of_shard = sql::tasks_of_shard,
                                        .task_by_name = sql::task_by_name,
                                        .tasks_after_name = sql::tasks_after_name,
                                        .name_contains = "strpos(t.name, ?) > 0",
                                        .window_from_start = sql::window_from_start,
                                        .window_after = sql::window_after,
                                        .window_rest_of_instant = nullptr,
                                        .window_after_instant = nullptr,
                                        .running_of_shard = sql::running_of_shard,
                                        .live_fires_of_shard = sql::live_fires_of_shard,
                                        .reserved_of_shard = sql::reserved_of_shard,
                                        .find_live = sql::find_live,
                                        .find_history = sql::find_history,
                                        .attempts_of_job = sql::attempts_of_job,
                                        .tasks_of_name = sql::tasks_of_name,
                                        .read_id_bounds = sql::read_id_bounds,
                                        .count_live = sql::count_live,
                                        .count_running = sql::count_running,
                                        .batches_of_writers = sql::batches_of_writers,
                                        .ledger = {sql::fires_of_task, sql::skips_within, sql::skips_over_end},
                                        .list = {.placeholder = '$',
                                                 .live_view = sql::live_view,
                                                 .history_view = sql::history_view,
                                                 .live_by_term = sql::live_by_term,
                                                 .history_by_term = sql::history_by_term,
                                                 .running = "running",
                                                 .not_running = "not running",
                                                 .all_running = sql::all_running,
                                                 .along_running = "running",
                                                 .unhappy_by_term = false,
                                                 .other_state = "state = ?"},
                                        .pools = sql::pool_reading};
  static constexpr unused_target_texts sweeping{.highest = sql::highest_target,
                                                .of_live_jobs = sql::targets_of_live_jobs,
                                                .of_history = sql::targets_of_history,
                                                .after = sql::targets_after};
  static constexpr writer_texts writing{.begin = sql::begin_write,
                                        .commit = sql::commit_write,
                                        .set_savepoint = sql::set_savepoint,
                                        .keep_savepoint = sql::keep_savepoint,
                                        .undo_savepoint = sql::undo_savepoint,
                                        .read_writer = sql::read_writer,
                                        .lock_writer = sql::lock_writer,
                                        .give_back_number = sql::give_back_number,
                                        .set_lease = sql::set_lease,
                                        .release_shards = sql::release_shards,
                                        .drop_old_fires = sql::drop_old_fires,
                                        .drop_old_skips = sql::drop_old_skips,
                                        .drop_old_pool_events = sql::drop_old_pool_events,
                                        .drop_old_pool_minutes = sql::drop_old_pool_minutes,
                                        .drop_expired_keys = sql::drop_expired_keys,
                                        .drop_unused_task_names = sql::drop_unused_task_names};

  static rows query(connection& database, std::string_view text, const std::vector<sql_value>& values);
  static stored_targets::reading reading_targets(connection& database) { return postgres::reading_targets(database); }
  static void read_targets(connection& database, rows& jobs, stored_targets& into) {
    postgres::read_targets(database, jobs, into);
  }
  static void drop_targets(connection& database, const std::vector<int64_t>& ids);
  template <class Function>
  static auto guarded(const connection_settings& settings, Function&& function) {
    return postgres::guarded(settings.shown, std::forward<Function>(function));
  }

  static bool begin_batch(connection& database, const writer_identity& identity, uint64_t batch);
  static void wait_shortly(connection& database);
  static void prepare_history(connection& database, statements& with, wall_time now);
  static void before_batch(statements&, const std::vector<journal_change>&) {}
  static void check_fault(const connection_settings& settings, commit_step step);

  static journal_error to_journal_error(const failure& error, const std::string& shown) {
    return postgres::to_journal_error(error, shown);
  }
  static bool needs_reopening(const failure& error) { return postgres::needs_reopening(error); }
  static bool worth_reconnecting(const failure& error) { return postgres::worth_reconnecting(error); }
  static bool worth_repeating(const failure& error) { return postgres::worth_repeating(error); }
  static bool breaks_a_rule(const failure& error) { return error.is_class("22") || error.is_class("23"); }
  static bool is_lock_timeout(const failure& error) { return error.is("55P03"); }
  static failure lost(const std::string& message) { return {"08006", message}; }
  static failure damaged(const std::string& message) { return {"XX001", message}; }
};

} // namespace wheelwork::postgres
