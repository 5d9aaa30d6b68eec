// The statements that write new jobs and what they are found by.
#include "persistence/mysql/change_statements.hpp"
#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_job.hpp"

#include <algorithm>

namespace wheelwork::mysql {

namespace {

/// Columns that most jobs leave empty: those that all rows leave empty are not named.
struct rare_column {
  const char* name;
  bool (*is_set)(const new_job&);
  void (*append)(std::string&, const gathered_insert&, const std::string& node);
};

constexpr rare_column rare_columns[] = {
    {"task", [](const new_job& made) { return value_of(made.made.task) != 0; },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, static_cast<int64_t>(value_of(one.what->made.task)));
     }},
    {"fire_time", [](const new_job& made) { return made.made.is_fire(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, to_column(one.what->made.fire_time));
     }},
    {"fire_shard", [](const new_job& made) { return made.made.is_fire(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, static_cast<int64_t>(value_of(one.shard)));
     }},
    {"started_at", [](const new_job& made) { return made.made.start_recorded; },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, to_column(one.what->created_at));
     }},
    {"started_node", [](const new_job& made) { return made.made.start_recorded; },
     [](std::string& into, const gathered_insert&, const std::string& node) { append_literal(into, node); }},
    {"content_type", [](const new_job& made) { return !made.made.body.empty() && !made.made.body.is_json(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, std::string_view{one.what->made.body.content_type()});
     }},
    {"labels", [](const new_job& made) { return !made.marks.empty(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, std::string_view{*labels_to_column(one.what->marks)});
     }},
    {"unique_key", [](const new_job& made) { return !made.unique_key.empty(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, std::string_view{one.what->unique_key});
     }},
    {"external_id", [](const new_job& made) { return !made.external_id.empty(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, std::string_view{one.what->external_id});
     }},
    {"payload", [](const new_job& made) { return !made.made.body.empty(); },
     [](std::string& into, const gathered_insert& one, const std::string&) {
       append_literal(into, blob{one.what->made.body.data()});
     }},
};

void append_numbers(std::string& into, const gathered_insert& one, int64_t target) {
  const job& what = one.what->made;
  const int64_t numbers[] = {static_cast<int64_t>(value_of(what.id)),
                             static_cast<int64_t>(value_of(one.shard)),
                             to_column(what.due_at),
                             target,
                             static_cast<int64_t>(what.attempt),
                             static_cast<int64_t>(what.retries_used),
                             static_cast<int64_t>(what.lost_in_row),
                             static_cast<int64_t>(what.priority),
                             number_of(what.origin),
                             what.start_recorded ? 1 : 0,
                             to_column(one.what->created_at)};
  bool first = true;
  for (const int64_t number : numbers) {
    if (!first) into += ',';
    append_literal(into, number);
    first = false;
  }
}

} // namespace

void change_statements::insert_jobs(const std::vector<gathered_insert>& jobs) {
  std::vector<const rare_column*> used;
  std::string begin = "insert into ww_job (id, shard, due_at, target, attempt, retries_used, lost_in_row, priority, "
                      "origin, running, created_at";
  for (const rare_column& column : rare_columns) {
    if (std::none_of(jobs.begin(), jobs.end(), [&](const gathered_insert& one) { return column.is_set(*one.what); }))
      continue;
    used.push_back(&column);
    begin.append(", ").append(column.name);
  }
  row_list all{database_, begin + ") values "};
  for (const gathered_insert& one : jobs) {
    const int64_t target = targets_.row_of(one.what->made.how);
    all.add_cells([&](std::string& into) {
      append_numbers(into, one, target);
      for (const rare_column* column : used) {
        into += ',';
        if (column->is_set(*one.what))
          column->append(into, one, node_name_);
        else
          into += "null";
      }
    });
  }
  all.finish();
}

void change_statements::add_fires(const std::vector<ledger_row>& fires) {
  row_list all{database_, sql::add_fires};
  for (const ledger_row& one : fires) all.add(value_of(one.task), to_column(one.fire_time), value_of(one.job));
  all.finish();
}

void change_statements::drop_fires(const std::vector<ledger_row>& fires) {
  given_rows all{{"job_id", "task", "fire_time"}};
  for (const ledger_row& one : fires) all.add(value_of(one.job), value_of(one.task), to_column(one.fire_time));
  all.send(database_, sql::drop_fires);
}

void change_statements::add_terms(const std::vector<term_row>& terms) {
  row_list all{database_, sql::add_terms};
  for (const term_row& one : terms) all.add(blob{one.term}, value_of(one.job));
  all.finish();
}

void change_statements::drop_terms(const std::vector<term_row>& terms) {
  given_rows all{{"job_id", "term"}};
  for (const term_row& one : terms) all.add(value_of(one.job), blob{one.term});
  all.send(database_, sql::drop_terms);
}

void change_statements::drop_attempts(const std::vector<job_id>& jobs) {
  given_rows::of_ids(literals_of(jobs)).send(database_, sql::drop_attempts);
}

} // namespace wheelwork::mysql
