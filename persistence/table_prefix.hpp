// The configurable prefix of all tables. SQL texts in the code name tables with `ww_`.
#pragma once

#include <string>
#include <string_view>

namespace wheelwork {

/// Letters, digits and _, at most 32, not a digit first.
bool is_table_prefix(std::string_view prefix);
/// The text with the prefix in place of every `ww_`.
std::string with_table_prefix(std::string_view sql, std::string_view prefix);

} // namespace wheelwork
