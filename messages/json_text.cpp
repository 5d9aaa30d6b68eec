#include "messages/json_text.hpp"

#include "messages/json_reader.hpp"
#include "messages/raw_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <unordered_set>

namespace wheelwork {

using nlohmann::json;

namespace {

/// The library's sentence without its own error code, safe to put into an answer.
std::string sentence_of(const json::exception& error) {
  constexpr size_t length_max = 300;
  std::string_view text = error.what();
  if (auto end = text.find("] "); end != text.npos) text.remove_prefix(end + 2);
  std::string sentence{text.substr(0, length_max)};
  // It may quote half a character of the text.
  std::replace_if(
      sentence.begin(), sentence.end(), [](char letter) { return letter & 0x80; }, '?');
  return sentence;
}

/// Walks through a text without keeping it; stops at the first thing that is wrong. The parser behind it needs no
/// stack.
class text_check final : public nlohmann::json_sax<json> {
public:
  text_check(std::string_view base_pointer, repeated_members repeated) : base_{base_pointer}, repeated_{repeated} {}

  std::optional<json_fault> take() { return std::move(fault_); }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }

  bool key(string_t& name) override {
    if (repeated_ == repeated_members::unchecked) return true;
    auto& object = levels_.back();
    if (levels_.size() == 1) inside_payload_ = false;
    if (inside_payload_) return true;
    object.last = name;
    if (!object.names.insert(name).second) {
      fault_ = json_fault{member_pointer(pointer(), name), "stands twice in its object: which one counts?"};
      return false;
    }
    if (levels_.size() == 1 && name == "payload") inside_payload_ = true;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    bool number_too_large = error.id == 406;
    if (number_too_large)
      fault_ = json_fault{std::string{base_}, sentence_of(error) + "; the largest number is about 1.8e308"};
    else
      fault_ = json_fault{std::string{base_}, "is not JSON: " + sentence_of(error), true};
    return false;
  }

private:
  struct level {
    std::unordered_set<std::string> names;
    std::string last;
  };

  bool enter() {
    levels_.emplace_back();
    if (levels_.size() <= json_depth_max) return true;
    fault_ = json_fault{std::string{base_},
                        "is nested too deep: at most " + std::to_string(json_depth_max) + " levels are read", true};
    return false;
  }
  bool leave() {
    levels_.pop_back();
    return true;
  }
  /// Of the object that is being read. Arrays in it show as an empty name, which is exact enough to find the place.
  std::string pointer() const {
    std::string made{base_};
    for (size_t i = 0; i + 1 < levels_.size(); ++i) made = member_pointer(made, levels_[i].last);
    return made;
  }

  std::string_view base_;
  repeated_members repeated_;
  std::vector<level> levels_;
  bool inside_payload_ = false;
  std::optional<json_fault> fault_;
};

size_t first_invalid_byte(std::string_view text) {
  // Halving finds the longest valid beginning; a cut character at its end only moves it by up to three bytes.
  size_t valid = 0, invalid = text.size();
  while (valid + 1 < invalid) {
    auto middle = valid + (invalid - valid) / 2;
    auto end = middle;
    while (end < text.size() && end < middle + 3 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    if (is_utf8(text.substr(0, end)))
      valid = middle;
    else
      invalid = middle;
  }
  return valid;
}

/// The member `payload` of the object in a text that is known to be JSON; empty: there is none.
std::string payload_text_of(std::string_view text) {
  namespace ondemand = simdjson::ondemand;
  thread_local ondemand::parser parser;
  simdjson::padded_string padded{text};
  auto document = parser.iterate(padded);
  ondemand::object members;
  if (document.get_object().get(members) != simdjson::SUCCESS) return {};
  for (auto member : members) {
    std::string_view name;
    if (member.unescaped_key().get(name) != simdjson::SUCCESS) break;
    if (name != "payload") continue;
    ondemand::value value;
    if (member.value().get(value) != simdjson::SUCCESS) break;
    return std::string{raw_text(value)};
  }
  return {};
}

} // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.substr(0, mark.size()) == mark) text.remove_prefix(mark.size());
  return text;
}

std::optional<json_fault> json_text_fault(std::string_view text, std::string_view base_pointer,
                                          repeated_members repeated) {
  if (!is_utf8(text))
    return json_fault{std::string{base_pointer},
                      "is not valid UTF-8 near byte " + std::to_string(first_invalid_byte(text)), true};
  text_check check{base_pointer, repeated};
  json::sax_parse(text.begin(), text.end(), &check);
  return check.take();
}

result<json_body, json_faults> parse_json_body(std::string_view text, std::string_view base_pointer) {
  text = without_byte_order_mark(text);
  if (auto fault = json_text_fault(text, base_pointer, repeated_members::fault_outside_payload))
    return failure(json_faults{std::move(*fault)});
  json_body body;
  body.value = std::make_unique<json>(json::parse(text.begin(), text.end()));
  if (body.value->is_object()) body.payload_text = payload_text_of(text);
  return body;
}

bool is_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  return !text.empty() && parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

} // namespace wheelwork
