#include "messages/json_definition.hpp"

namespace wheelwork {

using nlohmann::json;

namespace {

/// Members of the old task that could not stand beside those of the patch, or that only spelled out a default which the
/// patch changes.
void make_room(json& old, const json& patch, const task_definition& task) {
  if (auto schedule = patch.find("schedule"); schedule != patch.end())
    make_room_for_form(old["schedule"], *schedule, {"cron", "every", "at"});
  make_room_for_target(old, patch, *task.how);
  if (patch.contains("delivery") && !patch.contains("retry")) {
    retry_policy fallback;
    if (task.how->delivery == delivery_mode::at_most_once) fallback.limit = 0;
    if (task.how->retry == fallback) old.erase("retry");
  }
  if (names_member(patch, "payload")) old.erase("payload_base64"), old.erase("content_type");
  if (names_member(patch, "payload_base64")) old.erase("payload");
}

} // namespace

result<task_definition, json_faults> task_from_merge_patch(const task_definition& task, const json& patch,
                                                           const json_context& context) {
  if (!patch.is_object())
    return failure(json_faults{
        {std::string{context.base_pointer}, "must be an object: a merge patch names the members to change"}});
  auto merged = task_to_json(task);
  make_room(merged, patch, task);
  merged.merge_patch(patch);
  // The text of the payload stays as it was sent, unless both have members that were merged.
  std::string_view payload_text;
  auto payload = patch.find("payload");
  if (payload == patch.end())
    payload_text = task.body.is_json() ? task.body.data() : std::string_view{};
  else if (!payload->is_object())
    payload_text = context.payload_text;
  return task_from_json(merged, task.name, {context.now, context.base_pointer, payload_text});
}

} // namespace wheelwork
