#include "targets/http_success.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace wheelwork {

namespace {

using nlohmann::json;

std::string describe(std::pair<int, int> range) {
  const auto [from, to] = range;
  if (from == to) return std::to_string(from);
  if (from % 100 == 0 && to == from + 99) return fmt::format("{}xx", from / 100);
  return fmt::format("{} to {}", from, to);
}

/// Whole numbers up to 2^53 and doubles compare as doubles without loss; larger ones must be the same whole number.
bool equal_numbers(const json& left, const json& right) {
  if (left.is_number_float() || right.is_number_float()) {
    const auto as_double = [](const json& number) { return number.get<double>(); };
    if (as_double(left) != as_double(right)) return false;
    constexpr double exact_max = 9007199254740992.0;
    return (left.is_number_float() && right.is_number_float()) || std::abs(as_double(left)) < exact_max;
  }
  if (left.is_number_unsigned() && right.is_number_unsigned()) return left.get<uint64_t>() == right.get<uint64_t>();
  const auto negative = [](const json& number) { return !number.is_number_unsigned() && number.get<int64_t>() < 0; };
  return negative(left) == negative(right) && left.get<int64_t>() == right.get<int64_t>();
}

/// As deep as both are alike, so no deeper than the rule's own value.
bool equal_values(const json& left, const json& right) {
  if (left.is_number() && right.is_number()) return equal_numbers(left, right);
  if (left.type() != right.type() || left.size() != right.size()) return false;
  if (left.is_array()) return std::equal(left.begin(), left.end(), right.begin(), equal_values);
  if (!left.is_object()) return left == right;
  return std::all_of(left.items().begin(), left.items().end(), [&](const auto& member) {
    const auto other = right.find(member.key());
    return other != right.end() && equal_values(member.value(), *other);
  });
}

/// Short, and without a walk into depths that the answer chose.
std::string describe(const json& value) {
  constexpr size_t shown_max = 100;
  if (value.is_array()) return fmt::format("an array of {}", value.size());
  if (value.is_object()) return fmt::format("an object of {} members", value.size());
  auto text = value.dump(-1, ' ', true);
  if (text.size() > shown_max) text = text.substr(0, shown_max) + "…";
  return text;
}

std::optional<std::string> unmet_member(const json& answer, const std::string& pointer_text,
                                        const std::string& wanted_text) {
  const auto wanted = json::parse(wanted_text, nullptr, false);
  if (wanted.is_discarded())
    return fmt::format("success.json wants {} at {}, which is not JSON", wanted_text, pointer_text);
  try {
    const json::json_pointer pointer{pointer_text};
    if (!answer.contains(pointer))
      return fmt::format("the answer has no {}, success needs {} there", pointer_text.empty() ? "value" : pointer_text,
                         wanted_text);
    const auto& found = answer.at(pointer);
    if (equal_values(found, wanted)) return std::nullopt;
    return fmt::format("{} of the answer is {}, success needs {}", pointer_text.empty() ? "the whole" : pointer_text,
                       describe(found), wanted_text);
  } catch (const json::exception&) {
    return fmt::format("success.json names {}, which is no JSON pointer: one begins with a slash", pointer_text);
  }
}

} // namespace

bool status_counts(const success_rule& rule, int status) {
  return std::any_of(rule.statuses.begin(), rule.statuses.end(),
                     [&](const auto& range) { return range.first <= status && status <= range.second; });
}

std::string unmet_status(const success_rule& rule, int status) {
  std::string wanted;
  for (const auto& range : rule.statuses) wanted += (wanted.empty() ? "" : ", ") + describe(range);
  return fmt::format("status {}, success is {}", status, wanted);
}

std::optional<std::string> unmet_json(const success_rule& rule, std::string_view body) {
  if (rule.json_members.empty()) return std::nullopt;
  const auto answer = json::parse(body, nullptr, false);
  if (answer.is_discarded())
    return fmt::format("the answer is not JSON, success needs {} at {}", rule.json_members.front().second,
                       rule.json_members.front().first);
  for (const auto& [pointer, wanted] : rule.json_members)
    if (auto reason = unmet_member(answer, pointer, wanted)) return reason;
  return std::nullopt;
}

} // namespace wheelwork
