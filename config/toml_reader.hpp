// TOML text → values with their lines. The only door to the TOML library, which is slow to compile.
#pragma once

#include "config/load.hpp"
#include "config/value.hpp"

namespace wheelwork {

/// The whole document, or the first syntax error (TOML parsers stop there). `source` is the file's name in origins and
/// faults.
result<config_table, config_fault> read_toml(const std::string& text, const std::string& source);

/// One value as it stands right of `=`, for arrays given by --set or an environment variable.
result<config_value, std::string> read_toml_value(const std::string& text, const std::string& source);

} // namespace wheelwork
