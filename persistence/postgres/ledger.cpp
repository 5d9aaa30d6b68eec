#include "persistence/ledger_rows.hpp"
#include "persistence/postgres/reader.hpp"
#include "persistence/postgres/sql_read.hpp"

namespace wheelwork::postgres {

std::vector<ledger_entry> read_ledger(connection& database, task_id task, wall_time from, wall_time until,
                                      size_t limit) {
  const ledger_texts texts{sql::fires_of_task, sql::skips_within, sql::skips_over_end};
  return ledger_of(database, texts, task, from, until, limit);
}

} // namespace wheelwork::postgres
