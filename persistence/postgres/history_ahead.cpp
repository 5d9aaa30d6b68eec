// Partitions of history made before the first job of their day ends, so that no commit waits for them. What is missing
// nevertheless (the node did not run, or somebody was in the way) is made by the commit that needs it.
#include "persistence/postgres/sql_write.hpp"
#include "persistence/postgres/writer.hpp"

namespace wheelwork::postgres {

void writer::make_day_ahead(history_day day) {
  history_days& days = changes_->days();
  if (days.has(day)) return;
  // Whoever waits for these locks has everybody wait behind; there is a day's time.
  database_->execute(std::string{sql::begin_write} + "; set local lock_timeout = '200ms'");
  days.ensure(day);
  database_->execute(sql::commit_write);
}

} // namespace wheelwork::postgres
