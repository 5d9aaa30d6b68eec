// The statements that write new jobs and what they are found by: arrays for a few, COPY for many.
#include "persistence/postgres/change_statements.hpp"
#include "persistence/postgres/sql_job.hpp"

namespace wheelwork::postgres {

namespace {

/// Measured: from about here on COPY is faster than one statement with arrays, below its round trips weigh more.
constexpr size_t copy_from_rows = 64;

using job_cells = connection::copied_row;

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

void change_statements::insert_jobs(const std::vector<gathered_insert>& jobs) {
  const auto cells_at = [&](size_t at) {
    const gathered_insert& one = jobs[at];
    return cells_of(*one.what, one.shard, targets_.row_of(one.what->made.how), node_name_);
  };
  if (jobs.size() >= copy_from_rows) {
    for (const gathered_insert& one : jobs) targets_.row_of(one.what->made.how); // no query inside of COPY
    size_t next = 0;
    database_.copy("ww_job", column_names(), [&](job_cells& row) {
      if (next == jobs.size()) return false;
      row = cells_at(next++);
      return true;
    });
    return;
  }
  std::array<array_text, std::tuple_size_v<job_cells>> columns;
  for (size_t at = 0; at < jobs.size(); ++at) {
    const job_cells row = cells_at(at);
    for (size_t column = 0; column < row.size(); ++column) columns[column].add(row[column]);
  }
  std::vector<value> values;
  values.reserve(columns.size());
  for (array_text& column : columns) values.push_back(column.take());
  database_.query_values(sql::insert_jobs, values);
}

namespace {

struct fire_columns {
  array_text tasks, fire_times, ids;
  explicit fire_columns(const std::vector<ledger_row>& fires) {
    for (const ledger_row& one : fires) {
      tasks.add(value_of(one.task));
      fire_times.add(to_column(one.fire_time));
      ids.add(value_of(one.job));
    }
  }
};

struct term_columns {
  array_text terms, ids;
  explicit term_columns(const std::vector<term_row>& all) {
    for (const term_row& one : all) {
      terms.add(one.term);
      ids.add(value_of(one.job));
    }
  }
};

} // namespace

void change_statements::add_fires(const std::vector<ledger_row>& fires) {
  fire_columns all{fires};
  database_.run(sql::add_fires, all.tasks.take(), all.fire_times.take(), all.ids.take());
}

void change_statements::drop_fires(const std::vector<ledger_row>& fires) {
  fire_columns all{fires};
  database_.run(sql::drop_fires, all.tasks.take(), all.fire_times.take(), all.ids.take());
}

void change_statements::add_terms(const std::vector<term_row>& terms) {
  term_columns all{terms};
  database_.run(sql::add_terms, all.terms.take(), all.ids.take());
}

void change_statements::drop_terms(const std::vector<term_row>& terms) {
  term_columns all{terms};
  database_.run(sql::drop_terms, all.terms.take(), all.ids.take());
}

void change_statements::drop_attempts(const std::vector<job_id>& jobs) {
  array_text ids;
  for (const job_id id : jobs) ids.add(value_of(id));
  database_.run(sql::drop_attempts, ids.take());
}

void change_statements::put_unique_keys(const unique_key_rows& rows) {
  array_text keys, ids, until, taken_at;
  for (const auto& [key, taken] : rows) {
    keys.add(key);
    ids.add(value_of(taken.holder));
    until.add(to_column(taken.until));
    taken_at.add(to_column(taken.taken_at));
  }
  if (database_.query(sql::put_unique_keys, keys.take(), ids.take(), until.take(), taken_at.take()).size() <
      rows.size())
    throw failure{serialization_failure, "another writer took a unique key in between"};
}

} // namespace wheelwork::postgres
