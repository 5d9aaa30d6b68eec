// What the end of an attempt means for its job. Pure.
#pragma once

#include "messages/attempt.hpp"
#include "messages/journal_change.hpp"

#include <variant>

namespace wheelwork {

/// Why a job is dead although its last attempt alone does not say so.
inline constexpr std::string_view reason_crashed_node = "crashed_node";
inline constexpr std::string_view reason_unknown_outcome = "unknown_outcome";
inline constexpr std::string_view reason_task_deleted = "task_deleted";

/// The attempt's row. An outcome that no longer counts becomes `late`, unless the attempt only obeyed the order to
/// stop.
attempt_record record_of(const attempt_result& result, const std::string& node, bool counts);

/// Ends the job or lets it go on. `random01` in [0, 1) for the jitter; `may_retry`: false when its task was deleted.
std::variant<job_end, job_again> decide_outcome(const job& what, const attempt_result& result, const std::string& node,
                                                wall_time now, double random01, bool may_retry);

/// A lost attempt of the job: again, at once or from the second in a row on after a moment of its own (up to 500 ms, 2
/// s, 8 s), so that jobs lost together do not start together; dead after the fifth in a row or where it must not run
/// twice.
std::variant<job_end, job_again> decide_lost(const job& what, attempt_record lost, wall_time now);

/// An attempt whose start was journaled and that was never begun: nothing is used up.
job_again decide_not_started(const job& what, attempt_record unused, wall_time now);

/// Whether the history policy of the job wants a row for this end.
bool keeps_history(const job& what, job_state state);

/// The job as it is after job_again was committed.
job after(const job& what, const job_again& again);

} // namespace wheelwork
