// wheelwork job wait.
#pragma once

#include "app/commands.hpp"

namespace wheelwork {

/// Asks the server again and again, 0.1 s to 1 s apart, until the job is final or `timeout` (a duration; empty: none)
/// is over. Once the server has answered, it may be away for half a minute (a restart) before that counts as
/// unreachable.
int wait_for_job(const client_options& options, const std::string& id, const std::string& timeout);

} // namespace wheelwork
