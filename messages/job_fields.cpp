#include "messages/job_fields.hpp"

#include "messages/json_reader.hpp"
#include "messages/raw_json.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>

namespace wheelwork {

namespace ondemand = simdjson::ondemand;

namespace {

// The first five make up the resolved target.
constexpr std::array<std::string_view, 14> known_members{
    "target", "retry",  "timeout",  "delivery",   "history",    "task",        "payload",
    "delay",  "due_at", "priority", "unique_key", "unique_for", "external_id", "labels"};
constexpr size_t target_parts = 5;

/// The name as it stands in the text. A longer or escaped one is none of ours and comes out unequal to all of them.
std::string_view short_name(ondemand::raw_json_string key) {
  constexpr size_t longest = 12;
  size_t size = 0;
  while (size < longest && key.raw()[size] != '"') ++size;
  return {key.raw(), size};
}

} // namespace

std::optional<new_job> job_fields::read(ondemand::object& object, wall_time now) {
  parts_ = {};
  unique_for_ = unique_for_default;
  has_priority_ = false;
  usual_ = complete_ = true;
  seen_ = 0;
  std::optional<new_job> job{std::in_place};
  job->created_at = job->made.due_at = now;
  // Goes on after something unusual, for the texts of the target and its rules are wanted all the same.
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) {
      usual_ = complete_ = false;
      break;
    }
    auto name = short_name(field.key());
    if (!first(name))
      usual_ = false;
    else
      read_member(name, field.value(), now, *job);
  }
  if (usual_) take_target(*job);
  if (!usual_) return std::nullopt;
  finish_unique(now, *job);
  return job;
}

/// Whether it is a known member that was not there before. Another one may be a known one in an escaped spelling, so
/// then nobody knows whether parts_ holds all there are.
bool job_fields::first(std::string_view name) {
  auto found = std::find(known_members.begin(), known_members.end(), name);
  if (found == known_members.end()) return complete_ = false;
  auto bit = uint32_t{1} << (found - known_members.begin());
  if (seen_ & bit) complete_ = false;
  seen_ |= bit;
  return complete_;
}

void job_fields::read_member(std::string_view name, value_type& value, wall_time now, new_job& into) {
  if (name == "payload") {
    auto text = raw_text(value);
    if (text.empty())
      usual_ = false;
    else
      into.made.body = payload::json(text);
  } else if (name == "delay" || name == "due_at" || name == "unique_for") {
    read_due(name, value, now, into);
  } else if (name == "priority") {
    uint64_t priority = 0;
    if (value.get_uint64().get(priority) != simdjson::SUCCESS || priority > 9)
      usual_ = false;
    else
      into.made.priority = static_cast<uint8_t>(priority), has_priority_ = true;
  } else if (name == "task") {
    read_text(value, false, into.task_name);
  } else if (name == "unique_key") {
    read_text(value, true, into.unique_key);
  } else if (name == "external_id") {
    read_text(value, true, into.external_id);
  } else if (name == "labels") {
    read_labels(value, into);
  } else {
    auto part =
        static_cast<size_t>(std::find(known_members.begin(), known_members.end(), name) - known_members.begin());
    parts_[part] = raw_text(value);
    if (parts_[part].empty()) usual_ = complete_ = false;
  }
}

void job_fields::read_due(std::string_view name, value_type& value, wall_time now, new_job& into) {
  std::string_view text;
  usual_ = usual_ && value.get_string().get(text) == simdjson::SUCCESS;
  if (!usual_) return;
  if (name == "due_at") {
    auto time = parse_time(text);
    usual_ = time && *time <= latest_wall_time;
    if (usual_) into.made.due_at = *time;
    return;
  }
  auto span = parse_duration(text);
  usual_ = span && *span <= latest_wall_time - now;
  if (!usual_) return;
  if (name == "delay")
    into.made.due_at = now + *span;
  else
    unique_for_ = *span, usual_ = *span > milliseconds{0};
}

void job_fields::read_text(value_type& value, bool slash, std::string& into) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS || text_fault(text, {.slash = slash}))
    usual_ = false;
  else
    into = text;
}

void job_fields::read_labels(value_type& value, new_job& into) {
  ondemand::object members;
  if (value.get_object().get(members) != simdjson::SUCCESS) {
    usual_ = false;
    return;
  }
  for (auto member : members) {
    std::string_view name, text;
    if (member.unescaped_key().get(name) != simdjson::SUCCESS ||
        member.value().get_string().get(text) != simdjson::SUCCESS || text_fault(name, {}) ||
        name.find(':') != name.npos || text_fault(text, {.min = 0, .max = 1024})) {
      usual_ = false;
      return;
    }
    if (!into.marks.emplace(name, text).second) usual_ = false;
  }
}

std::string_view job_fields::target_key() {
  bool rules = std::any_of(parts_.begin() + 1, parts_.end(), [](auto part) { return !part.empty(); });
  if (!rules) return parts_[0];
  // JSON text never holds this character, so no two sets of parts give one key.
  key_.clear();
  for (auto part : parts_) key_.append(part).append(1, '\x1f');
  return key_;
}

void job_fields::take_target(new_job& into) {
  constexpr uint32_t target_bits = (uint32_t{1} << target_parts) - 1;
  constexpr uint32_t delay_bit = 1u << 7, due_at_bit = 1u << 8;
  static_assert(known_members[7] == "delay" && known_members[8] == "due_at");
  if ((seen_ & delay_bit) && (seen_ & due_at_bit)) usual_ = false;
  if (!into.task_name.empty()) {
    if (seen_ & target_bits) usual_ = false;
    if (!has_priority_) into.made.priority = priority_of_task;
    return;
  }
  auto known = parts_[0].empty() ? nullptr : cache_.find(target_key());
  if (known)
    into.made.how = *known;
  else
    usual_ = false;
}

void job_fields::finish_unique(wall_time now, new_job& into) {
  if (unique_for_ <= latest_wall_time - now) into.unique_until = now + unique_for_;
}

void job_fields::remember(const new_job& job) {
  if (complete_ && job.made.how && !parts_[0].empty()) cache_.insert(target_key(), job.made.how);
}

} // namespace wheelwork
