// The life of one attempt in its helper process: from the start of the command until nothing of it runs any more.
#pragma once

#include "targets/process_record.hpp"

namespace wheelwork {

/// Signals that a node sends to a helper.
inline constexpr int cancel_signal = 10; // SIGUSR1

/// What becomes of an attempt:
/// - The time-out, a cancel or SIGTERM from outside end the whole tree: TERM to all, after kill_grace KILL to all.
/// - The command's own end decides the outcome. What it leaves behind has leftover_grace to end by itself, then the
/// same: TERM, kill_grace, KILL.
///   So when the result is there, nothing of the attempt runs any more and the next one can't meet it.
/// - The first output_limit bytes of stdout and stderr are kept, the rest is read and dropped.
///
/// Call in a process of its own with one thread, a child subreaper with all signals blocked, that has no other
/// children.
process_result supervise(const process_order& order, int payload, wall_time started_at);

} // namespace wheelwork
