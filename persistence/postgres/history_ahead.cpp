// Partitions of history made before the first job of their day ends, so that no commit waits for them. What is missing
// nevertheless (the node did not run, or somebody was in the way) is made by the commit that needs it.
#include "persistence/postgres/dialect.hpp"
#include "persistence/postgres/live_table_vacuum.hpp"

namespace wheelwork::postgres {

void dialect::prepare_history(connection& database, statements& with, wall_time now) {
  const history_day today = history_days::day_of(now);
  for (const history_day day : {today, today + std::chrono::days{1}}) {
    if (with.days().has(day)) continue;
    database.execute(sql::begin_write);
    wait_shortly(database);
    with.days().ensure(day);
    database.execute(sql::commit_write);
  }
  // What goes wrong in the background is told where somebody listens.
  if (const auto& vacuum = database.settings().vacuum)
    if (const std::string why = vacuum->take_failure(); !why.empty()) throw failure{"55000", why};
}

} // namespace wheelwork::postgres
