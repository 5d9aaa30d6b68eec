#include "actors/outcome_decision.hpp"

#include "actors/start_rules.hpp"

#include <random>

namespace wheelwork {

namespace {

constexpr std::string_view not_started = "the node stopped before it was begun";

constexpr milliseconds lost_spread_first{500};
constexpr int lost_spread_factor = 4;

/// Jobs that were lost together must not all start together again: one of them takes the node down, and the others
/// would be counted out with it. From the second loss on each waits for a moment of its own, the same whenever it is
/// asked for.
milliseconds wait_after_lost(job_id id, uint32_t in_row) {
  if (in_row < lost_in_row_careful) return milliseconds{0};
  auto spread = lost_spread_first;
  for (auto each = lost_in_row_careful; each < in_row; ++each) spread *= lost_spread_factor;
  std::mt19937_64 random{static_cast<uint64_t>(value_of(id)) ^ (uint64_t{in_row} << 56)};
  return milliseconds{static_cast<int64_t>(random() % static_cast<uint64_t>(spread.count()))};
}

job_end end_of(const job& what, job_state state, wall_time now, attempt_record last, std::string_view reason = {}) {
  job_end end;
  end.id = what.id;
  end.state = state;
  end.finished_at = now;
  end.attempt = last.number;
  end.last = std::move(last);
  end.reason = reason;
  end.keep = keeps_history(what, state);
  return end;
}

} // namespace

attempt_record record_of(const attempt_result& result, const std::string& node, bool counts) {
  attempt_record record;
  record.number = result.number;
  record.node = node;
  record.started_at = result.started_at;
  record.finished_at = result.finished_at;
  record.outcome = counts || result.outcome == attempt_outcome::cancelled ? result.outcome : attempt_outcome::late;
  record.error = result.error;
  record.response = result.response;
  return record;
}

bool keeps_history(const job& what, job_state state) {
  switch (what.how->history) {
  case history_policy::all: return true;
  case history_policy::failures: return state != job_state::succeeded;
  case history_policy::none: return false;
  }
  return true;
}

std::variant<job_end, job_again> decide_lost(const job& what, attempt_record lost, wall_time now) {
  lost.outcome = attempt_outcome::lost;
  if (!lost.finished_at) lost.finished_at = now;
  if (what.how->delivery == delivery_mode::at_most_once) {
    return end_of(what, job_state::dead, now, std::move(lost), reason_unknown_outcome);
  }
  // Nothing of a worker's job runs in the node: it can't be what took the node down.
  const bool poisonous = !waits_for_worker(what);
  auto in_row = static_cast<uint8_t>(what.lost_in_row + (poisonous ? 1 : 0));
  if (in_row >= lost_in_row_max) return end_of(what, job_state::dead, now, std::move(lost), reason_crashed_node);
  job_again again;
  again.id = what.id;
  again.ended = std::move(lost);
  again.due_at = now + wait_after_lost(what.id, in_row);
  again.retries_used = what.retries_used;
  again.lost_in_row = in_row;
  return again;
}

job_again decide_not_started(const job& what, attempt_record unused, wall_time now) {
  unused.outcome = attempt_outcome::lost;
  if (unused.error.empty()) unused.error = not_started;
  job_again again;
  again.id = what.id;
  again.ended = std::move(unused);
  again.due_at = now;
  again.retries_used = what.retries_used;
  again.lost_in_row = what.lost_in_row;
  return again;
}

std::variant<job_end, job_again> decide_outcome(const job& what, const attempt_result& result, const std::string& node,
                                                wall_time now, double random01, bool may_retry) {
  auto record = record_of(result, node, true);
  if (result.outcome == attempt_outcome::succeeded) return end_of(what, job_state::succeeded, now, std::move(record));
  if (result.outcome == attempt_outcome::lost && !result.started)
    return decide_not_started(what, std::move(record), now);
  if (result.outcome == attempt_outcome::lost) return decide_lost(what, std::move(record), now);
  auto delay = what.how->delivery == delivery_mode::at_most_once
                   ? std::nullopt
                   : next_retry_delay(what.how->retry, what.retries_used, random01, result.retry_after);
  if (!delay) return end_of(what, job_state::dead, now, std::move(record));
  if (!may_retry) return end_of(what, job_state::dead, now, std::move(record), reason_task_deleted);
  job_again again;
  again.id = what.id;
  again.ended = std::move(record);
  again.due_at = std::min(now + *delay, latest_wall_time);
  again.retries_used = static_cast<uint16_t>(std::min<unsigned>(what.retries_used + 1u, UINT16_MAX));
  again.lost_in_row = 0;
  return again;
}

job after(const job& what, const job_again& again) {
  job next = what;
  next.attempt = again.ended.number;
  next.fire_time = what.nominal_time();
  next.due_at = again.due_at;
  next.retries_used = again.retries_used;
  next.lost_in_row = again.lost_in_row;
  next.start_recorded = false;
  return next;
}

} // namespace wheelwork
