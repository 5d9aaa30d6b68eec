#include "persistence/postgres/value.hpp"

#include "messages/json_reader.hpp"

namespace wheelwork::postgres {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

/// Length of the character that begins here; 0: none does.
size_t character_at(std::string_view rest) {
  if (rest.front() == '\0') return 0;
  for (size_t length = 1; length <= 4 && length <= rest.size(); ++length)
    if (is_utf8(rest.substr(0, length))) return length;
  return 0;
}

} // namespace

std::string storable_text(std::string_view text) {
  if (text.find('\0') == std::string_view::npos && is_utf8(text)) return std::string{text};
  std::string made;
  while (!text.empty()) {
    const size_t length = character_at(text);
    made += length ? text.substr(0, length) : replacement;
    text.remove_prefix(length ? length : 1);
  }
  return made;
}

value::value(blob raw) {
  static constexpr char digits[] = "0123456789abcdef";
  text_.resize(2 + 2 * raw.bytes.size());
  text_[0] = '\\';
  text_[1] = 'x';
  size_t at = 2;
  for (const char byte : raw.bytes) {
    text_[at++] = digits[static_cast<unsigned char>(byte) >> 4];
    text_[at++] = digits[static_cast<unsigned char>(byte) & 15];
  }
}

void array_text::add(const value& element) {
  if (size_++ > 0) text_ += ',';
  if (element.is_null()) {
    text_ += "NULL";
    return;
  }
  text_ += '"';
  for (const char any : element.text()) {
    if (any == '"' || any == '\\') text_ += '\\';
    text_ += any;
  }
  text_ += '"';
}

value array_text::take() {
  text_ += '}';
  return value::ready(std::move(text_));
}

} // namespace wheelwork::postgres
