// Texts of option values that are not TOML's own: sizes, and the nearest known name of a mistyped one.
#pragma once

#include "schedule/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

/// `512B`, `64KiB`, `4MiB`, `2GiB`, `1TiB`: a whole number and a unit.
result<uint64_t, std::string> parse_size(std::string_view text);

/// The shortest text that parse_size reads as the same value.
std::string format_size(uint64_t bytes);

/// The known name nearest to this one, if it is near enough to be what was meant.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// ` (did you mean "x"?)`, or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

} // namespace wheelwork
