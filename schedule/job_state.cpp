#include "schedule/job_state.hpp"

namespace wheelwork {

std::optional<job_state> next_state(job_state state, job_event event) {
  switch (state) {
  case job_state::pending:
    if (event == job_event::attempt_started) return job_state::running;
    if (event == job_event::cancel) return job_state::cancelled;
    return std::nullopt;
  case job_state::running:
    switch (event) {
    case job_event::attempt_succeeded: return job_state::succeeded;
    case job_event::attempt_failed_retry_left: return job_state::pending;
    case job_event::attempt_failed_for_good: return job_state::dead;
    case job_event::cancel: return job_state::cancelled;
    default: return std::nullopt;
    }
  case job_state::succeeded: return std::nullopt;
  case job_state::dead:
  case job_state::cancelled:
    if (event == job_event::retry_by_hand) return job_state::pending;
    return std::nullopt;
  }
  return std::nullopt;
}

std::string_view to_string(job_state state) {
  switch (state) {
  case job_state::pending: return "pending";
  case job_state::running: return "running";
  case job_state::succeeded: return "succeeded";
  case job_state::dead: return "dead";
  case job_state::cancelled: return "cancelled";
  }
  return "?";
}

std::string_view to_string(attempt_outcome outcome) {
  switch (outcome) {
  case attempt_outcome::succeeded: return "succeeded";
  case attempt_outcome::failed: return "failed";
  case attempt_outcome::timed_out: return "timed_out";
  case attempt_outcome::cancelled: return "cancelled";
  case attempt_outcome::lost: return "lost";
  case attempt_outcome::late: return "late";
  }
  return "?";
}

std::optional<job_state> parse_job_state(std::string_view name) {
  for (auto state :
       {job_state::pending, job_state::running, job_state::succeeded, job_state::dead, job_state::cancelled})
    if (name == to_string(state)) return state;
  return std::nullopt;
}

std::optional<attempt_outcome> parse_attempt_outcome(std::string_view name) {
  for (auto outcome : {attempt_outcome::succeeded, attempt_outcome::failed, attempt_outcome::timed_out,
                       attempt_outcome::cancelled, attempt_outcome::lost, attempt_outcome::late})
    if (name == to_string(outcome)) return outcome;
  return std::nullopt;
}

} // namespace wheelwork
