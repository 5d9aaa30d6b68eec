#include "messages/json_reader.hpp"

#include "schedule/time_text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cmath>

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr size_t faults_max = 100;

bool has_control_character(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    // U+0080 to U+009F: the second row of control characters.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string number_text(double number) { return json(number).dump(); }

} // namespace

// -- faults -----------------------------------------------------------------------------------------------------------

void fault_list::add(std::string pointer, std::string message) {
  if (faults_.size() < faults_max)
    faults_.push_back({std::move(pointer), std::move(message)});
  else
    ++more_;
}

json_faults fault_list::take() {
  if (more_ > 0) faults_.push_back({"", "and " + std::to_string(more_) + " more faults"});
  return std::move(faults_);
}

std::string member_pointer(std::string_view pointer, std::string_view member) {
  std::string made{pointer};
  made += '/';
  for (char letter : member) {
    if (letter == '~')
      made += "~0";
    else if (letter == '/')
      made += "~1";
    else
      made += letter;
  }
  return made;
}

std::string item_pointer(std::string_view pointer, size_t index) {
  return member_pointer(pointer, std::to_string(index));
}

std::string in_backticks(std::string_view text) {
  constexpr size_t shown_max = 60;
  auto shown = text.substr(0, shown_max);
  // Not in the middle of a character.
  if (shown.size() < text.size())
    while (!shown.empty() && (static_cast<unsigned char>(text[shown.size()]) & 0xc0) == 0x80) shown.remove_suffix(1);
  std::string made = "`";
  for (char letter : shown) made += static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f ? '?' : letter;
  if (shown.size() < text.size()) made += "…";
  made += '`';
  if (!is_utf8(made))
    std::replace_if(
        made.begin(), made.end(), [](char letter) { return letter & 0x80; }, '?');
  return made;
}

