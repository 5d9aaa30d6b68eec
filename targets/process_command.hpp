// From an attempt to what a helper has to start: executable, arguments and environment.
#pragma once

#include "targets/process_allow.hpp"
#include "targets/process_record.hpp"

#include <functional>

namespace wheelwork {

/// Payloads up to this many bytes stand in WHEELWORK_PAYLOAD too; longer ones, and those with a NUL byte, come on stdin
/// only. Linux takes no single argument or variable of more than 128 KiB.
inline constexpr size_t payload_variable_max = 120 << 10;

struct process_rules {
  const process_allow_list& allow;
  milliseconds kill_grace{};
  size_t output_limit = 0;
  /// Reads a variable of the node's own environment.
  std::function<std::optional<std::string>(const std::string&)> variable;
};

/// The order for an attempt at a job with a process target. The error is why nothing can be started, for the user.
result<process_order, std::string> make_process_order(const attempt_order& attempt, const attempt_identity& identity,
                                                      const process_rules& rules);

/// Variables that every process of this attempt inherits and no other has.
std::vector<std::string> marks_of_attempt(attempt_key key, const attempt_identity& identity);

} // namespace wheelwork
