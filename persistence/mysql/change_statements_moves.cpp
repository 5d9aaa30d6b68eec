// The statements about jobs that exist: ended, put back, started, late.
#include "persistence/job_terms.hpp"
#include "persistence/mysql/change_statements.hpp"
#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_job.hpp"

#include <algorithm>

namespace wheelwork::mysql {

namespace {

/// In the order of the key, so that two transactions meet rows in one order.
template <class Part>
std::vector<const Part*> by_id(const gathered_parts<Part>& parts) {
  std::vector<const Part*> sorted;
  sorted.reserve(parts.size());
  for (const auto& part : parts) sorted.push_back(part.what);
  std::sort(sorted.begin(), sorted.end(), [](const Part* a, const Part* b) { return a->id < b->id; });
  return sorted;
}

std::vector<literal> ids_of(const auto& parts) {
  std::vector<literal> ids;
  ids.reserve(parts.size());
  for (const auto* part : parts) ids.emplace_back(value_of(part->id));
  return ids;
}

given_rows given_ends(const std::vector<const job_end*>& ends) {
  given_rows all{{"id", "state", "finished_at", "attempt", "reason", "last_number", "last_node", "last_started_at",
                  "last_finished_at", "last_outcome", "last_error", "last_response"}};
  for (const job_end* end : ends) {
    const attempt_record none;
    const attempt_record& last = end->last ? *end->last : none;
    all.add(value_of(end->id), number_of(end->state), to_column(end->finished_at), end->attempt,
            unless_empty(end->reason), end->last ? std::optional{last.number} : std::nullopt, unless_empty(last.node),
            to_column(last.started_at), to_column(last.finished_at), outcome_column(last), unless_empty(last.error),
            unless_empty(last.response));
  }
  return all;
}

} // namespace

auto change_statements::missing_of(const auto& parts) -> id_set {
  id_set missing;
  for (const auto* part : parts) missing.insert(value_of(part->id));
  send_list(database_, sql::live_ids, ids_of(parts), ") for update", [&](rows& found) {
    while (found.next()) missing.erase(static_cast<uint64_t>(found->integer(0)));
  });
  return missing;
}

auto change_statements::end_jobs(const gathered_parts<job_end>& ends) -> id_set {
  const auto sorted = by_id(ends);
  const size_t moved = given_ends(sorted).send(database_, sql::end_jobs);
  id_set missing;
  if (moved < sorted.size()) missing = missing_of(sorted);
  const size_t deleted = given_rows::of_ids(ids_of(sorted)).send(database_, sql::delete_jobs);
  if (deleted != moved)
    throw failure{error_number::deadlock, std::to_string(moved) + " jobs went into history and " +
                                              std::to_string(deleted) + " left the live ones"};
  std::vector<term_row> bad_ends; // what lists of dead and cancelled jobs walk along
  for (const job_end* end : sorted)
    if (end->state != job_state::succeeded && !missing.contains(value_of(end->id)))
      bad_ends.push_back({state_term(end->state), end->id});
  if (!bad_ends.empty()) add_terms(bad_ends);
  return missing;
}

std::vector<taken_job> change_statements::take_jobs(const std::vector<job_id>& jobs) {
  std::vector<job_id> sorted = jobs;
  std::sort(sorted.begin(), sorted.end());
  const std::vector<literal> ids = literals_of(sorted);
  std::vector<taken_job> taken;
  send_list(database_, sql::jobs_to_take, ids, ") for update", [&](rows& found) {
    while (found.next()) {
      taken_job& one = taken.emplace_back();
      one.id = job_id{static_cast<uint64_t>(found->integer(0))};
      one.terms = terms_of_row(found.row(), 1);
      if (!found->is_null(1) && !found->is_null(5))
        one.fire = ledger_row{task_id{static_cast<uint64_t>(found->integer(1))}, to_time(found->integer(5)), one.id};
    }
  });
  if (!taken.empty()) given_rows::of_ids(ids).send(database_, sql::delete_jobs);
  return taken;
}

auto change_statements::put_back(const gathered_parts<job_again>& agains) -> id_set {
  const auto sorted = by_id(agains);
  given_rows all{{"id", "due_at", "number", "retries_used", "lost_in_row"}};
  for (const job_again* again : sorted)
    all.add(value_of(again->id), to_column(again->due_at), again->ended.number, again->retries_used,
            static_cast<int64_t>(again->lost_in_row));
  id_set missing;
  if (all.send(database_, sql::put_back) < sorted.size()) missing = missing_of(sorted);
  row_list attempts{database_, sql::put_attempts, sql::merge_attempts};
  for (const job_again* again : sorted) {
    if (missing.contains(value_of(again->id))) continue;
    const attempt_record& ended = again->ended;
    attempts.add(value_of(again->id), ended.number, ended.node, to_column(ended.started_at),
                 to_column(ended.finished_at), outcome_column(ended), ended.error, ended.response);
  }
  attempts.finish();
  return missing;
}

auto change_statements::start_jobs(const gathered_parts<job_start>& starts) -> id_set {
  const auto sorted = by_id(starts);
  given_rows all{{"id", "attempt", "started_at", "node"}};
  for (const job_start* start : sorted)
    all.add(value_of(start->id), start->attempt, to_column(start->started_at), node_name_);
  if (all.send(database_, sql::start_jobs) == sorted.size()) return {};
  return missing_of(sorted);
}

void change_statements::add_late_results(const gathered_parts<late_result>& lates) {
  given_rows all{{"job_id", "number", "node", "started_at", "finished_at", "outcome", "error", "response"}};
  for (const late_result* late : by_id(lates)) {
    const attempt_record& one = late->attempt;
    all.add(value_of(late->id), one.number, one.node, to_column(one.started_at), to_column(one.finished_at),
            outcome_column(one), one.error, one.response);
  }
  all.send(database_, sql::late_results);
}

void change_statements::update_states(const task_states& states) {
  given_rows all{{"task", "fired_until", "runs", "next_fire", "enabled_at", "disabled_at"}};
  for (const auto& [task, state] : states)
    all.add(task, to_column(state.fired_until), state.runs, to_column(state.next_fire), to_column(state.enabled_at),
            to_column(state.disabled_at));
  all.send(database_, sql::update_task_states);
}

void change_statements::put_skips(const fire_skips& skips) {
  row_list all{database_, sql::add_skips, sql::merge_skips};
  for (const auto& [key, skip] : skips)
    all.add(value_of(skip.task), to_column(skip.span.from), number_of(skip.verdict), to_column(skip.span.to),
            skip.span.count);
  all.finish();
}

} // namespace wheelwork::mysql
