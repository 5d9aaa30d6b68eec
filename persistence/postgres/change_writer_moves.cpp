// The statements that write what was gathered about jobs that exist: ended, put back, started, late.
#include "persistence/job_terms.hpp"
#include "persistence/postgres/change_writer.hpp"
#include "persistence/postgres/sql_job.hpp"
#include "persistence/postgres/sql_task.hpp"

namespace wheelwork::postgres {

namespace {

std::optional<std::string_view> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<int64_t> outcome_column(const attempt_record& attempt) {
  if (!attempt.outcome) return std::nullopt;
  return number_of(*attempt.outcome);
}

std::unordered_set<uint64_t> ids_in(rows found) {
  std::unordered_set<uint64_t> ids;
  while (found.next()) ids.insert(static_cast<uint64_t>(found->integer(0)));
  return ids;
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

} // namespace

void change_writer::note_missing(const auto& parts, const std::unordered_set<uint64_t>& found) {
  for (const auto& part : parts)
    if (!found.contains(value_of(part.what->id))) missing_.push_back({part.receipt, part.sequence, part.what->id});
}

void change_writer::write_ends() {
  if (ends_.empty()) return;
  end_columns all;
  for (const auto& end : ends_) {
    days_.ensure(history_days::day_of(end.what->finished_at));
    all.add(*end.what);
  }
  const auto not_live =
      ids_in(database_.query(sql::end_jobs, all.id.take(), all.state.take(), all.finished_at.take(), all.attempt.take(),
                             all.reason.take(), all.number.take(), all.node.take(), all.started_at.take(),
                             all.ended_at.take(), all.outcome.take(), all.error.take(), all.response.take()));
  if (!not_live.empty())
    for (const auto& end : ends_)
      if (not_live.contains(value_of(end.what->id))) missing_.push_back({end.receipt, end.sequence, end.what->id});
  ends_.clear();
}

void change_writer::write_taken() {
  if (dropped_.empty() && unprepared_.empty()) return;
  array_text ids;
  std::unordered_set<uint64_t> to_unprepare, found_ids;
  for (const auto& one : dropped_) ids.add(value_of(one.what->id));
  for (const auto& one : unprepared_) {
    ids.add(value_of(one.what->id));
    to_unprepare.insert(value_of(one.what->id));
  }
  std::vector<std::pair<job_id, std::vector<std::string>>> gone;
  array_text tasks, fire_times, fire_ids;
  for (auto found = database_.query(sql::take_jobs, ids.take()); found.next();) {
    const auto id = static_cast<uint64_t>(found->integer(0));
    found_ids.insert(id);
    gone.emplace_back(job_id{id}, terms_of_row(found.row(), 1));
    if (!to_unprepare.contains(id) || found->is_null(1) || found->is_null(5)) continue;
    tasks.add(found->integer(1));
    fire_times.add(found->integer(5));
    fire_ids.add(id);
  }
  drop_belongings(gone);
  if (tasks.size() > 0) database_.run(sql::drop_fires, tasks.take(), fire_times.take(), fire_ids.take());
  note_missing(dropped_, found_ids);
  note_missing(unprepared_, found_ids);
  dropped_.clear();
  unprepared_.clear();
}

void change_writer::drop_belongings(const std::vector<std::pair<job_id, std::vector<std::string>>>& jobs) {
  if (jobs.empty()) return;
  array_text terms, term_ids, ids;
  for (const auto& [id, terms_of_job] : jobs) {
    ids.add(value_of(id));
    for (const std::string& term : terms_of_job) {
      terms.add(term);
      term_ids.add(value_of(id));
    }
  }
  if (terms.size() > 0) database_.run(sql::drop_terms, terms.take(), term_ids.take());
  database_.run(sql::drop_attempts, ids.take());
}

void change_writer::write_agains() {
  if (agains_.empty()) return;
  attempt_columns all;
  array_text due, retries, lost;
  for (const auto& again : agains_) {
    all.add(again.what->id, again.what->ended);
    due.add(to_column(again.what->due_at));
    retries.add(again.what->retries_used);
    lost.add(static_cast<int64_t>(again.what->lost_in_row));
  }
  note_missing(agains_,
               ids_in(database_.query(sql::again_jobs, all.id.take(), all.number.take(), all.node.take(),
                                      all.started_at.take(), all.finished_at.take(), all.outcome.take(),
                                      all.error.take(), all.response.take(), due.take(), retries.take(), lost.take())));
  agains_.clear();
}

void change_writer::write_starts() {
  if (starts_.empty()) return;
  array_text ids, attempts, times;
  for (const auto& start : starts_) {
    ids.add(value_of(start.what->id));
    attempts.add(start.what->attempt);
    times.add(to_column(start.what->started_at));
  }
  note_missing(starts_,
               ids_in(database_.query(sql::start_jobs, ids.take(), attempts.take(), times.take(), node_name_)));
  starts_.clear();
}

void change_writer::write_lates() {
  if (lates_.empty()) return;
  attempt_columns all;
  for (const auto& late : lates_) all.add(late.what->id, late.what->attempt);
  database_.run(sql::late_results, all.id.take(), all.number.take(), all.node.take(), all.started_at.take(),
                all.finished_at.take(), all.outcome.take(), all.error.take(), all.response.take());
  lates_.clear();
}

void change_writer::write_states() {
  if (states_.empty()) return;
  array_text tasks, fired_until, runs, next_fire, enabled_at, disabled_at;
  for (const auto& [task, state] : states_) {
    tasks.add(task);
    fired_until.add(to_column(state.fired_until));
    runs.add(state.runs);
    next_fire.add(to_column(state.next_fire));
    enabled_at.add(to_column(state.enabled_at));
    disabled_at.add(to_column(state.disabled_at));
  }
  states_.clear();
  database_.run(sql::update_task_states, tasks.take(), fired_until.take(), runs.take(), next_fire.take(),
                enabled_at.take(), disabled_at.take());
}

void change_writer::write_skips() {
  if (skips_.empty()) return;
  array_text tasks, from, verdicts, to, counts;
  for (const auto& [key, skip] : skips_) {
    tasks.add(value_of(skip.task));
    from.add(to_column(skip.span.from));
    verdicts.add(number_of(skip.verdict));
    to.add(to_column(skip.span.to));
    counts.add(skip.span.count);
  }
  skips_.clear();
  database_.run(sql::put_skips, tasks.take(), from.take(), verdicts.take(), to.take(), counts.take());
}

} // namespace wheelwork::postgres
