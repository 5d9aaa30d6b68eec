// How old history leaves: by whole days, and what hangs on it in small steps.
#pragma once

#include "persistence/postgres/change_statements.hpp"
#include "persistence/sql/change_writer.hpp"

namespace wheelwork::postgres {

class old_history {
public:
  /// One step inside a transaction, over at most so many jobs that finished before the time. Answers how many went.
  size_t step(connection& database, change_statements& statements, change_writer& changes, wall_time finished_before,
              size_t most);
  /// The transaction of a step is committed.
  void finish(change_statements&) {}
  /// A transaction with a step in it was undone.
  void start_over() { dropped_up_to_ = 0; }

private:
  std::optional<history_day> day_being_dropped_;
  int64_t dropped_up_to_ = 0; ///< id; what hangs on jobs of that day up to here is gone
};

} // namespace wheelwork::postgres
