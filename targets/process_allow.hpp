// Which executables jobs may start on this node (`process_target.allow`).
#pragma once

#include "schedule/result.hpp"

#include <string>
#include <vector>

namespace wheelwork {

/// The executables that a node's settings allow. A command must be named as a pattern names it, its folder's links
/// resolved; where the name is a link itself, a pattern without wildcard allows what it leads to, one with a wildcard
/// only what such a pattern matches too. So neither `..` nor a link in a folder of many leads out, and a link to a
/// program of many names (busybox) allows that one name.
class process_allow_list {
public:
  /// Absolute paths; `*` stands for any characters but `/`. The error names a pattern that can't be right.
  static result<process_allow_list, std::string> make(std::vector<std::string> patterns);

  /// The path to start for a command, which is absolute or a bare name to be found in `search_path` (as in PATH). The
  /// error says why it may not or can't be started and what would be right.
  result<std::string, std::string> find(const std::string& command, const std::string& search_path) const;

private:
  bool allows(const std::string& named) const;
  result<std::string, std::string> check(const std::string& path) const;

  std::vector<std::string> patterns_;
};

} // namespace wheelwork
