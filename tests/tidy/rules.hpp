// The rules that the source tree keeps about itself.
#pragma once

#include "tests/tidy/source_file.hpp"

#include <string>
#include <vector>

namespace wheelwork::tidy {

struct finding {
  std::string path;
  size_t line = 0;
  std::string message; ///< what is wrong and what would be right
};
/// One finding a line: PATH:LINE: message
std::string to_string(const std::vector<finding>& findings);

using source_tree = std::vector<source_file>;

/// All folders that hold C++, in the order of the links.
const std::vector<std::string>& source_folders();

/// Includes against the arrow schedule <- messages <- {config, persistence, brokers <- {targets, sources}} <- actors <-
/// api <- app.
std::vector<finding> includes_against_the_arrow(const source_tree& tree);
/// Includes that no file of the project may have: all of CAF at once, CAF in schedule/, quoted paths that are not from
/// the root.
std::vector<finding> banned_includes(const source_tree& tree);
/// Calls that have one home or none, each with what to use instead.
std::vector<finding> banned_calls(const source_tree& tree);
/// SQL outside persistence/.
std::vector<finding> sql_outside_persistence(const source_tree& tree);
/// Headers that nothing but their own .cpp file and tests include.
std::vector<finding> unused_headers(const source_tree& tree);
/// Headers that do not open with a sentence about what they are for, or lack `#pragma once`.
std::vector<finding> headers_without_opening(const source_tree& tree);

/// Only worth a look: long files and long functions.
std::vector<finding> long_files(const source_tree& tree, size_t lines_max);
std::vector<finding> long_functions(const source_tree& tree, size_t lines_max);

} // namespace wheelwork::tidy
