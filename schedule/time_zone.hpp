// Time zones of the system's tz database, and local times that a clock change skips or repeats.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace wheelwork {

using local_seconds_count = std::chrono::seconds; ///< local civil time as seconds since 1970-01-01T00:00:00 local

/// One zone. Immutable, shared between threads. Answers for any year, also after the last transition that the database lists
/// (the rule in the footer of the TZif file, RFC 8536 section 3.3, goes on for ever).
class time_zone {
public:
  virtual ~time_zone() = default;
  virtual const std::string& name() const = 0;

  /// A span of time in which the offset from UTC does not change: [begin, end).
  struct span {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset; ///< local = UTC + offset
  };
  /// The span that holds this instant.
  virtual span span_at(std::chrono::sys_seconds instant) const = 0;
};

using time_zone_ptr = std::shared_ptr<const time_zone>;

/// A zone by its IANA name (`Europe/Berlin`, `UTC`); cached for the life of the process. The error names the zone and what to look for.
/// Names that would leave the database's folder are unknown zones.
result<time_zone_ptr, std::string> find_time_zone(std::string_view name);

/// The zone `UTC`, which needs no database.
time_zone_ptr utc_zone();

} // namespace wheelwork
