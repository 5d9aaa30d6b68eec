#include "tests/persistence/operations_document.hpp"

#include <fstream>
#include <regex>
#include <stdexcept>

namespace wheelwork::testing_journal {

namespace {

std::vector<std::string> lines_of_page() {
  std::ifstream file{WHEELWORK_SOURCE_DIR "/docs/operations.md"};
  if (!file) throw std::runtime_error{"docs/operations.md can't be read"};
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// ```sql is for all databases, ```sql postgres sqlite for two of them.
bool begins_block(const std::string& line, const std::string& database) {
  if (line == "```sql") return true;
  return line.starts_with("```sql ") && (line + " ").find(" " + database + " ") != std::string::npos;
}

} // namespace

std::vector<std::string> documented_sql(const std::string& database) {
  std::vector<std::string> found;
  bool inside = false;
  for (const std::string& line : lines_of_page()) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      found.back() += line + "\n";
    } else if (begins_block(line, database)) {
      inside = true;
      found.emplace_back();
    }
  }
  return found;
}

std::map<std::string, std::set<std::string>> documented_columns() {
  static const std::regex heading{"#+ `(ww_[a-z_]+)`.*"};
  static const std::regex named{"`([a-z_]+)`"};
  std::map<std::string, std::set<std::string>> tables;
  std::set<std::string>* columns = nullptr;
  for (const std::string& line : lines_of_page()) {
    std::smatch match;
    if (line.starts_with("#")) {
      columns = std::regex_match(line, match, heading) ? &tables[match[1]] : nullptr;
    } else if (columns && line.starts_with("| `")) {
      const std::string first = line.substr(0, line.find('|', 1));
      for (std::sregex_iterator at{first.begin(), first.end(), named}, end; at != end; ++at) columns->insert((*at)[1]);
    }
  }
  return tables;
}

} // namespace wheelwork::testing_journal
