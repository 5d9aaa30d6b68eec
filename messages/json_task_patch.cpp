#include "messages/json_reader.hpp"

#include <array>

namespace wheelwork {

using nlohmann::json;

namespace {

/// Whether an object has this member and it is not null, which in a merge patch means "take it away".
bool names(const json& object, std::string_view member) {
  auto found = object.find(member);
  return found != object.end() && !found->is_null();
}

/// Empties `old` if the patch names a kind that `old` is not.
template <size_t Count>
void make_room(json& old, const json& patch, const std::array<std::string_view, Count>& kinds) {
  if (!patch.is_object() || !old.is_object()) return;
  for (auto kind : kinds)
    if (names(patch, kind) && !old.contains(kind)) old = json::object();
}

/// Members of the old task that could not stand beside those of the patch, or that only spelled out a default which the
/// patch changes.
void make_room(json& old, const json& patch, const task_definition& task) {
  if (auto schedule = patch.find("schedule"); schedule != patch.end())
    make_room(old["schedule"], *schedule, std::array<std::string_view, 3>{"cron", "every", "at"});
  if (auto target = patch.find("target"); target != patch.end() && target->is_object() && old["target"].is_object())
    for (auto& [kind, inside] : target->items())
      if (!inside.is_null() && !old["target"].contains(kind)) old["target"] = json::object();
  if (auto retry = patch.find("retry"); retry != patch.end() && retry->is_object()) {
    auto growth = std::array<std::string_view, 4>{"initial", "factor", "max", "jitter"};
    make_room(old["retry"], *retry, growth);
    make_room(old["retry"], *retry, std::array<std::string_view, 1>{"delays"});
    // Other delays have their own number.
    if (names(*retry, "delays") && !retry->contains("limit") && task.how->retry.limit == task.how->retry.delays.size())
      old["retry"].erase("limit");
  } else if (patch.contains("delivery") && retry == patch.end()) {
    retry_policy fallback;
    if (task.how->delivery == delivery_mode::at_most_once) fallback.limit = 0;
    if (task.how->retry == fallback) old.erase("retry");
  }
  if (names(patch, "payload")) old.erase("payload_base64"), old.erase("content_type");
  if (names(patch, "payload_base64")) old.erase("payload");
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
