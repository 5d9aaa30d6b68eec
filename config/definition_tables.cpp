#include "config/task_tables.hpp"

#include "config/option_table.hpp"
#include "messages/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace wheelwork {
namespace {

struct place {
  std::string key;
  config_origin origin;
};

/// The part of a JSON pointer up to the next slash, unescaped.
std::string next_part(std::string_view& pointer) {
  pointer.remove_prefix(1);
  auto end = std::min(pointer.find('/'), pointer.size());
  std::string part;
  for (size_t at = 0; at < end; ++at) {
    bool escaped = pointer[at] == '~' && at + 1 < end;
    if (!escaped)
      part += pointer[at];
    else
      part += pointer[++at] == '1' ? '/' : '~';
  }
  pointer.remove_prefix(end);
  return part;
}

/// The value that a JSON pointer speaks of, or what is nearest to it: a missing member is blamed on its table.
place place_of(const config_value& task, const std::string& key, std::string_view pointer) {
  place found{key, task.origin};
  const auto* here = &task;
  while (pointer.starts_with('/')) {
    auto part = next_part(pointer);
    const config_value* below = nullptr;
    if (here != nullptr && here->table() != nullptr) below = find_member(*here->table(), part);
    bool index = here != nullptr && here->array() != nullptr;
    if (index && part.size() < 8 && part.find_first_not_of("0123456789") == std::string::npos && !part.empty()) {
      auto number = std::stoul(part);
      if (number < here->array()->size()) below = &(*here->array())[number];
    }
    found.key += index ? "[" + part + "]" : "." + part;
    if (below != nullptr) found.origin = below->origin;
    here = below;
  }
  return found;
}

class task_reader {
public:
  task_reader(wall_time now, std::vector<config_fault>& faults) : now_{now}, faults_{faults} {}

  void read(const config_value& table, const std::string& key) {
    auto add = [&](const place& where, const std::string& message) {
      faults_.push_back({where.origin.file, where.origin.line, where.key, message});
    };
    if (table.table() == nullptr)
      return add({key, table.origin}, "is " + std::string{type_name(table)} + ", must be a table: [[task]]");
    auto body = to_json(table);
    if (!body) return add({key, table.origin}, body.error());
    auto task = task_from_json(*body, "", {.now = now_, .base_pointer = {}, .payload_text = {}});
    if (!task) {
      for (const auto& fault : task.error()) add(place_of(table, key, fault.pointer), fault.message);
      return;
    }
    if (!names_.insert(task->name).second)
      return add(place_of(table, key, "/name"),
                 in_quotes(task->name) + " is the name of an earlier task, too; names must differ");
    if (task->external_id && !external_ids_.insert(*task->external_id).second)
      return add(place_of(table, key, "/external_id"),
                 in_quotes(*task->external_id) + " is that of an earlier task, too; they must differ");
    tasks_.push_back(std::move(*task));
  }

  std::vector<task_definition> take() { return std::move(tasks_); }

private:
  wall_time now_;
  std::vector<config_fault>& faults_;
  std::set<std::string> names_, external_ids_;
  std::vector<task_definition> tasks_;
};

} // namespace

result<nlohmann::json, std::string> to_json(const config_value& value) {
  using json = nlohmann::json;
  if (const auto* items = value.array()) {
    auto list = json::array();
    for (const auto& item : *items) {
      auto converted = to_json(item);
      if (!converted) return converted;
      list.push_back(std::move(*converted));
    }
    return list;
  }
  if (const auto* members = value.table()) {
    auto object = json::object();
    for (const auto& member : *members) {
      auto converted = to_json(member.value);
      if (!converted) return converted;
      object[member.name] = std::move(*converted);
    }
    return object;
  }
  if (const auto* number = std::get_if<double>(&value.what)) {
    if (!std::isfinite(*number)) return failure(std::string{"holds a number that is not finite, which JSON has not"});
    return json(*number);
  }
  if (const auto* number = std::get_if<int64_t>(&value.what)) return json(*number);
  if (const auto* truth = std::get_if<bool>(&value.what)) return json(*truth);
  if (const auto* time = std::get_if<config_time>(&value.what)) return json(time->text);
  return json(std::get<std::string>(value.what));
}

std::vector<task_definition> read_tasks(const config_value& section, wall_time now, std::vector<config_fault>& faults) {
  const auto* tables = section.array();
  if (tables == nullptr) {
    faults.push_back(
        {section.origin.file, section.origin.line, "task",
         "is " + std::string{type_name(section)} + ", must be an array of tables: write [[task]] with two brackets"});
    return {};
  }
  task_reader reader{now, faults};
  for (size_t index = 0; index < tables->size(); ++index)
    reader.read((*tables)[index], "task[" + std::to_string(index) + "]");
  return reader.take();
}

} // namespace wheelwork
