// What the program prints: results on standard output, complaints on standard error, nothing that could drive the
// terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

/// Standard output, as it is.
void print(std::string_view text);
/// The same with a newline.
void print_line(std::string_view text);
/// `wheelwork: MESSAGE` on standard error, escaped.
void complain(std::string_view message);

/// Writes out what is buffered. False: it did not arrive; says why unless the reader just went away.
bool finish_output();

/// Text from outside made safe for a terminal: control characters, marks that reorder text and bytes that are no UTF-8
/// as \x1b, \u202e, \xff. Line breaks and tabs are escaped too, for a cell is one line.
std::string escaped(std::string_view text);

/// How many columns a text takes on a terminal. For escaped texts.
size_t columns_of(const std::string& text);

/// Rows under a head, columns aligned.
class text_table {
public:
  explicit text_table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  /// As many cells as the head; each is escaped.
  void add(const std::vector<std::string>& cells);
  std::string text() const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// A line that is written over again while something is waited for. Does nothing unless standard error is a terminal.
class progress_line {
public:
  progress_line();
  ~progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  void show(std::string_view text);
  void clear();

private:
  bool terminal_ = false;
  bool shown_ = false;
};

} // namespace wheelwork
