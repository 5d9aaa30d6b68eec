// The units of time that every part of wheelwork uses.
#pragma once

#include <chrono>

namespace wheelwork {

using std::chrono::milliseconds;

/// A point on the wall clock: UTC, whole milliseconds since 1970. All due and fire times are such points.
using wall_time = std::chrono::time_point<std::chrono::system_clock, milliseconds>;

/// The last time that the API accepts (9999-12-31T23:59:59.999Z): RFC 3339 has four digits for the year.
inline constexpr wall_time earliest_wall_time{milliseconds{-62167219200000}}; ///< 0000-01-01T00:00:00Z
inline constexpr wall_time latest_wall_time{milliseconds{253402300799999}};

/// Reads the wall clock and the monotonic clock. Tests move both; nothing else in wheelwork reads a clock.
class clock_source {
public:
  virtual ~clock_source() = default;
  /// UTC now, whole milliseconds, rounded down. May jump both ways.
  virtual wall_time wall_now() const = 0;
  /// The same to the microsecond, for measuring lateness.
  virtual std::chrono::sys_time<std::chrono::microseconds> precise_now() const { return wall_now(); }
  /// Never goes back; for measuring spans of time only.
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;
};

} // namespace wheelwork
