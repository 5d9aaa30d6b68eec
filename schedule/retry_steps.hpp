// Tables of retry delays as the delay_queue service writes them: `1_5,2_15,3_30`, the first retry after 5 seconds, the
// second after 15, the third after 30.
#pragma once

#include "schedule/result.hpp"
#include "schedule/retry.hpp"

#include <string>
#include <string_view>

namespace wheelwork {

/// Exactly `retries` retries; one whose step is not in the table waits `other`. Brackets around the table and blanks
/// are allowed, steps may come in any order, those past `retries` are of no use. The error names the step at fault.
result<retry_policy, std::string> retry_policy_of_steps(std::string_view table, uint32_t retries,
                                                        std::chrono::seconds other);

} // namespace wheelwork
