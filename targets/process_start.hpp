// Starts the command of an attempt: session, user, folder, limits and streams of its own, nothing inherited.
#pragma once

#include "targets/process_record.hpp"

namespace wheelwork {

/// Forks and executes. `input` becomes stdin (-1: nothing to read), `output` stdout and stderr. Returns the pid once
/// the program runs; the error says why it does not. Call from a process with one thread.
result<pid_t, std::string> start_command(process_order order, int input, int output);

} // namespace wheelwork
