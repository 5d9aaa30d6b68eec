#include "targets/shell_text.hpp"

#include "messages/visible_text.hpp"

#include <array>

namespace wheelwork {

namespace {

bool is_plain(const text_character& next) { return next.valid && !is_dangerous(next.code); }

/// A byte in the format of printf(1). POSIX wants up to three octal digits, so three of them end the number.
void append_octal(std::string& format, char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  const std::array<char, 4> digits{'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
                                   static_cast<char>('0' + (byte & 7))};
  format.append(digits.data(), digits.size());
}

void append_plain(std::string& format, std::string_view character) {
  switch (character.front()) {
  case '\'': // ends the quotes
  case '!':  // an interactive bash looks for it even there, where the command stands in "$(…)"
    append_octal(format, character.front());
    break;
  case '%': format += "%%"; break;
  case '\\': format += "\\\\"; break;
  case '-': // at the beginning it would be an option
    if (format.empty())
      append_octal(format, '-');
    else
      format += '-';
    break;
  default: format += character;
  }
}

std::string printf_format(std::string_view bytes) {
  std::string format;
  format.reserve(bytes.size() + bytes.size() / 4);
  while (!bytes.empty()) {
    const auto next = first_character(bytes);
    const auto character = bytes.substr(0, next.bytes);
    if (is_plain(next))
      append_plain(format, character);
    else if (character == "\n")
      format += "\\n";
    else
      for (const char letter : character) append_octal(format, letter);
    bytes.remove_prefix(next.bytes);
  }
  return format;
}

std::string quoted(std::string_view bytes) {
  std::string word = "'";
  word.reserve(bytes.size() + 2);
  for (const char letter : bytes) {
    if (letter == '\'')
      word += R"('\'')";
    else
      word += letter;
  }
  return word += '\'';
}

} // namespace

bool is_plain_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto next = first_character(bytes);
    if (!is_plain(next)) return false;
    bytes.remove_prefix(next.bytes);
  }
  return true;
}

std::string shell_word(std::string_view bytes) {
  return is_plain_text(bytes) ? quoted(bytes) : "\"$(" + shell_printf(bytes) + ")\"";
}

std::string shell_printf(std::string_view bytes) { return "printf '" + printf_format(bytes) + "'"; }

} // namespace wheelwork
