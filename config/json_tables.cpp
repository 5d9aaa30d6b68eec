#include "config/json_tables.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

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

} // namespace

place place_of(const config_value& table, const std::string& key, std::string_view pointer) {
  place found{key, table.origin};
  const auto* here = &table;
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

std::vector<keyed_table> tables_of(const config_value& section, const std::string& name,
                                   std::vector<config_fault>& faults) {
  std::vector<keyed_table> found;
  const auto* tables = section.array();
  if (tables == nullptr) {
    add_fault({name, section.origin},
              "is " + std::string{type_name(section)} + ", must be an array of tables: write [[" + name +
                  "]] with two brackets",
              faults);
    return found;
  }
  for (size_t index = 0; index < tables->size(); ++index) {
    const auto& table = (*tables)[index];
    auto key = name + "[" + std::to_string(index) + "]";
    if (table.table() != nullptr)
      found.push_back({key, &table});
    else
      add_fault({key, table.origin}, "is " + std::string{type_name(table)} + ", must be a table: [[" + name + "]]",
                faults);
  }
  return found;
}

void add_fault(const place& where, const std::string& message, std::vector<config_fault>& faults) {
  faults.push_back({where.origin.file, where.origin.line, where.key, message});
}

void add_faults(const keyed_table& in, const json_faults& found, std::vector<config_fault>& faults) {
  for (const auto& fault : found) add_fault(place_of(*in.table, in.key, fault.pointer), fault.message, faults);
}

} // namespace wheelwork
