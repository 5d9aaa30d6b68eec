#include "app/console.hpp"

#include "messages/visible_text.hpp"

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <unistd.h>
#include <utility>

namespace wheelwork {
namespace {

std::string hexadecimal(char32_t code, size_t digits) {
  std::string text;
  for (size_t digit = digits; digit-- > 0;) text += "0123456789abcdef"[(code >> (4 * digit)) & 15];
  return text;
}

/// Why standard output could not be written, first of all; 0: it could. A later failure says less.
int output_fault = 0;

void note_output(bool written) {
  if (!written && output_fault == 0) output_fault = errno == 0 ? EIO : errno;
}

} // namespace

void print(std::string_view text) {
  errno = 0;
  note_output(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

void print_line(std::string_view text) {
  print(text);
  print("\n");
}

void complain(std::string_view message) {
  // Lines stay lines: a complaint may be a list.
  std::string text = "wheelwork: ";
  while (true) {
    auto end = message.find('\n');
    text += escaped(message.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    message.remove_prefix(end + 1);
  }
  errno = 0;
  note_output(std::fflush(stdout) == 0);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool finish_output() {
  errno = 0;
  note_output(std::fflush(stdout) == 0);
  if (output_fault != 0 && output_fault != EPIPE)
    complain(std::string{"can't write to standard output: "} + std::strerror(output_fault));
  return output_fault == 0;
}

std::string escaped(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    auto next = first_character(text);
    if (!next.valid)
      safe += "\\x" + hexadecimal(static_cast<unsigned char>(text.front()), 2);
    else if (next.code == '\n')
      safe += "\\n";
    else if (next.code == '\t')
      safe += "\\t";
    else if (next.code == '\r')
      safe += "\\r";
    else if (is_dangerous(next.code))
      safe += next.code < 0x100 ? "\\x" + hexadecimal(next.code, 2) : "\\u" + hexadecimal(next.code, 4);
    else
      safe += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
  return safe;
}

size_t columns_of(const std::string& text) {
  // The C library knows the widths; its tables don't depend on the user's language.
  static const bool ready = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  size_t columns = 0;
  for (std::string_view rest = text; !rest.empty();) {
    auto next = first_character(rest);
    int width = ready ? wcwidth(static_cast<wchar_t>(next.code)) : 1;
    columns += width > 0 ? static_cast<size_t>(width) : 0;
    rest.remove_prefix(next.bytes);
  }
  return columns;
}

void text_table::add(const std::vector<std::string>& cells) {
  std::vector<std::string> row;
  row.reserve(cells.size());
  for (const auto& cell : cells) row.push_back(escaped(cell));
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

std::string text_table::text() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], columns_of(row[column]));
  std::string all;
  for (const auto& row : rows_) {
    for (size_t column = 0; column < row.size(); ++column) {
      all += row[column];
      if (column + 1 < row.size()) all.append(widths[column] - columns_of(row[column]) + 2, ' ');
    }
    all.erase(all.find_last_not_of(' ') + 1);
    all += '\n';
  }
  return all;
}

progress_line::progress_line() : terminal_{isatty(STDERR_FILENO) == 1} {}

progress_line::~progress_line() { clear(); }

void progress_line::clear() {
  if (std::exchange(shown_, false)) std::fputs("\r\033[K", stderr);
}

void progress_line::show(std::string_view text) {
  if (!terminal_) return;
  auto line = "\r\033[K" + escaped(text);
  std::fwrite(line.data(), 1, line.size(), stderr);
  shown_ = true;
}

} // namespace wheelwork
