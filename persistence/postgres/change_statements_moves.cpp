// The statements about jobs that exist: ended, put back, started, late.
#include "persistence/job_terms.hpp"
#include "persistence/postgres/change_statements.hpp"
#include "persistence/postgres/sql_job.hpp"
#include "persistence/postgres/sql_task.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

change_statements::id_set ids_in(rows found) {
  change_statements::id_set ids;
  while (found.next()) ids.insert(static_cast<uint64_t>(found->integer(0)));
  return ids;
}

/// Those that a statement did not answer.
change_statements::id_set missing_in(rows found, const auto& parts) {
  change_statements::id_set missing;
  if (found.size() == parts.size()) return missing;
  for (const auto& part : parts) missing.insert(value_of(part.what->id));
  while (found.next()) missing.erase(static_cast<uint64_t>(found->integer(0)));
  return missing;
}

/// Columns of attempts, as the statements that write them take them.
struct attempt_columns {
  array_text id, number, node, started_at, finished_at, outcome, error, response;
  void add(job_id of, const attempt_record& one) {
    id.add(value_of(of));
    number.add(one.number);
    node.add(one.node);
    started_at.add(to_column(one.started_at));
    finished_at.add(to_column(one.finished_at));
    outcome.add(outcome_column(one));
    error.add(one.error);
    response.add(one.response);
  }
};

/// What history keeps of ends.
struct end_columns {
  array_text id, state, finished_at, attempt, reason, number, node, started_at, ended_at, outcome, error, response;
  void add(const job_end& end) {
    id.add(value_of(end.id));
    state.add(number_of(end.state));
    finished_at.add(to_column(end.finished_at));
    attempt.add(end.attempt);
    reason.add(unless_empty(end.reason));
    if (end.last) {
      const attempt_record& last = *end.last;
      number.add(last.number);
      node.add(unless_empty(last.node));
      started_at.add(to_column(last.started_at));
      ended_at.add(to_column(last.finished_at));
      outcome.add(outcome_column(last));
      error.add(unless_empty(last.error));
      response.add(unless_empty(last.response));
    } else {
      for (array_text* column : {&number, &node, &started_at, &ended_at, &outcome, &error, &response})
        column->add(std::nullopt);
    }
  }
};

/// Whether it fits into end_jobs_alike, beside others.
bool is_plain(const job_end& end) {
  return end.last && end.reason.empty() && end.last->number == end.attempt && end.last->error.empty() &&
         end.last->response.empty();
}

bool are_alike(const job_end& a, const job_end& b) {
  return is_plain(a) && is_plain(b) && a.state == b.state && a.attempt == b.attempt && a.last->node == b.last->node &&
         a.last->outcome == b.last->outcome;
}

/// From here on a statement of its own for those that are alike is worth its round trip.
constexpr size_t many_alike = 100;

} // namespace

auto change_statements::end_jobs(const gathered_parts<job_end>& ends) -> id_set {
  note_dead(ends.size());
  for (const auto& end : ends) days_.ensure(history_days::day_of(end.what->finished_at));
  const auto plain = std::find_if(ends.begin(), ends.end(), [](const auto& end) { return is_plain(*end.what); });
  if (plain == ends.end()) return end_jobs_of_any_kind(ends);
  gathered_parts<job_end> alike, others;
  for (const auto& end : ends) (are_alike(*plain->what, *end.what) ? alike : others).push_back(end);
  if (others.empty()) return end_jobs_alike(alike);
  if (alike.size() < many_alike) return end_jobs_of_any_kind(ends);
  id_set missing = end_jobs_alike(alike);
  missing.merge(end_jobs_of_any_kind(others));
  return missing;
}

auto change_statements::end_jobs_alike(const gathered_parts<job_end>& ends) -> id_set {
  array_text ids, finished_at, last_started_at, last_finished_at;
  for (const auto& end : ends) {
    ids.add(value_of(end.what->id));
    finished_at.add(to_column(end.what->finished_at));
    last_started_at.add(to_column(end.what->last->started_at));
    last_finished_at.add(to_column(end.what->last->finished_at));
  }
  const job_end& one = *ends.front().what;
  return ids_in(database_.query(sql::end_jobs_alike, ids.take(), finished_at.take(), last_started_at.take(),
                                last_finished_at.take(), one.attempt, number_of(one.state),
                                unless_empty(one.last->node), outcome_column(*one.last)));
}

