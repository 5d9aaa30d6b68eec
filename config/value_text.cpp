#include "config/value_text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace wheelwork {
namespace {

constexpr std::pair<std::string_view, unsigned> size_units[] = {
    {"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};

/// Insertions, deletions, changes and swaps of neighbours that turn one text into the other.
size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::vector<size_t>> cost(left.size() + 1, std::vector<size_t>(right.size() + 1));
  for (size_t row = 0; row <= left.size(); ++row) cost[row][0] = row;
  for (size_t column = 0; column <= right.size(); ++column) cost[0][column] = column;
  for (size_t row = 1; row <= left.size(); ++row)
    for (size_t column = 1; column <= right.size(); ++column) {
      size_t change = left[row - 1] == right[column - 1] ? 0 : 1;
      cost[row][column] =
          std::min({cost[row - 1][column] + 1, cost[row][column - 1] + 1, cost[row - 1][column - 1] + change});
      bool swapped = row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
      if (swapped) cost[row][column] = std::min(cost[row][column], cost[row - 2][column - 2] + 1);
    }
  return cost[left.size()][right.size()];
}

} // namespace

result<uint64_t, std::string> parse_size(std::string_view text) {
  const std::string fault =
      "\"" + std::string{text} + "\" is no size; write a whole number and a unit: 512B, 64KiB, 4MiB, 2GiB";
  uint64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return failure(fault);
  std::string_view unit{end, static_cast<size_t>(text.data() + text.size() - end)};
  for (auto [name, shift] : size_units) {
    if (unit != name) continue;
    if (number > (uint64_t{INT64_MAX} >> shift)) return failure("\"" + std::string{text} + "\" is too large");
    return number << shift;
  }
  return failure(fault);
}

std::string format_size(uint64_t bytes) {
  for (auto [name, shift] : size_units) {
    bool whole = bytes != 0 && (bytes & ((uint64_t{1} << shift) - 1)) == 0;
    if (whole) return std::to_string(bytes >> shift) + std::string{name};
  }
  return "0B";
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::string nearest;
  size_t best = std::min<size_t>(std::max<size_t>(name.size() / 3, 1), 4) + 1;
  if (name.size() > 100) return nearest;
  for (const auto& candidate : known) {
    size_t apart = distance(name, candidate);
    if (apart >= best) continue;
    best = apart;
    nearest = candidate;
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  auto nearest = nearest_name(name, known);
  return nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?";
}

} // namespace wheelwork
