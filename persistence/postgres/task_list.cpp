// Lists of definitions.
#include "persistence/postgres/reader.hpp"
#include "persistence/postgres/sql_task.hpp"

namespace wheelwork::postgres {

std::vector<task_row> list_tasks(connection& database, const task_filter& filter) {
  std::vector<value> values{filter.after_name.value_or("")};
  std::string text = std::string{sql::task_columns} + "where t.name > $1";
  const auto where = [&](const char* condition, value wanted) {
    values.push_back(std::move(wanted));
    text += condition + std::to_string(values.size());
  };
  if (filter.enabled) where(" and t.enabled = $", *filter.enabled);
  if (filter.external_id) where(" and t.external_id = $", *filter.external_id);
  if (filter.name_contains) {
    where(" and strpos(t.name, $", *filter.name_contains);
    text += ") > 0";
  }
  std::vector<task_row> found;
  // Labels are in the definition, so that rows are read until enough of them fit.
  auto all = database.query_text(text + " order by t.name", values);
  while (found.size() < filter.limit && all.next()) {
    task_row one = decode_task(all.row());
    if (has_labels(one.definition->marks, filter.marks)) found.push_back(std::move(one));
  }
  return found;
}

} // namespace wheelwork::postgres