auto change_statements::end_jobs_of_any_kind(const gathered_parts<job_end>& ends) -> id_set {
  end_columns all;
  for (const auto& end : ends) all.add(*end.what);
  return ids_in(database_.query(sql::end_jobs, all.id.take(), all.state.take(), all.finished_at.take(),
                                all.attempt.take(), all.reason.take(), all.number.take(), all.node.take(),
                                all.started_at.take(), all.ended_at.take(), all.outcome.take(), all.error.take(),
                                all.response.take()));
}

std::vector<taken_job> change_statements::take_jobs(const std::vector<job_id>& jobs) {
  note_dead(jobs.size());
  array_text wanted;
  for (const job_id id : jobs) wanted.add(value_of(id));
  std::vector<taken_job> taken;
  for (auto found = database_.query(sql::take_jobs, wanted.take()); found.next();) {
    taken_job& one = taken.emplace_back();
    one.id = job_id{static_cast<uint64_t>(found->integer(0))};
    one.terms = terms_of_row(found.row(), 1);
    if (!found->is_null(1) && !found->is_null(5))
      one.fire = ledger_row{task_id{static_cast<uint64_t>(found->integer(1))}, to_time(found->integer(5)), one.id};
  }
  return taken;
}

auto change_statements::put_back(const gathered_parts<job_again>& agains) -> id_set {
  note_dead(agains.size());
  attempt_columns all;
  array_text due, retries, lost;
  for (const auto& again : agains) {
    all.add(again.what->id, again.what->ended);
    due.add(to_column(again.what->due_at));
    retries.add(again.what->retries_used);
    lost.add(static_cast<int64_t>(again.what->lost_in_row));
  }
  return missing_in(database_.query(sql::again_jobs, all.id.take(), all.number.take(), all.node.take(),
                                    all.started_at.take(), all.finished_at.take(), all.outcome.take(), all.error.take(),
                                    all.response.take(), due.take(), retries.take(), lost.take()),
                    agains);
}

auto change_statements::start_jobs(const gathered_parts<job_start>& starts) -> id_set {
  note_dead(starts.size());
  array_text wanted, attempts, times;
  for (const auto& start : starts) {
    wanted.add(value_of(start.what->id));
    attempts.add(start.what->attempt);
    times.add(to_column(start.what->started_at));
  }
  return missing_in(database_.query(sql::start_jobs, wanted.take(), attempts.take(), times.take(), node_name_), starts);
}

void change_statements::add_late_results(const gathered_parts<late_result>& lates) {
  attempt_columns all;
  for (const auto& late : lates) all.add(late.what->id, late.what->attempt);
  database_.run(sql::late_results, all.id.take(), all.number.take(), all.node.take(), all.started_at.take(),
                all.finished_at.take(), all.outcome.take(), all.error.take(), all.response.take());
}

void change_statements::update_states(const task_states& states) {
  array_text tasks, fired_until, runs, next_fire, enabled_at, disabled_at;
  for (const auto& [task, state] : states) {
    tasks.add(task);
    fired_until.add(to_column(state.fired_until));
    runs.add(state.runs);
    next_fire.add(to_column(state.next_fire));
    enabled_at.add(to_column(state.enabled_at));
    disabled_at.add(to_column(state.disabled_at));
  }
  database_.run(sql::update_task_states, tasks.take(), fired_until.take(), runs.take(), next_fire.take(),
                enabled_at.take(), disabled_at.take());
}

void change_statements::put_skips(const fire_skips& skips) {
  array_text tasks, from, verdicts, to, counts;
  for (const auto& [key, skip] : skips) {
    tasks.add(value_of(skip.task));
    from.add(to_column(skip.span.from));
    verdicts.add(number_of(skip.verdict));
    to.add(to_column(skip.span.to));
    counts.add(skip.span.count);
  }
  database_.run(sql::put_skips, tasks.take(), from.take(), verdicts.take(), to.take(), counts.take());
}

} // namespace wheelwork::postgres
