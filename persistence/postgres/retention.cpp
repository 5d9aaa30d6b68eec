// What the writer throws away: history by whole days, and what hangs on it in small steps.
#include "persistence/job_terms.hpp"
#include "persistence/postgres/sql_retention.hpp"
#include "persistence/postgres/sql_write.hpp"
#include "persistence/postgres/writer.hpp"

namespace wheelwork::postgres {

namespace {

using old_jobs = std::vector<std::pair<job_id, std::vector<std::string>>>;

constexpr char columns_of_old[] = "select id, task, labels, unique_key, external_id from ";

old_jobs decode_old(rows found) {
  old_jobs old;
  while (found.next()) old.emplace_back(job_id{static_cast<uint64_t>(found->integer(0))}, terms_of_row(found.row(), 1));
  return old;
}

} // namespace

size_t writer::drop_old_jobs(wall_time finished_before, size_t most) {
  history_days& days = changes_->days();
  if (const auto day = days.oldest_before(finished_before)) {
    const std::string table = history_days::table_of(*day);
    if (day_being_dropped_ != day) dropped_up_to_ = 0;
    day_being_dropped_ = day;
    const auto old = decode_old(
        database_->query_text(columns_of_old + table + " where id > $1 order by id limit $2", {dropped_up_to_, most}));
    changes_->drop_belongings(old);
    if (!old.empty()) dropped_up_to_ = static_cast<int64_t>(value_of(old.back().first));
    if (old.size() < most) days.drop(*day);
    return old.size();
  }
  size_t gone = 0;
  for (const history_day day : days.reaching_before(finished_before)) {
    if (gone == most) break;
    const std::string table = history_days::table_of(day);
    const auto old = decode_old(
        database_->query_text(columns_of_old + table + " where finished_at < $1 order by finished_at limit $2",
                              {to_column(finished_before), most - gone}));
    if (old.empty()) continue;
    array_text ids;
    for (const auto& [id, terms] : old) ids.add(value_of(id));
    database_->query_text("delete from " + table + " where id = any($1::bigint[])", {ids.take()});
    changes_->drop_belongings(old);
    gone += old.size();
  }
  return gone;
}

size_t writer::drop_in_transaction(wall_time finished_before, size_t most) {
  ensure_open();
  // Whoever waits for these locks has everybody wait behind; retention has time.
  database_->execute(std::string{sql::begin_write} + "; set local lock_timeout = '200ms'");
  auto row = database_->query(sql::read_writer, identity_.writer);
  if (!row.next() || static_cast<uint64_t>(row->integer(0)) != identity_.incarnation || row->integer(2) != 0)
    throw_fenced();
  size_t gone = drop_old_jobs(finished_before, most);
  const auto drop_more = [&](const char* sql, wall_time before) {
    if (gone < most) gone += database_->run(sql, to_column(before), most - gone);
  };
  drop_more(sql::drop_old_fires, finished_before);
  drop_more(sql::drop_old_skips, finished_before);
  drop_more(sql::drop_expired_keys, clock_ ? clock_->wall_now() : finished_before);
  if (gone < most) database_->run(sql::drop_unused_task_names, most - gone);
  if (gone < most) gone += unused_targets_.step(*database_, changes_->targets(), most);
  database_->execute(sql::commit_write);
  return gone;
}

} // namespace wheelwork::postgres
