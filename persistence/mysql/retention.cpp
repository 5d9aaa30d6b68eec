#include "persistence/mysql/retention.hpp"

#include "persistence/job_terms.hpp"
#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_job.hpp"
#include "persistence/mysql/sql_retention.hpp"

namespace wheelwork::mysql {

namespace {

using old_jobs = std::vector<std::pair<job_id, std::vector<std::string>>>;

old_jobs decode_old(rows found) {
  old_jobs old;
  while (found.next()) {
    auto& [id, terms] =
        old.emplace_back(job_id{static_cast<uint64_t>(found->integer(0))}, terms_of_row(found.row(), 1));
    if (const auto state = static_cast<job_state>(found->integer(5)); state != job_state::succeeded)
      terms.push_back(state_term(state));
  }
  return old;
}

} // namespace

size_t old_history::step(connection& database, change_statements& statements, change_writer& changes,
                         wall_time finished_before, size_t most) {
  done_.reset();
  if (const auto day = statements.days().oldest_before(finished_before)) {
    if (day_being_dropped_ != day) dropped_up_to_ = 0;
    day_being_dropped_ = day;
    const std::string partition = "partition (" + history_days::partition_of(*day) + ") ";
    const auto old = decode_old(
        database.query_text(sql::old_jobs + partition + "where id > $1 order by id limit $2", {dropped_up_to_, most}));
    changes.drop_belongings(old);
    if (!old.empty()) dropped_up_to_ = static_cast<int64_t>(value_of(old.back().first));
    if (old.size() < most) done_ = day;
    return old.size();
  }
  const auto old = decode_old(
      database.query_text(std::string{sql::old_jobs} + "where finished_at < $1 order by finished_at limit $2",
                          {to_column(finished_before), most}));
  if (old.empty()) return 0;
  std::vector<literal> ids;
  for (const auto& [id, terms] : old) ids.emplace_back(value_of(id));
  given_rows::of_ids(ids).send(database, sql::delete_history_of);
  changes.drop_belongings(old);
  return old.size();
}

void old_history::finish(change_statements& statements) {
  const auto day = std::exchange(done_, std::nullopt);
  if (!day) return;
  statements.days().drop(*day);
  dropped_up_to_ = 0;
}

} // namespace wheelwork::mysql
