#include "schedule/time_zone_names.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <vector>

namespace wheelwork {

namespace {

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '_';
  }
  return lower;
}

std::vector<std::string> read_names() {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code failed;
  fs::recursive_directory_iterator entry{fs::path{time_zone_folder}, failed}, end;
  while (!failed && entry != end) {
    auto name = entry->path().lexically_relative(fs::path{time_zone_folder}).generic_string();
    if (entry->is_directory(failed)) {
      if (name == "posix" || name == "right") entry.disable_recursion_pending();
    } else if (name[0] >= 'A' && name[0] <= 'Z' && name.find('.') == std::string::npos) {
      names.push_back(std::move(name));
    }
    entry.increment(failed);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Levenshtein's distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      auto above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

} // namespace

std::string nearest_time_zone_name(std::string_view name) {
  constexpr size_t longest = 64; // no zone has a longer name
  if (name.empty() || name.size() > longest) return {};
  static const auto names = read_names();
  auto wanted = lower_case(name);
  auto best_distance = std::max<size_t>(2, name.size() / 4) + 1;
  std::string best;
  for (const auto& candidate : names) {
    auto lower = lower_case(candidate);
    auto distance = edit_distance(wanted, lower);
    auto city = lower.substr(lower.rfind('/') + 1);
    if (city != lower) distance = std::min(distance, edit_distance(wanted, city) + 1);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

} // namespace wheelwork
