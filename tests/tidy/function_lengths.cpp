// Finds functions by their braces. Good enough to ask a reader for a look, which is all that it is for.
#include "tests/tidy/rules.hpp"

#include <regex>

namespace wheelwork::tidy {

namespace {

enum class block : char { scope, function, other };

block kind_of(const std::string& before) {
  static const std::regex scope{
      R"(^\s*(inline\s+)?(namespace|class|struct|union|enum|extern|template\s*<.*>\s*(class|struct))\b[^()]*$)"};
  static const std::regex control{R"(^\s*(if|for|while|switch|catch|do|else|try|return)\b)"};
  if (std::regex_search(before, scope)) return block::scope;
  if (before.find(')') == std::string::npos || std::regex_search(before, control)) return block::other;
  return block::function;
}

/// Follows the braces of one file.
class brace_walk {
public:
  brace_walk(const source_file& file, size_t lines_max) : file_{file}, lines_max_{lines_max} {}

  std::vector<finding> run() {
    for (line_ = 0; line_ < file_.code.size(); ++line_) {
      if (file_.code[line_].starts_with('#')) continue;
      for (const char c : file_.code[line_]) take(c);
      before_ += ' ';
    }
    return std::move(found_);
  }

private:
  void take(char c) {
    if (c == '{') {
      open();
    } else if (c == '}') {
      close();
    } else if (c == ';') {
      before_.clear();
    } else {
      before_ += c;
    }
  }

  void open() {
    auto kind = kind_of(before_);
    // Blocks inside a function are part of it.
    if (!open_.empty() && open_.back().kind != block::scope) kind = block::other;
    open_.push_back({kind, line_});
    before_.clear();
  }

  void close() {
    before_.clear();
    if (open_.empty()) return;
    const auto [kind, begin] = open_.back();
    open_.pop_back();
    const size_t lines = line_ - begin + 1;
    if (kind == block::function && lines > lines_max_)
      found_.push_back({file_.path, begin + 1, "a function of " + std::to_string(lines) + " lines"});
  }

  struct opened {
    block kind;
    size_t line;
  };
  const source_file& file_;
  size_t lines_max_;
  size_t line_ = 0;
  std::string before_;
  std::vector<opened> open_;
  std::vector<finding> found_;
};

} // namespace

std::vector<finding> long_functions(const source_tree& tree, size_t lines_max) {
  std::vector<finding> found;
  for (const auto& file : tree)
    for (auto& one : brace_walk{file, lines_max}.run()) found.push_back(std::move(one));
  return found;
}

} // namespace wheelwork::tidy
