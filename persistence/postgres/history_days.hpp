// The partitions of history, one for each day (UTC): made before they are needed, dropped whole.
#pragma once

#include "persistence/postgres/connection.hpp"

#include <set>

namespace wheelwork::postgres {

using history_day = std::chrono::sys_days;

class history_days {
public:
  explicit history_days(connection& database) : database_{database} {}
  static history_day day_of(wall_time time) { return std::chrono::floor<std::chrono::days>(time); }

  /// Whether it was there when the partitions were read last.
  bool has(history_day day) { return known().contains(day); }
  /// Makes the partition of the day if it is missing, inside the transaction of the caller.
  void ensure(history_day day);
  /// The oldest partition whose day ended before this time.
  std::optional<history_day> oldest_before(wall_time time);
  /// All partitions that hold days before this time, the one that it cuts through included.
  std::vector<history_day> reaching_before(wall_time time);
  void drop(history_day day);
  /// Name of the table, without prefix: beginning with ww_.
  static std::string table_of(history_day day);
  /// Partitions that were made may be gone.
  void forget() { known_.reset(); }

private:
  const std::set<history_day>& known();

  connection& database_;
  std::optional<std::set<history_day>> known_;
};

} // namespace wheelwork::postgres
