// Definitions and their states from rows.
#include "messages/json.hpp"
#include "persistence/sqlite/reader.hpp"
#include "persistence/sqlite/sql_task.hpp"

namespace wheelwork::sqlite {

namespace {

bool has_labels(const labels& all, const std::vector<std::pair<std::string, std::string>>& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto found = all.find(key);
    if (found == all.end() || found->second != value) return false;
  }
  return true;
}

} // namespace

task_row decode_task(const statement& row) {
  const std::string name{row.text(1)};
  const std::string spec{row.text(5)};
  json_context context;
  context.now = to_time(row.integer(4));
  auto decoded = task_from_text(spec, name, context);
  if (!decoded) {
    std::string faults = "the stored definition of the task `" + name + "` can't be read";
    for (const json_fault& fault : decoded.error()) faults += "; " + fault.pointer + ": " + fault.message;
    throw std::runtime_error{faults};
  }
  task_definition& definition = *decoded;
  definition.id = task_id{static_cast<uint64_t>(row.integer(0))};
  definition.version = static_cast<uint64_t>(row.integer(2));
  definition.created_at = to_time(row.integer(3));
  definition.updated_at = to_time(row.integer(4));
  definition.spec = spec;
  task_row found;
  found.state.task = definition.id;
  found.state.fired_until = to_time(row.integer(6));
  found.state.runs = static_cast<uint64_t>(row.integer(7));
  found.state.next_fire = to_time(row.optional_integer(8));
  found.state.enabled_at = to_time(row.optional_integer(9));
  found.state.disabled_at = to_time(row.optional_integer(10));
  found.definition = std::make_shared<const task_definition>(std::move(definition));
  return found;
}

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
