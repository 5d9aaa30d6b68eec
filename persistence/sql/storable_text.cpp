#include "persistence/sql/storable_text.hpp"

#include "messages/json_reader.hpp"

namespace wheelwork {

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

} // namespace wheelwork
