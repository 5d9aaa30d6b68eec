// A configuration value with the place that it came from: what every layer (file, environment, --set) is turned into
// before it is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wheelwork {

/// Where a value stands.
struct config_origin {
  std::string file; ///< or `--set`, or the environment variable
  size_t line = 0;  ///< from 1; 0: no line
};

/// A TOML date or time; wheelwork has no option of that type, but tasks may hold some.
struct config_time {
  std::string text;
};

struct config_member;
struct config_value;
using config_array = std::vector<config_value>;
using config_table = std::vector<config_member>; ///< in the order of the file, each name once

struct config_value {
  std::variant<bool, int64_t, double, std::string, config_time, config_array, config_table> what;
  config_origin origin;
  bool verbatim = false; ///< `${NAME}` in it is left as it is

  const config_table* table() const { return std::get_if<config_table>(&what); }
  config_table* table() { return std::get_if<config_table>(&what); }
  const config_array* array() const { return std::get_if<config_array>(&what); }
  const std::string* text() const { return std::get_if<std::string>(&what); }
};

struct config_member {
  std::string name;
  config_value value;
};

/// `a string`, `an array`, …: for sentences about a wrong type.
std::string_view type_name(const config_value& value);

/// The member of that name, or null.
const config_value* find_member(const config_table& table, std::string_view name);
config_value* find_member(config_table& table, std::string_view name);

/// Gives a value and all inside it another origin.
void set_origin(config_value& value, const config_origin& origin, bool verbatim);

/// Lays `over` over `base`: tables member by member, everything else (arrays too) as a whole.
void lay_over(config_table& base, const config_table& over);

} // namespace wheelwork
