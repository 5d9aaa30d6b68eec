#include "targets/process_allow.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fnmatch.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace wheelwork {

namespace {

std::optional<std::string> real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real{::realpath(path.c_str(), nullptr), &std::free};
  if (!real) return std::nullopt;
  return std::string{real.get()};
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

/// The path with the links of its folder resolved and its last part as it is. None: there is no such folder.
std::optional<std::string> with_real_folder(const std::string& path) {
  size_t slash = path.rfind('/');
  auto folder = real_path(path.substr(0, slash + 1));
  if (!folder) return std::nullopt;
  return joined(*folder, path.substr(slash + 1));
}

bool has_wildcard(const std::string& pattern) { return pattern.find('*') != pattern.npos; }

/// The pattern with the links resolved in that part of its folder that has no wildcard.
std::string with_real_start(const std::string& pattern) {
  size_t slash = pattern.rfind('/', pattern.find('*'));
  auto folder = real_path(pattern.substr(0, slash + 1));
  return folder ? joined(*folder, pattern.substr(slash + 1)) : pattern;
}

bool matches(const std::string& pattern, const std::string& path) {
  std::string escaped;
  for (char c : pattern) {
    if (c == '?' || c == '[' || c == '\\') escaped += '\\'; // only * is a wildcard
    escaped += c;
  }
  return ::fnmatch(escaped.c_str(), path.c_str(), FNM_PATHNAME) == 0;
}

std::string in_quotes(const std::string& text) { return "`" + text + "`"; }

std::string is_not_allowed(const std::string& path) {
  return in_quotes(path) + " is not in process_target.allow: add " + in_quotes(path) +
         " to process_target.allow in the configuration of this node to let jobs start it";
}

} // namespace

result<process_allow_list, std::string> process_allow_list::make(std::vector<std::string> patterns) {
  for (const auto& pattern : patterns) {
    auto refuse = [&](const char* why) { return failure("process_target.allow: " + in_quotes(pattern) + " " + why); };
    if (!pattern.starts_with('/')) return refuse("must be an absolute path, such as /usr/bin/report or /opt/jobs/*");
    if (pattern.ends_with('/')) return refuse("is a folder; to allow all programs in it, write a * after it");
    auto path = std::filesystem::path{pattern};
    if (std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".." || part == "."; }))
      return refuse("must not hold . or .. as a part of the path");
  }
  process_allow_list list;
  list.patterns_ = std::move(patterns);
  return list;
}

bool process_allow_list::allows(const std::string& named) const {
  std::vector<std::string> wild;
  bool by_wildcard = false;
  for (const auto& pattern : patterns_) {
    auto real = with_real_start(pattern);
    bool here = matches(real, named) || matches(pattern, named);
    if (!has_wildcard(pattern)) {
      if (here) return true;
      continue;
    }
    by_wildcard = by_wildcard || here;
    wild.push_back(real);
  }
  if (!by_wildcard) return false;
  auto real = real_path(named);
  return !real || std::any_of(wild.begin(), wild.end(), [&](const auto& pattern) { return matches(pattern, *real); });
}

result<std::string, std::string> process_allow_list::check(const std::string& path) const {
  auto named = with_real_folder(path);
  if (!allows(named.value_or(std::filesystem::path{path}.lexically_normal().string()))) {
    auto real = named ? real_path(*named) : std::nullopt;
    if (real && *real != *named && *real != path)
      return failure(is_not_allowed(path) + " (it leads to " + in_quotes(*real) + ")");
    return failure(is_not_allowed(path));
  }
  struct stat status {};
  if (!named || ::stat(named->c_str(), &status) != 0) {
    int error = errno;
    if (!named || error == ENOENT || error == ENOTDIR)
      return failure("the command " + in_quotes(path) + " does not exist");
    return failure("the command " + in_quotes(path) + " can't be looked at: " + std::generic_category().message(error));
  }
  if (!S_ISREG(status.st_mode))
    return failure("the command " + in_quotes(path) + " is not executable: it is not a file");
  if ((status.st_mode & 0111) == 0)
    return failure("the command " + in_quotes(path) + " is not executable: set its permission with chmod +x");
  return *named;
}

result<std::string, std::string> process_allow_list::find(const std::string& command,
                                                          const std::string& search_path) const {
  if (command.empty()) return failure(std::string{"the command is empty; its first part must name an executable"});
  if (command.find('\0') != command.npos) return failure(std::string{"the command's name holds a NUL byte"});
  if (command.starts_with('/')) return check(command);
  if (command.find('/') != command.npos)
    return failure("the command " + in_quotes(command) +
                   " must be an absolute path or a bare name to be found in PATH");
  for (size_t at = 0; at <= search_path.size();) {
    size_t end = std::min(search_path.find(':', at), search_path.size());
    auto folder = search_path.substr(at, end - at);
    at = end + 1;
    if (!folder.starts_with('/')) continue; // relative folders depend on where a program stands
    auto path = joined(folder, command);
    if (::access(path.c_str(), X_OK) == 0 && !std::filesystem::is_directory(path)) return check(path);
  }
  return failure("the command " + in_quotes(command) + " does not exist in PATH (" + search_path +
                 "), or is not executable there");
}

} // namespace wheelwork
