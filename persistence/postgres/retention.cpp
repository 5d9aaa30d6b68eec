#include "persistence/postgres/retention.hpp"

#include "persistence/job_terms.hpp"

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

size_t old_history::step(connection& database, change_statements& statements, change_writer& changes,
                         wall_time finished_before, size_t most) {
  history_days& days = statements.days();
  if (const auto day = days.oldest_before(finished_before)) {
    const std::string table = history_days::table_of(*day);
    if (day_being_dropped_ != day) dropped_up_to_ = 0;
    day_being_dropped_ = day;
    const auto old = decode_old(
        database.query_text(columns_of_old + table + " where id > $1 order by id limit $2", {dropped_up_to_, most}));
    changes.drop_belongings(old);
    if (!old.empty()) dropped_up_to_ = static_cast<int64_t>(value_of(old.back().first));
    if (old.size() < most) days.drop(*day);
    return old.size();
  }
  size_t gone = 0;
  for (const history_day day : days.reaching_before(finished_before)) {
    if (gone == most) break;
    const std::string table = history_days::table_of(day);
    const auto old =
        decode_old(database.query_text(columns_of_old + table + " where finished_at < $1 order by finished_at limit $2",
                                       {to_column(finished_before), most - gone}));
    if (old.empty()) continue;
    array_text ids;
    for (const auto& [id, terms] : old) ids.add(value_of(id));
    database.query_text("delete from " + table + " where id = any($1::bigint[])", {ids.take()});
    changes.drop_belongings(old);
    gone += old.size();
  }
  return gone;
}

} // namespace wheelwork::postgres
