// The statements that write gathered new jobs and what they are found by: arrays for a few, COPY for many.
#include "persistence/job_terms.hpp"
#include "persistence/postgres/change_writer.hpp"
#include "persistence/postgres/sql_job.hpp"

namespace wheelwork::postgres {

namespace {

/// Measured: from about here on COPY is faster than one statement with arrays, below its round trips weigh more.
constexpr size_t copy_from_rows = 500;

using job_cells = connection::copied_row;

std::optional<std::string_view> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// The payload is first, since libpqxx copies the front of a line least often.
const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names{"payload",    "id",           "shard",   "due_at",       "task",
                                              "fire_time",  "target",       "attempt", "retries_used", "lost_in_row",
                                              "priority",   "origin",       "running", "started_at",   "started_node",
                                              "created_at", "content_type", "labels",  "unique_key",   "external_id"};
  return names;
}

job_cells cells_of(const new_job& made, shard_id shard, int64_t target, const std::string& node) {
  const job& what = made.made;
  using optional_number = std::optional<int64_t>;
  const auto task = value_of(what.task) ? optional_number{static_cast<int64_t>(value_of(what.task))} : std::nullopt;
  const auto content_type = what.body.empty() || what.body.is_json()
                                ? std::nullopt
                                : std::optional<std::string_view>{what.body.content_type()};
  return {what.body.empty() ? value{std::nullopt} : value{blob{what.body.data()}},
          value{value_of(what.id)},
          value{static_cast<int64_t>(value_of(shard))},
          value{to_column(what.due_at)},
          value{task},
          value{what.is_fire() ? optional_number{to_column(what.fire_time)} : std::nullopt},
          value{target},
          value{what.attempt},
          value{what.retries_used},
          value{static_cast<int64_t>(what.lost_in_row)},
          value{static_cast<int64_t>(what.priority)},
          value{number_of(what.origin)},
          value{what.start_recorded},
          value{what.start_recorded ? optional_number{to_column(made.created_at)} : std::nullopt},
          value{what.start_recorded ? std::optional<std::string_view>{node} : std::nullopt},
          value{to_column(made.created_at)},
          value{content_type},
          value{labels_to_column(made.marks)},
          value{unless_empty(made.unique_key)},
          value{unless_empty(made.external_id)}};
}

} // namespace

void change_writer::check_unused() {
  if (ids_to_check_.empty()) return;
  array_text ids;
  for (const uint64_t id : ids_to_check_) ids.add(id);
  ids_to_check_.clear();
  if (auto used = database_.query(sql::used_ids, ids.take()); used.next())
    throw change_refused{
        {journal_errc::broken, "the job id " + std::string{used->text(0)} + " was used before: it is in history"}};
}

void change_writer::write_inserts() {
  write_unique_keys();
  if (inserts_.empty()) return;
  check_unused();
  write_job_rows();
  write_terms_and_fires();
  inserts_.clear();
  fires_gathered_ = false;
}

void change_writer::write_job_rows() {
  const auto cells_at = [&](size_t at) {
    const gathered_insert& one = inserts_[at];
    return cells_of(*one.what, one.shard, targets_.row_of(one.what->made.how), node_name_);
  };
  if (inserts_.size() >= copy_from_rows) {
    for (const gathered_insert& one : inserts_) targets_.row_of(one.what->made.how); // no query inside of COPY
    size_t next = 0;
    database_.copy("ww_job", column_names(), [&](job_cells& row) {
      if (next == inserts_.size()) return false;
      row = cells_at(next++);
      return true;
    });
    return;
  }
  std::array<array_text, std::tuple_size_v<job_cells>> columns;
  for (size_t at = 0; at < inserts_.size(); ++at) {
    const job_cells row = cells_at(at);
    for (size_t column = 0; column < row.size(); ++column) columns[column].add(row[column]);
  }
  std::vector<value> values;
  values.reserve(columns.size());
  for (array_text& column : columns) values.push_back(column.take());
  database_.query_text(sql::insert_jobs, values);
}

void change_writer::write_terms_and_fires() {
  array_text terms, term_ids, tasks, fire_times, fire_ids;
  for (const gathered_insert& one : inserts_) {
    const job& what = one.what->made;
    for (const std::string& term : terms_of(*one.what)) {
      terms.add(term);
      term_ids.add(value_of(what.id));
    }
    if (!what.is_fire()) continue;
    tasks.add(value_of(what.task));
    fire_times.add(to_column(what.fire_time));
    fire_ids.add(value_of(what.id));
  }
  if (tasks.size() > 0) database_.run(sql::add_fires, tasks.take(), fire_times.take(), fire_ids.take());
  if (terms.size() > 0) database_.run(sql::add_terms, terms.take(), term_ids.take());
}

void change_writer::write_unique_keys() {
  if (keys_to_put_.empty()) return;
  array_text keys, ids, until, pushed_at;
  for (const auto& [key, taken] : keys_to_put_) {
    keys.add(key);
    ids.add(value_of(taken.holder));
    until.add(to_column(taken.until));
    pushed_at.add(to_column(taken.pushed_at));
  }
  const size_t wanted = keys_to_put_.size();
  keys_to_put_.clear();
  if (database_.query(sql::put_unique_keys, keys.take(), ids.take(), until.take(), pushed_at.take()).size() < wanted)
    throw failure{serialization_failure, "another writer took a unique key in between"};
}

} // namespace wheelwork::postgres
