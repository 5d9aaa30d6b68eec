// Inside messages/: what the JSON of tasks and of pools has in common.
#pragma once

#include "messages/json_reader.hpp"

namespace wheelwork {

/// The member `name`, which must equal the name in the address if there is one. `what`: "task" or "pool".
std::string read_definition_name(member_reader& members, std::string_view path_name, std::string_view what);
/// The member `environments`: a list of names.
std::vector<std::string> read_environments(member_reader& members);

// For merge patches: take away from `old` what could not stand beside the members of `patch`. Both are objects.

/// Whether an object has this member and it is not null, which in a merge patch means "take it away".
bool names_member(const nlohmann::json& object, std::string_view member);
/// Of a member that holds exactly one kind ({"http":{…}}): emptied if the patch names another kind.
void make_room_for_kind(nlohmann::json& old, const nlohmann::json& patch, std::string_view member);
/// Empties `old` if the patch names one of these members that `old` has not.
void make_room_for_form(nlohmann::json& old, const nlohmann::json& patch,
                        std::initializer_list<std::string_view> members);
/// Another kind of target, another form of retry.
void make_room_for_target(nlohmann::json& old, const nlohmann::json& patch, const resolved_target& how);

} // namespace wheelwork
