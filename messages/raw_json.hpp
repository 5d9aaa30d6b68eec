// Inside messages/: the text of a JSON value as it was sent.
#pragma once

#include <simdjson.h>

#include <string_view>

namespace wheelwork {

/// The value's text without blanks around it. Only for a document that is known to be valid JSON, for the inside of
/// objects and arrays is skipped, not checked. Empty: simdjson met something that can't be.
inline std::string_view raw_text(simdjson::ondemand::value& value) {
  namespace ondemand = simdjson::ondemand;
  std::string_view text;
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return {};
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS || object.raw_json().get(text) != simdjson::SUCCESS)
      return {};
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS || array.raw_json().get(text) != simdjson::SUCCESS) return {};
  } else {
    text = value.raw_json_token();
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace wheelwork
