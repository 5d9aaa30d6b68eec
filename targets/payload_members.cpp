#include "targets/payload_members.hpp"

#include <curl/curl.h>
#include <memory>
#include <simdjson.h>

namespace wheelwork {

namespace {

namespace ondemand = simdjson::ondemand;

std::string percent_encoded(std::string_view text) {
  if (text.empty()) return {}; // length 0 would mean "up to the first NUL"
  const std::unique_ptr<char, void (*)(void*)> encoded{
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())), curl_free};
  if (!encoded) throw std::bad_alloc{};
  return encoded.get();
}

/// The value's own text, so that a number keeps all its digits.
std::string text_of(ondemand::value value) {
  switch (value.type()) {
  case ondemand::json_type::string: return std::string{std::string_view{value.get_string()}};
  case ondemand::json_type::null:
    if (!value.is_null()) throw simdjson::simdjson_error{simdjson::N_ATOM_ERROR};
    return {};
  case ondemand::json_type::boolean: return bool{value.get_bool()} ? "true" : "false";
  case ondemand::json_type::number: {
    std::string_view token = value.raw_json_token();
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
      token.remove_suffix(1);
    return std::string{token};
  }
  case ondemand::json_type::object: {
    ondemand::object object = value.get_object();
    return std::string{std::string_view{object.raw_json()}};
  }
  case ondemand::json_type::array: {
    ondemand::array array = value.get_array();
    return std::string{std::string_view{array.raw_json()}};
  }
  }
  throw simdjson::simdjson_error{simdjson::INCORRECT_TYPE};
}

void append(std::string& query, const std::string& name, ondemand::value value) {
  if (!query.empty()) query += '&';
  query += name + '=' + percent_encoded(text_of(value));
}

} // namespace

result<std::string, std::string> members_as_query(std::string_view payload) {
  const simdjson::padded_string padded{payload};
  ondemand::parser parser;
  try {
    ondemand::document document = parser.iterate(padded);
    std::string query;
    ondemand::object members = document.get_object();
    for (auto member : members) {
      const auto name = percent_encoded(std::string_view{member.unescaped_key()});
      ondemand::value value = member.value();
      if (value.type() != ondemand::json_type::array) {
        append(query, name, value);
        continue;
      }
      ondemand::array elements = value.get_array();
      for (auto element : elements) append(query, name, element.value());
    }
    return query;
  } catch (const simdjson::simdjson_error&) {
    return failure(
        std::string{"the payload is no JSON object: only the members of one can be sent as a query or a form"});
  }
}

} // namespace wheelwork
