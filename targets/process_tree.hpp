// Processes and what descends from them: telling one from a later one with the same number, and ending a whole tree.
#pragma once

#include "targets/process_record.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace wheelwork {

/// The caller's own name.
process_name own_process_name();
/// Of the running kernel; empty where /proc is missing.
std::string current_boot_id();

/// Opens the process of that name. None: it has ended.
descriptor open_process(const process_name& name);
/// Sends a signal to the process behind a pidfd; an errno or 0.
int signal_process(int process, int signal);

/// Sends `signal` to every descendant of the caller, also to those that are born meanwhile. A caller that is a child
/// subreaper (PR_SET_CHILD_SUBREAPER) reaches daemons too: whatever lost its parent is its child. Returns how many got
/// it.
size_t signal_descendants(int signal);

/// Kills every process of the machine whose environment holds all of these NAME=value, wherever it descends from. For
/// trees whose helper is gone. Returns how many got the signal.
size_t kill_processes_with(const std::vector<std::string>& environment);

} // namespace wheelwork
