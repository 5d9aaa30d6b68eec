// What the templates of persistence/sql need to know of MySQL.
#pragma once

#include "persistence/mysql/change_statements.hpp"
#include "persistence/mysql/error_text.hpp"
#include "persistence/mysql/retention.hpp"
#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_open.hpp"
#include "persistence/mysql/sql_pool.hpp"
#include "persistence/mysql/sql_read.hpp"
#include "persistence/mysql/sql_retention.hpp"
#include "persistence/mysql/sql_task.hpp"
#include "persistence/mysql/sql_write.hpp"
#include "persistence/sql/batch_writer.hpp"
#include "persistence/sql/reader.hpp"

namespace wheelwork::mysql {

struct dialect {
  using connection = mysql::connection;
  using connection_settings = mysql::connection_settings;
  using snapshot = mysql::snapshot;
  using failure = mysql::failure;
  using statements = change_statements;
  using target_rows = wheelwork::target_rows;
  using old_history = mysql::old_history;

  static constexpr reader_texts reading{.tasks_of_shard = sql::tasks_of_shard,
                                        .task_by_name = sql::task_by_name,
                                        .tasks_after_name = sql::tasks_after_name,
                                        .name_contains = "locate(?, t.name) > 0",
                                        .window_from_start = sql::window_from_start,
                                        .window_after = nullptr,
                                        .window_rest_of_instant = sql::window_rest_of_instant,
                                        .window_after_instant = sql::window_after_instant,
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
                                                 .running = "j.running = 1",
                                                 .not_running = "j.running = 0",
                                                 .all_running = sql::all_running,
                                                 .along_running = "j.running = 1",
                                                 .unhappy_by_term = true,
                                                 .other_state = "j.state = ?"},
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
  static stored_targets::reading reading_targets(connection& database) { return mysql::reading_targets(database); }
  static void read_targets(connection& database, rows& jobs, stored_targets& into) {
    mysql::read_targets(database, jobs, into);
  }
  static void drop_targets(connection& database, const std::vector<int64_t>& ids) {
    send_list(database, sql::drop_targets, {ids.begin(), ids.end()});
  }
  template <class Function>
  static auto guarded(const connection_settings& settings, Function&& function) {
    return mysql::guarded(settings.shown, std::forward<Function>(function));
  }

  static bool begin_batch(connection& database, const writer_identity& identity, uint64_t batch) {
    return database.run(sql::begin_batch, identity.writer, identity.incarnation, batch) != 0;
  }
  static void wait_shortly(connection&) {} // it always does: innodb_lock_wait_timeout is a second
  static void prepare_history(connection& database, statements& with, wall_time now);
  static void before_batch(statements& statements, const std::vector<journal_change>& changes) {
    statements.prepare_batch(changes);
  }
  static void check_fault(const connection_settings& settings, commit_step step);

  static journal_error to_journal_error(const failure& error, const std::string& shown) {
    return mysql::to_journal_error(error, shown);
  }
  static bool needs_reopening(const failure& error) { return mysql::needs_reopening(error); }
  static bool worth_reconnecting(const failure& error) { return mysql::worth_reconnecting(error); }
  static bool worth_repeating(const failure& error) { return mysql::worth_repeating(error); }
  static bool breaks_a_rule(const failure& error) { return mysql::breaks_a_rule(error); }
  static bool is_lock_timeout(const failure& error) { return error.number() == error_number::lock_timeout; }
  static failure lost(const std::string& message) { return {error_number::lost, message}; }
  static failure damaged(const std::string& message) { return {error_number::damaged, message}; }
};

} // namespace wheelwork::mysql
