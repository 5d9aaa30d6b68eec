// One file of the source tree as the tidy rules see it: code without comments and literals, the literals, the includes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork::tidy {

struct include_line {
  size_t line = 0;     ///< from 1
  std::string path;    ///< as written, without the quotes
  bool quoted = false; ///< "…", not <…>
};

struct literal {
  size_t line = 0;  ///< where it begins
  std::string text; ///< escapes left as they are
};

struct source_file {
  std::string path;              ///< from the project's root
  std::string text;              ///< as it is on disk
  std::vector<std::string> code; ///< its lines; comments and the insides of literals are blanks
  std::vector<literal> literals;
  std::vector<include_line> includes;

  /// The first part of the path: schedule, messages, …
  std::string folder() const { return path.substr(0, path.find('/')); }
  bool is_header() const { return path.ends_with(".hpp"); }
};

source_file parse_source(std::string path, std::string_view text);

/// Every .cpp and .hpp below these folders, in the order of their paths.
std::vector<source_file> read_tree(const std::filesystem::path& root, const std::vector<std::string>& folders);

} // namespace wheelwork::tidy
