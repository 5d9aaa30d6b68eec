// Moves of jobs that exist: ended, put back, started, revived.
#include "persistence/job_terms.hpp"
#include "persistence/sqlite/change_writer.hpp"
#include "persistence/sqlite/sql_job.hpp"
#include "persistence/sqlite/sql_read.hpp"

namespace wheelwork::sqlite {

void change_writer::apply_end(const job_end& end, journal_receipt& receipt) {
  if (!end.keep) {
    if (!take_job(end.id)) receipt.missing.push_back(end.id);
    return;
  }
  int copied = 0;
  if (end.last) {
    const attempt_record& last = *end.last;
    copied = database_.run(sql::copy_to_history, value_of(end.id), number_of(end.state), to_column(end.finished_at),
                           end.attempt, unless_empty(end.reason), last.number, unless_empty(last.node),
                           to_column(last.started_at), to_column(last.finished_at), outcome_column(last),
                           unless_empty(last.error), unless_empty(last.response));
  } else {
    constexpr std::nullopt_t none = std::nullopt;
    copied = database_.run(sql::copy_to_history, value_of(end.id), number_of(end.state), to_column(end.finished_at),
                           end.attempt, unless_empty(end.reason), none, none, none, none, none, none, none);
  }
  if (copied == 0) {
    receipt.missing.push_back(end.id);
    return;
  }
  database_.run(sql::delete_job, value_of(end.id));
}

std::optional<change_writer::taken_job> change_writer::take_job(job_id id) {
  taken_job taken;
  std::vector<std::string> terms;
  {
    auto rows = database_.query(sql::take_job, value_of(id));
    if (!rows.next()) return std::nullopt;
    taken = {rows->optional_integer(0), rows->optional_integer(4)};
    terms = terms_of_row(rows.row(), 0);
    while (rows.next()) {
    }
  }
  drop_belongings(id, terms);
  return taken;
}

void change_writer::apply_unprepare(const unprepare& gone, journal_receipt& receipt) {
  const auto taken = take_job(gone.id);
  if (!taken)
    receipt.missing.push_back(gone.id);
  else if (taken->task && taken->fire_time)
    database_.run(sql::drop_fire, *taken->task, *taken->fire_time, value_of(gone.id));
}

void change_writer::drop_belongings(job_id id, const std::vector<std::string>& terms) {
  for (const std::string& term : terms) database_.run(sql::drop_term, term, value_of(id));
  database_.run(sql::drop_attempts, value_of(id));
}

void change_writer::put_attempt(job_id id, const attempt_record& attempt) {
  database_.run(sql::put_attempt, value_of(id), attempt.number, attempt.node, to_column(attempt.started_at),
                to_column(attempt.finished_at), outcome_column(attempt), attempt.error, attempt.response);
}

void change_writer::apply_again(const job_again& again, journal_receipt& receipt) {
  const int changed = database_.run(sql::job_again, value_of(again.id), to_column(again.due_at), again.ended.number,
                                    static_cast<int64_t>(again.retries_used), static_cast<int64_t>(again.lost_in_row));
  if (changed == 0)
    receipt.missing.push_back(again.id);
  else
    put_attempt(again.id, again.ended);
}

void change_writer::apply_start(const job_start& start, journal_receipt& receipt) {
  const int changed =
      database_.run(sql::job_start, value_of(start.id), start.attempt, to_column(start.started_at), node_name_);
  if (changed == 0) receipt.missing.push_back(start.id);
}

void change_writer::apply_late(const late_result& late) {
  // Only for a job that somebody can still look at: else the row would stay for ever.
  bool known = false;
  if (auto rows = database_.query(sql::in_history, value_of(late.id)); rows.next()) known = true;
  if (!known) {
    auto rows = database_.query(sql::is_live, value_of(late.id));
    known = rows.next();
  }
  if (known) put_attempt(late.id, late.attempt);
}

void change_writer::apply_revive(const job_revive& revive, journal_receipt& receipt) {
  std::optional<int64_t> priority;
  if (revive.priority) priority = *revive.priority;
  const int copied = database_.run(sql::copy_to_live, value_of(revive.id), to_column(revive.due_at), priority,
                                   number_of(job_state::succeeded));
  if (copied == 0) {
    receipt.missing.push_back(revive.id);
    return;
  }
  database_.run(sql::keep_last_attempt, value_of(revive.id));
  database_.run(sql::delete_history, value_of(revive.id));
  auto rows = database_.query(sql::live_job, value_of(revive.id));
  if (!rows.next()) return;
  targets_.uses().mark(target_row_of(rows.row()));
  receipt.revived.push_back(decode_job(rows.row(), target_reader_));
}

} // namespace wheelwork::sqlite
