#include "config/value.hpp"

#include <algorithm>

namespace wheelwork {

std::string_view type_name(const config_value& value) {
  static constexpr std::string_view names[] = {
      "a boolean", "an integer", "a number with a fraction", "a string", "a time", "an array", "a table"};
  return names[value.what.index()];
}

const config_value* find_member(const config_table& table, std::string_view name) {
  auto found =
      std::find_if(table.begin(), table.end(), [&](const config_member& member) { return member.name == name; });
  return found == table.end() ? nullptr : &found->value;
}

config_value* find_member(config_table& table, std::string_view name) {
  auto found =
      std::find_if(table.begin(), table.end(), [&](const config_member& member) { return member.name == name; });
  return found == table.end() ? nullptr : &found->value;
}

void set_origin(config_value& value, const config_origin& origin, bool verbatim) {
  value.origin = origin;
  value.verbatim = verbatim;
  if (auto* items = std::get_if<config_array>(&value.what))
    for (auto& item : *items) set_origin(item, origin, verbatim);
  if (auto* members = value.table())
    for (auto& member : *members) set_origin(member.value, origin, verbatim);
}

void lay_over(config_table& base, const config_table& over) {
  for (const auto& member : over) {
    auto* below = find_member(base, member.name);
    if (below == nullptr) {
      base.push_back(member);
    } else if (below->table() != nullptr && member.value.table() != nullptr) {
      lay_over(*below->table(), *member.value.table());
    } else {
      *below = member.value;
    }
  }
}

} // namespace wheelwork