std::string_view kind_text(const json& value) {
  switch (value.type()) {
  case json::value_t::null: return "null";
  case json::value_t::object: return "an object";
  case json::value_t::array: return "an array";
  case json::value_t::string: return "a string";
  case json::value_t::boolean: return "a boolean";
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
  case json::value_t::number_float: return "a number";
  default: return "no JSON value";
  }
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::optional<std::string> text_fault(std::string_view text, const text_rule& rule) {
  if (text.size() < rule.min) return "must not be empty";
  if (text.size() > rule.max)
    return "has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(rule.max) + " are allowed";
  if (!is_utf8(text)) return "is not valid UTF-8";
  if (!rule.controls && has_control_character(text)) return "must not hold control characters (line breaks, tabs, …)";
  if (text.find('\0') != text.npos) return "must not hold the character NUL";
  if (!rule.slash && text.find('/') != text.npos) return "must not hold `/`";
  return std::nullopt;
}

// -- single values ----------------------------------------------------------------------------------------------------

std::optional<std::string> read_text(const json& value, const std::string& pointer, fault_list& faults,
                                     const text_rule& rule) {
  if (!value.is_string()) {
    faults.add(pointer, "must be a string, not " + std::string{kind_text(value)});
    return std::nullopt;
  }
  auto& text = value.get_ref<const std::string&>();
  if (auto wrong = text_fault(text, rule)) {
    faults.add(pointer, *wrong);
    return std::nullopt;
  }
  return text;
}

std::optional<milliseconds> read_duration(const json& value, const std::string& pointer, fault_list& faults) {
  if (!value.is_string()) {
    faults.add(pointer, "must be a duration as a string, such as \"30s\", \"250ms\" or \"1h30m\", not " +
                            std::string{kind_text(value)});
    return std::nullopt;
  }
  auto duration = parse_duration(value.get_ref<const std::string&>());
  if (!duration) {
    faults.add(pointer, duration.error());
    return std::nullopt;
  }
  return *duration;
}

std::optional<wall_time> read_time(const json& value, const std::string& pointer, fault_list& faults) {
  if (!value.is_string()) {
    faults.add(pointer,
               "must be a time as a string, such as \"2030-01-31T08:00:00Z\", not " + std::string{kind_text(value)});
    return std::nullopt;
  }
  auto time = parse_time(value.get_ref<const std::string&>());
  if (!time) {
    faults.add(pointer, time.error());
    return std::nullopt;
  }
  if (*time > latest_wall_time) {
    faults.add(pointer, "must be before the year 10000");
    return std::nullopt;
  }
  return *time;
}

// -- members ----------------------------------------------------------------------------------------------------------

member_reader::member_reader(const json& value, std::string pointer, fault_list& faults)
    : pointer_{std::move(pointer)}, faults_{faults} {
  if (value.is_object())
    object_ = &value;
  else
    faults_.add(pointer_, "must be an object, not " + std::string{kind_text(value)});
}

const json* member_reader::find(std::string_view name, null_means null) {
  known_.emplace_back(name);
  if (!object_) return nullptr;
  auto found = object_->find(name);
  if (found == object_->end()) return nullptr;
  if (null == null_means::absent && found->is_null()) return nullptr;
  return &*found;
}

bool member_reader::has(std::string_view name) const { return object_ && object_->contains(name); }

std::optional<std::string> member_reader::text(std::string_view name, const text_rule& rule, null_means null) {
  auto value = find(name, null);
  if (!value) return std::nullopt;
  return read_text(*value, pointer_of(name), faults_, rule);
}

std::optional<milliseconds> member_reader::duration(std::string_view name, milliseconds min, null_means null) {
  auto value = find(name, null);
  if (!value) return std::nullopt;
  auto duration = read_duration(*value, pointer_of(name), faults_);
  if (duration && *duration < min) {
    fault(name, "must be at least " + format_duration(min));
    return std::nullopt;
  }
  return duration;
}

std::optional<wall_time> member_reader::time(std::string_view name, null_means null) {
  auto value = find(name, null);
  if (!value) return std::nullopt;
  return read_time(*value, pointer_of(name), faults_);
}

std::optional<uint64_t> member_reader::integer(std::string_view name, uint64_t min, uint64_t max, null_means null) {
  auto value = find(name, null);
  if (!value) return std::nullopt;
  auto range = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  if (!value->is_number()) {
    fault(name, "must be " + range + ", not " + std::string{kind_text(*value)});
    return std::nullopt;
  }
  // Values built in memory may be signed though not negative.
  bool whole = value->is_number_unsigned() || (value->is_number_integer() && value->get<int64_t>() >= 0);
  if (!whole || value->get<uint64_t>() < min || value->get<uint64_t>() > max) {
    fault(name, "must be " + range + ", not " + value->dump());
    return std::nullopt;
  }
  return value->get<uint64_t>();
}

std::optional<double> member_reader::number(std::string_view name, double min, double max) {
  auto value = find(name);
  if (!value) return std::nullopt;
  auto range = "a number from " + number_text(min) + " to " + number_text(max);
  if (!value->is_number()) {
    fault(name, "must be " + range + ", not " + std::string{kind_text(*value)});
    return std::nullopt;
  }
  auto number = value->get<double>();
  if (!(number >= min && number <= max)) { // also false for a NaN
    fault(name, "must be " + range);
    return std::nullopt;
  }
  return number;
}

std::optional<bool> member_reader::boolean(std::string_view name) {
  auto value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) {
    fault(name, "must be true or false, not " + std::string{kind_text(*value)});
    return std::nullopt;
  }
  return value->get<bool>();
}

void member_reader::refuse_choice(std::string_view name, const json& value, const std::string& expected) {
  auto given = value.is_string() ? in_backticks(value.get_ref<const std::string&>()) : std::string{kind_text(value)};
  fault(name, "must be one of " + expected + ", not " + given);
}

void member_reader::refuse_unknown() {
  if (!object_) return;
  std::string expected;
  for (auto& one : known_) expected += (expected.empty() ? "" : ", ") + one;
  for (auto& [name, value] : object_->items())
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      fault(name, "unknown member " + in_backticks(name) + "; known here: " + expected);
}

std::string with_member(const json& object, std::string_view name, std::string_view json_text) {
  // Errors and reasons may hold what a process or a server said: bytes that are no UTF-8 become U+FFFD.
  auto text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  text.pop_back();
  if (text.size() > 1) text += ',';
  text.append("\"").append(name).append("\":").append(json_text);
  text += '}';
  return text;
}

} // namespace wheelwork
