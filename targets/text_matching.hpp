// Comparison of header names, in ASCII and without regard to case.
#pragma once

#include <algorithm>
#include <string_view>

namespace wheelwork {

constexpr char lower_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool equal_without_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower_of(a) == lower_of(b); });
}

constexpr bool begins_without_case(std::string_view text, std::string_view prefix) {
  return equal_without_case(text.substr(0, prefix.size()), prefix);
}

} // namespace wheelwork
