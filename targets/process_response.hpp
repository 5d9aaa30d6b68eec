// From a helper's record to the result of an attempt as the journal and the API show it.
#pragma once

#include "targets/process_record.hpp"

namespace wheelwork {

/// The response is `{"exit_code":0,"output":"…"}`: `signal` for a command that a signal ended, `output_base64` for
/// output that is not UTF-8,
/// `"truncated":true` where more was printed than the node keeps.
attempt_result to_attempt_result(const process_result& result);

} // namespace wheelwork
