#include "persistence/mysql/change_statements.hpp"

#include "persistence/job_terms.hpp"

#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_job.hpp"
#include "persistence/mysql/sql_read.hpp"
#include "persistence/mysql/sql_task.hpp"
#include "persistence/mysql/sql_write.hpp"

namespace wheelwork::mysql {

namespace {

constexpr server_statement_texts same_shape{.highest_id = sql::highest_id,
                                            .reserve_ids = sql::reserve_ids,
                                            .read_id_bounds = sql::read_id_bounds,
                                            .widen_id_bounds = sql::widen_id_bounds,
                                            .task_edition = sql::task_edition,
                                            .task_exists = sql::task_exists,
                                            .task_of_external_id = sql::task_of_external_id,
                                            .insert_task = sql::insert_task,
                                            .remember_task_name = sql::remember_task_name,
                                            .replace_task = sql::replace_task,
                                            .put_task_state = sql::put_task_state,
                                            .delete_task = sql::delete_task,
                                            .delete_task_state = sql::delete_task_state};

} // namespace

change_statements::change_statements(connection& database, std::string node_name)
    : server_statements{database, same_shape}, node_name_{std::move(node_name)}, targets_{database},
      target_reader_{reading_targets(database)}, days_{database} {}

void change_statements::prepare_batch(const std::vector<journal_change>& changes) {
  keys_found_.clear();
  std::set<history_day> days; // the earliest first: later ones come behind it
  std::optional<history_day> last;
  for (const journal_change& change : changes)
    for (const job_end& end : change.ends)
      if (const auto day = history_days::day_of(end.finished_at); end.keep && day != last) days.insert(*(last = day));
  for (const history_day day : days) days_.ensure(day);
}

void change_statements::forget() {
  targets_.forget();
  days_.forget();
  keys_found_.clear();
}

unique_key_rows change_statements::find_unique_keys(const std::vector<std::string>& keys) {
  unique_key_rows found_rows;
  send_list(database_, sql::find_unique_keys, {keys.begin(), keys.end()}, ") for update", [&](rows& found) {
    while (found.next()) {
      const std::string key{found->text(0)};
      keys_found_.insert(key);
      found_rows[key] = {job_id{static_cast<uint64_t>(found->integer(1))}, to_time(found->optional_integer(2)), {}};
    }
  });
  return found_rows;
}

void change_statements::put_unique_keys(const unique_key_rows& keys) {
  row_list added{database_, sql::add_unique_keys};
  row_list replaced{database_, sql::add_unique_keys, sql::replace_unique_keys};
  for (const auto& [key, taken] : keys)
    (keys_found_.contains(key) ? replaced : added).add(key, value_of(taken.holder), to_column(taken.until));
  try {
    added.finish();
  } catch (const failure& error) {
    if (error.number() != error_number::duplicate) throw;
    throw failure{error_number::deadlock, "another writer took the same unique key at the same time"};
  }
  replaced.finish();
  for (const auto& [key, taken] : keys) keys_found_.insert(key);
}

std::vector<task_id> change_statements::find_tasks(const std::vector<task_id>& tasks) {
  std::vector<task_id> there;
  send_list(database_, sql::find_tasks, literals_of(tasks), ")", [&](rows& found) {
    while (found.next()) there.push_back(task_id{static_cast<uint64_t>(found->integer(0))});
  });
  return there;
}

std::optional<job_id> change_statements::find_used_id(const std::vector<job_id>& wanted) {
  std::optional<job_id> used;
  send_list(database_, sql::used_ids, literals_of(wanted), ") limit 1", [&](rows& found) {
    if (found.next()) used = job_id{static_cast<uint64_t>(found->integer(0))};
  });
  return used;
}

std::optional<job> change_statements::revive(const job_revive& revive) {
  const uint64_t id = value_of(revive.id);
  std::optional<int64_t> priority;
  if (revive.priority) priority = *revive.priority;
  const size_t copied =
      database_.run(sql::copy_to_live, id, to_column(revive.due_at), priority, number_of(job_state::succeeded));
  if (copied == 0) return std::nullopt;
  database_.run(sql::keep_last_attempt, id);
  database_.run(sql::delete_history, id);
  const std::string dead = state_term(job_state::dead), cancelled = state_term(job_state::cancelled);
  database_.run(sql::drop_bad_ends, id, blob{dead}, blob{cancelled});
  auto found = database_.query(sql::live_job, id);
  if (!found.next()) throw std::runtime_error{"a revived job can't be found"};
  targets_.uses().mark(target_row_of(found.row()));
  return decode_job(found.row(), target_reader_);
}

} // namespace wheelwork::mysql
