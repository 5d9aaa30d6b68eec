// How old history leaves: by whole days, and what hangs on it in small steps.
#pragma once

#include "persistence/mysql/change_statements.hpp"
#include "persistence/sql/change_writer.hpp"

namespace wheelwork::mysql {

class old_history {
public:
  /// One step inside a transaction, over at most so many jobs that finished before the time. Answers how many went.
  size_t step(connection& database, change_statements& statements, change_writer& changes, wall_time finished_before,
              size_t most);
  /// The transaction of a step is committed: drops a day of which nothing is left.
  void finish(change_statements& statements);
  /// A transaction with a step in it was undone.
  void start_over() {
    dropped_up_to_ = 0;
    done_.reset();
  }

private:
  std::optional<history_day> day_being_dropped_, done_;
  int64_t dropped_up_to_ = 0; ///< id; what hangs on jobs of that day up to here is gone
};

} // namespace wheelwork::mysql
