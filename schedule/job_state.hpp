// The life of a job and of its attempts. docs/state_machine.md draws the same edges; a test compares them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wheelwork {

enum class job_state : uint8_t {
  pending,   ///< from a push, a fire or a failed attempt with retries left, until an attempt starts or it is cancelled;
             ///< as long as until `due_at` and a free executor
  running,   ///< from the start of an attempt until its outcome; at most `timeout` plus the time to stop it
  succeeded, ///< final; by an attempt that succeeded
  dead,      ///< final unless retried by hand; by the last failed attempt, or five lost ones in a row
  cancelled, ///< final unless retried by hand; by a user, an edit or the deletion of its task, or `overlap: replace`
};

enum class attempt_outcome : uint8_t {
  succeeded,
  failed,
  timed_out,
  cancelled,
  lost, ///< the node went away and nobody knows how far it came
  late, ///< the result of an attempt that no longer counts
};

enum class job_event : uint8_t {
  attempt_started,
  attempt_succeeded,
  attempt_failed_retry_left, ///< failed, timed out or lost, and another attempt follows
  attempt_failed_for_good,
  cancel,
  retry_by_hand,
};

/// None: the event can't happen in that state and changes nothing.
std::optional<job_state> next_state(job_state state, job_event event);

constexpr bool is_final(job_state state) {
  return state == job_state::succeeded || state == job_state::dead || state == job_state::cancelled;
}

std::string_view to_string(job_state state);
std::string_view to_string(attempt_outcome outcome);
std::optional<job_state> parse_job_state(std::string_view name);
std::optional<attempt_outcome> parse_attempt_outcome(std::string_view name);

/// Attempts lost in a row after which a job is dead with reason `crashed_node`.
inline constexpr uint32_t lost_in_row_max = 5;
/// Attempts lost in a row from which on a start is committed before its effect.
inline constexpr uint32_t lost_in_row_careful = 2;

} // namespace wheelwork
