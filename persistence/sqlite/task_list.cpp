// Lists of definitions.
#include "persistence/sqlite/reader.hpp"
#include "persistence/sqlite/sql_task.hpp"

namespace wheelwork::sqlite {

std::vector<task_row> list_tasks(connection& database, const task_filter& filter) {
  std::string text = std::string{sql::task_columns} + "where t.name > ?1";
  if (filter.name_contains) text += " and instr(t.name, ?2) > 0";
  if (filter.enabled) text += " and t.enabled = ?3";
  if (filter.external_id) text += " and t.external_id = ?4";
  auto prepared = database.prepare(text + " order by t.name");
  prepared->bind(1, filter.after_name ? std::string_view{*filter.after_name} : std::string_view{});
  if (filter.name_contains) prepared->bind(2, *filter.name_contains);
  if (filter.enabled) prepared->bind(3, *filter.enabled);
  if (filter.external_id) prepared->bind(4, *filter.external_id);
  std::vector<task_row> found;
  cursor rows{std::move(prepared)};
  while (found.size() < filter.limit && rows.next()) {
    task_row one = decode_task(rows.row());
    if (has_labels(one.definition->marks, filter.marks)) found.push_back(std::move(one));
  }
  return found;
}

} // namespace wheelwork::sqlite
