// The partitions of history, one for each day (UTC): made before they are needed, dropped whole. Both commit what is
// open, so they stand outside of transactions.
#pragma once

#include "persistence/mysql/connection.hpp"

#include <set>

namespace wheelwork::mysql {

using history_day = std::chrono::sys_days;

class history_days {
public:
  explicit history_days(connection& database) : database_{database} {}
  static history_day day_of(wall_time time) { return std::chrono::floor<std::chrono::days>(time); }

  /// Whether it has a partition of its own.
  bool has(history_day day) { return known().contains(day); }
  /// Makes the partition of the day if it is missing. Where there is one for a day soon after, it serves.
  void ensure(history_day day);
  /// The same for a day that is to come: whoever is in the way is waited for a second at most; then it throws a lock
  /// timeout.
  void ensure_ahead(history_day day);
  /// The oldest partition whose day ended before this time.
  std::optional<history_day> oldest_before(wall_time time);
  /// Other sessions' readers stand in its way for a second at most; then it throws a lock timeout.
  void drop(history_day day);
  static std::string partition_of(history_day day);
  /// Partitions that were made may be gone.
  void forget() { known_.reset(); }

private:
  const std::set<history_day>& known();
  void alter(const std::string& how);

  connection& database_;
  std::optional<std::set<history_day>> known_;
  std::optional<history_day> last_ensured_; ///< most jobs end on the day on which the last one ended
};

} // namespace wheelwork::mysql
