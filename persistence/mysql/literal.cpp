#include "persistence/mysql/literal.hpp"

#include "persistence/sql/storable_text.hpp"

#include <charconv>

namespace wheelwork::mysql {

namespace {

// Sessions have no sql_mode in which a backslash would stand for itself.
void append_quoted(std::string& into, std::string_view bytes) {
  into += '\'';
  size_t plain = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    const char any = bytes[at];
    if (any != '\'' && any != '\\' && any != '\0') continue;
    into.append(bytes, plain, at - plain);
    into += '\\';
    into += any == '\0' ? '0' : any;
    plain = at + 1;
  }
  into.append(bytes, plain, bytes.size() - plain);
  into += '\'';
}

bool is_plain(std::string_view text) {
  for (const char any : text)
    if (static_cast<unsigned char>(any) >= 0x80 || any == '\0') return false;
  return true;
}

} // namespace

void append_literal(std::string& into, int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  into.append(digits, end);
}

void append_literal(std::string& into, std::string_view text) {
  if (is_plain(text))
    append_quoted(into, text);
  else
    append_quoted(into, storable_text(text));
}

void append_literal(std::string& into, blob bytes) {
  into += "_binary";
  append_quoted(into, bytes.bytes);
}

} // namespace wheelwork::mysql
