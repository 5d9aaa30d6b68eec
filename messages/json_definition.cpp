#include "messages/json_definition.hpp"

namespace wheelwork {

using nlohmann::json;

std::string read_definition_name(member_reader& members, std::string_view path_name, std::string_view what) {
  auto value = members.find("name");
  if (!value) {
    if (path_name.empty()) {
      if (members.is_object()) members.fault("name", "is missing; every " + std::string{what} + " has a name");
    } else if (auto wrong = task_name_fault(path_name)) {
      members.fault("name", *wrong);
    }
    return std::string{path_name};
  }
  auto name = read_text(*value, members.pointer_of("name"), members.faults(), {.slash = false});
  if (!name) return {};
  if (!path_name.empty() && *name != path_name)
    members.fault("name", "is " + in_backticks(*name) + ", but the address names the " + std::string{what} + " " +
                              in_backticks(path_name) + "; leave it out or make them equal");
  return *std::move(name);
}

std::vector<std::string> read_environments(member_reader& members) {
  std::vector<std::string> names;
  auto value = members.find("environments");
  if (!value) return names;
  auto pointer = members.pointer_of("environments");
  if (!value->is_array()) {
    members.fault("environments",
                  "must be a list of names, such as [\"test\",\"release\"], not " + std::string{kind_text(*value)});
    return names;
  }
  for (size_t i = 0; i < value->size(); ++i)
    if (auto name = read_text((*value)[i], item_pointer(pointer, i), members.faults(), {}))
      names.push_back(std::move(*name));
  return names;
}

bool names_member(const json& object, std::string_view member) {
  auto found = object.find(member);
  return found != object.end() && !found->is_null();
}

void make_room_for_form(json& old, const json& patch, std::initializer_list<std::string_view> members) {
  if (!patch.is_object() || !old.is_object()) return;
  for (auto member : members)
    if (names_member(patch, member) && !old.contains(member)) old = json::object();
}

void make_room_for_kind(json& old, const json& patch, std::string_view member) {
  auto named = patch.find(member);
  auto found = old.find(member);
  if (named == patch.end() || !named->is_object() || found == old.end() || !found->is_object()) return;
  for (auto& [kind, inside] : named->items())
    if (!inside.is_null() && !found->contains(kind)) *found = json::object();
}

void make_room_for_target(json& old, const json& patch, const resolved_target& how) {
  make_room_for_kind(old, patch, "target");
  auto retry = patch.find("retry");
  if (retry == patch.end() || !retry->is_object()) return;
  make_room_for_form(old["retry"], *retry, {"initial", "factor", "max", "jitter"});
  make_room_for_form(old["retry"], *retry, {"delays"});
  // Other delays have their own number.
  if (names_member(*retry, "delays") && !retry->contains("limit") && how.retry.limit == how.retry.delays.size())
    old["retry"].erase("limit");
}

} // namespace wheelwork
