#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace wheelwork::tidy {

namespace {

const std::set<std::string> beside_the_libraries{"tests", "benchmarks", "examples"};

bool in_a_library(const source_file& file) { return !beside_the_libraries.contains(file.folder()); }

/// What each folder may include beside itself.
const std::map<std::string, std::set<std::string>>& layers() {
  static const std::map<std::string, std::set<std::string>> below{
      {"schedule", {}},
      {"messages", {"schedule"}},
      {"config", {"messages", "schedule"}},
      {"persistence", {"messages", "schedule"}},
      {"brokers", {"messages", "schedule"}},
      {"targets", {"brokers", "messages", "schedule"}},
      {"sources", {"brokers", "messages", "schedule"}},
      {"actors", {"config", "persistence", "targets", "sources", "brokers", "messages", "schedule"}},
      {"api", {"actors", "config", "persistence", "targets", "sources", "messages", "schedule"}},
      {"app", {"api", "actors", "config", "persistence", "targets", "sources", "brokers", "messages", "schedule"}},
  };
  return below;
}

/// A call that is not made, or made in one place only.
struct ban {
  std::string_view
      hint; ///< stands in every line of that form; looked for first, as a regex takes a hundred times longer
  std::regex form;
  std::string what, instead;
  std::set<std::string> homes; ///< files, or folders with a slash at the end
};

std::regex words(const char* text) { return std::regex{text, std::regex::ECMAScript | std::regex::optimize}; }

const std::vector<ban>& bans() {
  static const std::string clock = "read time through clock_source (schedule/time.hpp), so that tests can move it";
  static const std::string wait =
      "wait for what you wait for: a message, a condition variable with a predicate, poll(2) on a descriptor";
  static const std::set<std::string> clock_homes{"actors/system_clock.cpp", "tests/", "benchmarks/", "examples/"};
  // The helper of a process job runs beside the node and outlives it, so it reads the clock itself.
  static const std::set<std::string> helper_homes{"actors/system_clock.cpp", "targets/process_file.cpp", "tests/",
                                                  "benchmarks/", "examples/"};
  static const std::set<std::string> console_homes{"app/", "tests/", "benchmarks/", "examples/"};
  static const std::vector<ban> all{
      {"system_clock", words(R"(\bsystem_clock\s*::\s*now\b)"), "system_clock::now", clock, clock_homes},
      {"steady_clock", words(R"(\bsteady_clock\s*::\s*now\b)"), "steady_clock::now", clock, clock_homes},
      {"time(", words(R"(((^|[^\w:])(std\s*)?::\s*time\s*\()|(\btime\s*\(\s*(nullptr|NULL|0)\s*\)))"), "time()", clock,
       clock_homes},
      {"gettime", words(R"(\b(clock_gettime|gettimeofday)\s*\()"), "clock_gettime, gettimeofday", clock, helper_homes},
      {"sleep", words(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\b)"), "sleeping", wait, {}},
      {"rand",
       words(R"((^|[^\w.>])(std\s*::\s*)?s?rand\s*\()"),
       "rand",
       "pass in a <random> engine whose seed the caller chooses",
       {}},
      {"cout", words(R"(\bcout\b)"), "std::cout", "libraries log with spdlog; only app/ prints", console_homes},
      {"aout", words(R"(\baout\b)"), "caf::aout", "log with spdlog", {}},
      {"infinite",
       words(R"(\bcaf\s*::\s*infinite\b)"),
       "caf::infinite",
       "give each request a finite time-out from the settings",
       {}},
      {"CAF_MAIN", words(R"(\bCAF_MAIN\b)"), "CAF_MAIN", "app/ builds the actor system from the settings itself", {}},
  };
  return all;
}

bool at_home(const source_file& file, const std::set<std::string>& homes) {
  return std::any_of(homes.begin(), homes.end(), [&](const auto& home) {
    return home.ends_with('/') ? file.path.starts_with(home) : file.path == home;
  });
}

std::string own_source(const std::string& header) { return header.substr(0, header.size() - 3) + "cpp"; }

size_t line_count(const source_file& file) { return file.code.size(); }

} // namespace

std::string to_string(const std::vector<finding>& findings) {
  std::string text;
  for (const auto& [path, line, message] : findings) text += path + ":" + std::to_string(line) + ": " + message + "\n";
  return text;
}

const std::vector<std::string>& source_folders() {
  static const std::vector<std::string> folders{"schedule", "messages",   "config",  "persistence", "brokers",
                                                "targets",  "sources",    "actors",  "api",         "app",
                                                "tests",    "benchmarks", "examples"};
  return folders;
}

std::vector<finding> includes_against_the_arrow(const source_tree& tree) {
  std::vector<finding> found;
  for (const auto& file : tree) {
    const auto below = layers().find(file.folder());
    if (below == layers().end()) continue;
    for (const auto& include : file.includes) {
      const auto from = include.path.substr(0, include.path.find('/'));
      if (!include.quoted || from == file.folder() || below->second.contains(from)) continue;
      found.push_back({file.path, include.line,
                       "includes \"" + include.path + "\": " + from + "/ is not below " + file.folder() +
                           "/ (cmake/layers.cmake has the order)"});
    }
  }
  return found;
}

std::vector<finding> banned_includes(const source_tree& tree) {
  std::set<std::string> headers;
  for (const auto& file : tree) headers.insert(file.path);
  std::vector<finding> found;
  for (const auto& file : tree)
    for (const auto& include : file.includes) {
      if (include.path == "caf/all.hpp")
        found.push_back({file.path, include.line,
                         "includes all of CAF: name the headers that the file uses, it compiles seconds faster"});
      else if (include.path.starts_with("caf/") && file.folder() == "schedule")
        found.push_back(
            {file.path, include.line, "includes " + include.path + ": schedule/ is plain C++, actors call it"});
      if (include.quoted && !headers.contains(include.path))
        found.push_back(
            {file.path, include.line, "includes \"" + include.path + "\": quoted paths start at the project's root"});
    }
  return found;
}

std::vector<finding> banned_calls(const source_tree& tree) {
  std::vector<finding> found;
  for (const auto& file : tree)
    for (const auto& ban : bans()) {
      if (at_home(file, ban.homes)) continue;
      for (size_t i = 0; i < file.code.size(); ++i)
        if (file.code[i].find(ban.hint) != std::string::npos && std::regex_search(file.code[i], ban.form))
          found.push_back({file.path, i + 1, ban.what + ": " + ban.instead});
    }
  return found;
}

std::vector<finding> sql_outside_persistence(const source_tree& tree) {
  static const std::regex statement{
      R"(^\s*(select\s.+\sfrom\s|insert\s+(or\s+\w+\s+)?into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+(table|index)\s|begin\s+immediate))",
      std::regex::icase | std::regex::optimize};
  std::vector<finding> found;
  for (const auto& file : tree) {
    if (!in_a_library(file) || file.folder() == "persistence") continue;
    for (const auto& text : file.literals)
      if (std::regex_search(text.text, statement))
        found.push_back({file.path, text.line,
                         "SQL: only persistence/ knows the tables; ask the journal (persistence/journal.hpp)"});
  }
  return found;
}

std::vector<finding> unused_headers(const source_tree& tree) {
  std::map<std::string, std::set<std::string>> users;
  for (const auto& file : tree)
    for (const auto& include : file.includes) users[include.path].insert(file.path);
  std::vector<finding> found;
  for (const auto& file : tree) {
    if (!file.is_header()) continue;
    const auto& by = users[file.path];
    const bool used = std::any_of(by.begin(), by.end(), [&](const auto& user) {
      return user != own_source(file.path) && (!in_a_library(file) || !user.starts_with("tests/"));
    });
    if (!used) found.push_back({file.path, 1, "nobody includes it but its own source and tests: use it or delete it"});
  }
  return found;
}

std::vector<finding> headers_without_opening(const source_tree& tree) {
  std::vector<finding> found;
  for (const auto& file : tree) {
    if (!file.is_header()) continue;
    if (!file.text.starts_with("// "))
      found.push_back({file.path, 1, "open the header with a sentence on what the thing is for"});
    if (std::find(file.code.begin(), file.code.end(), "#pragma once") == file.code.end())
      found.push_back({file.path, 1, "lacks #pragma once"});
  }
  return found;
}

std::vector<finding> long_files(const source_tree& tree, size_t lines_max) {
  std::vector<finding> found;
  for (const auto& file : tree)
    if (line_count(file) > lines_max) found.push_back({file.path, 1, std::to_string(line_count(file)) + " lines"});
  return found;
}

} // namespace wheelwork::tidy
