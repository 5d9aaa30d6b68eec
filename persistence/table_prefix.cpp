#include "persistence/table_prefix.hpp"

#include <algorithm>

namespace wheelwork {

bool is_table_prefix(std::string_view prefix) {
  const auto letter = [](char any) { return (any >= 'a' && any <= 'z') || (any >= 'A' && any <= 'Z') || any == '_'; };
  const auto digit = [](char any) { return any >= '0' && any <= '9'; };
  return prefix.size() <= 32 && (prefix.empty() || letter(prefix.front())) &&
         std::all_of(prefix.begin(), prefix.end(), [&](char any) { return letter(any) || digit(any); });
}

std::string with_table_prefix(std::string_view sql, std::string_view prefix) {
  static constexpr std::string_view written = "ww_";
  std::string text;
  text.reserve(sql.size() + 64);
  for (size_t at = 0; at < sql.size();) {
    if (sql.substr(at, written.size()) == written) {
      text += prefix;
      at += written.size();
    } else {
      text += sql[at++];
    }
  }
  return text;
}

} // namespace wheelwork
