// Vacuums the live table as soon as many of its rows are dead. The server's own autovacuum looks once a minute: at the
// rate at which jobs come and go here the table would have grown by millions of dead rows until then.
#pragma once

#include "persistence/postgres/connection.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace wheelwork::postgres {

/// One for all writers of a node, with a thread and, while it works, a connection of its own. Autovacuum stays on and
/// does what this leaves: the other tables, and a table at rest.
class live_table_vacuum {
public:
  /// `settings` without a vacuum in them. `least`: so many dead rows are worth it in an empty table.
  explicit live_table_vacuum(connection_settings settings, uint64_t least = 200'000);
  /// Cancels what is under way.
  ~live_table_vacuum();
  live_table_vacuum(const live_table_vacuum&) = delete;
  live_table_vacuum& operator=(const live_table_vacuum&) = delete;

  /// Rows of the live table were deleted or changed. Thread safe; returns at once.
  void note_dead(size_t rows);
  /// Why the last one failed, once; empty: it did not.
  std::string take_failure();

private:
  void run();
  void vacuum();

  connection_settings settings_;
  std::mutex mutex_; ///< guards the members below
  std::condition_variable changed_;
  uint64_t dead_ = 0;
  uint64_t least_;
  uint64_t wanted_ = least_; ///< dead rows that are worth it
  bool ending_ = false;
  connection* working_ = nullptr;
  std::string failure_;
  std::thread thread_; ///< last: it uses all others
};

} // namespace wheelwork::postgres
