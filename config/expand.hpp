// `${NAME}` in strings, and secrets that stand in files.
#pragma once

#include "config/load.hpp"
#include "config/value.hpp"

namespace wheelwork {

/// Whether `${env:NAME}` has a meaning there: in tasks and pools it is for the executor and stays as it is.
enum class env_reference : uint8_t { refused, left_alone };

/// Fills in environment variables. `$${` stands for `${`. The error names what is missing or malformed.
result<std::string, std::string> expand_variables(const std::string& text, const config_request& request,
                                                  env_reference in_tasks);

/// Fills in all strings of a tree, those below the members `task` and `pool` as tasks. Faults are added.
void expand_tree(config_table& tree, const config_request& request, std::vector<config_fault>& faults);

/// A secret as it stands, or the content of `file:PATH` without the newline at its end. The error says what is wrong
/// with the file.
result<std::string, std::string> read_secret(const std::string& text);

/// A whole file, at most `size_max` bytes. The error is the reason alone, without the path.
result<std::string, std::string> read_whole_file(const std::string& path, size_t size_max);

} // namespace wheelwork
