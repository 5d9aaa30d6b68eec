// Partitions of history made before the first job of their day ends, so that no commit waits for them. What is missing
// nevertheless (the node did not run, or somebody was in the way) is made by the commit that needs it.
#include "persistence/postgres/dialect.hpp"

namespace wheelwork::postgres {

void dialect::prepare_history(connection& database, statements& with, wall_time now) {
  const history_day today = history_days::day_of(now);
  for (const history_day day : {today, today + std::chrono::days{1}}) {
    if (with.days().has(day)) continue;
    begin_retention(database); // it waits for locks only shortly
    with.days().ensure(day);
    database.execute(sql::commit_write);
  }
}

} // namespace wheelwork::postgres
