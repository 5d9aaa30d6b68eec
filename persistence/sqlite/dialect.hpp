// What the templates of persistence/sql need to know of SQLite.
#pragma once

#include "persistence/sql/reader.hpp"
#include "persistence/sql/unused_targets.hpp"
#include "persistence/sqlite/error_text.hpp"
#include "persistence/sqlite/sql_pool.hpp"
#include "persistence/sqlite/sql_read.hpp"
#include "persistence/sqlite/sql_retention.hpp"
#include "persistence/sqlite/sql_task.hpp"
#include "persistence/sqlite/sql_write.hpp"
#include "persistence/sqlite/target_rows.hpp"

namespace wheelwork::sqlite {

struct dialect {
  using connection = sqlite::connection;
  using connection_settings = sqlite::connection_settings;
  using snapshot = sqlite::snapshot;
  using failure = sqlite::failure;
  using target_rows = wheelwork::target_rows;

  static constexpr reader_texts reading{.tasks_of_shard = sql::tasks_of_shard,
                                        .task_by_name = sql::task_by_name,
                                        .tasks_after_name = sql::tasks_after_name,
                                        .name_contains = "instr(t.name, ?) > 0",
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
                                        .list = {.placeholder = '?',
                                                 .live_view = sql::live_view,
                                                 .history_view = sql::history_view,
                                                 .live_by_term = sql::live_by_term,
                                                 .history_by_term = sql::history_by_term,
                                                 .running = "running = 1",
                                                 .not_running = "running = 0",
                                                 .all_running = sql::all_running,
                                                 .along_running = sql::along_running,
                                                 .unhappy_by_term = false,
                                                 .other_state = "+state = ?"},
                                        .pools = sql::pool_reading};
  static constexpr unused_target_texts sweeping{.highest = sql::highest_target,
                                                .of_live_jobs = sql::targets_of_live_jobs,
                                                .of_history = sql::targets_of_history,
                                                .after = sql::targets_after};

  static cursor query(connection& database, std::string_view text, const std::vector<sql_value>& values) {
    auto prepared = database.prepare(text);
    int index = 0;
    for (const sql_value& one : values) std::visit([&](const auto& any) { prepared->bind(++index, any); }, one);
    return cursor{std::move(prepared)};
  }
  static stored_targets::reading reading_targets(connection& database) { return sqlite::reading_targets(database); }
  /// They are read one by one: that costs no round trip here.
  static void read_targets(connection&, cursor&, stored_targets&) {}
  static void drop_targets(connection& database, const std::vector<int64_t>& ids) {
    for (const int64_t id : ids) database.run(sql::drop_target, id);
  }
  template <class Function>
  static auto guarded(const connection_settings& settings, Function&& function) {
    return sqlite::guarded(settings.path, std::forward<Function>(function));
  }
  /// A file does not go away and come back.
  static bool worth_reconnecting(const failure&) { return false; }
};

} // namespace wheelwork::sqlite
