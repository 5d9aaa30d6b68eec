#include "tests/tidy/source_file.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <utility>

namespace wheelwork::tidy {

namespace {

/// Walks through a C++ text once and takes it apart.
class scanner {
public:
  explicit scanner(std::string_view text) : text_{text} {}

  void run(source_file& into) {
    while (at_ < text_.size()) step(into);
    into.code.push_back(std::move(line_));
  }

private:
  void step(source_file& into) {
    if (text_.substr(at_, 2) == "//")
      blank_until(text_.find('\n', at_), into);
    else if (text_.substr(at_, 2) == "/*")
      blank_until(after("*/", at_ + 2), into);
    else if (text_[at_] == '"')
      read_string(into);
    else if (text_[at_] == '\'' && !digit_separator())
      blank_until(closing('\''), into);
    else
      keep(into);
  }

  void keep(source_file& into) {
    if (text_[at_] == '\n')
      into.code.push_back(std::exchange(line_, {}));
    else
      line_ += text_[at_];
    ++at_;
  }

  void blank_until(size_t end, source_file& into) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_)
      if (text_[at_] == '\n')
        into.code.push_back(std::exchange(line_, {}));
      else
        line_ += ' ';
  }

  void read_string(source_file& into) {
    const size_t line = into.code.size() + 1, begin = at_ + 1;
    size_t first = begin, end = 0, after_end = 0;
    if (!line_.empty() && line_.back() == 'R') {
      first = text_.find('(', begin) + 1;
      const std::string close = ")" + std::string{text_.substr(begin, first - 1 - begin)} + "\"";
      end = std::min(text_.find(close, first), text_.size());
      after_end = end + close.size();
    } else {
      after_end = closing('"');
      end = after_end - 1;
    }
    into.literals.push_back({line, std::string{text_.substr(first, end - first)}});
    line_ += '"';
    ++at_;
    blank_until(after_end - 1, into);
    line_ += '"';
    ++at_;
  }

  bool digit_separator() const { return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0; }

  size_t after(std::string_view token, size_t from) const {
    const auto found = text_.find(token, from);
    return found == std::string_view::npos ? text_.size() : found + token.size();
  }

  /// The position behind the quote that ends the literal which begins here.
  size_t closing(char quote) const {
    for (size_t i = at_ + 1; i < text_.size(); ++i)
      if (text_[i] == '\\')
        ++i;
      else if (text_[i] == quote)
        return i + 1;
    return text_.size();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string line_;
};

void find_includes(source_file& file) {
  static const std::regex form{R"(^\s*#\s*include\s*(["<])([^">]+)[">])"};
  std::string_view rest = file.text;
  for (size_t line = 1; !rest.empty(); ++line) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string one{rest.substr(0, end)};
    // An include inside a comment or a literal left no hash in the code.
    std::smatch found;
    if (file.code[line - 1].find('#') != std::string::npos && std::regex_search(one, found, form))
      file.includes.push_back({line, found[2], found[1] == "\""});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error{"can't read " + path.string()};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

source_file parse_source(std::string path, std::string_view text) {
  source_file file;
  file.path = std::move(path);
  file.text = text;
  scanner{text}.run(file);
  find_includes(file);
  return file;
}

std::vector<source_file> read_tree(const std::filesystem::path& root, const std::vector<std::string>& folders) {
  std::vector<source_file> files;
  for (const auto& folder : folders) {
    if (!exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root / folder})
      if (entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp")
        files.push_back(parse_source(relative(entry.path(), root).generic_string(), read_file(entry.path())));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

} // namespace wheelwork::tidy
