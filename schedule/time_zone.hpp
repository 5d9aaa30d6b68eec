// Time zones of the system's tz database, and local times that a clock change skips or repeats.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace wheelwork {

using local_seconds_count = std::chrono::seconds; ///< local civil time as seconds since 1970-01-01T00:00:00 local

/// One zone. Immutable, shared between threads. Answers for any year, also after the last transition that the database
/// lists (the rule in the footer of the TZif file, RFC 8536 section 3.3, goes on for ever).
class time_zone {
public:
  virtual ~time_zone() = default;
  virtual const std::string& name() const = 0;

  /// Stand-ins for "always was" and "for ever" in a span; far beyond every time that the API accepts, and safe to add
  /// offsets to.
  static constexpr std::chrono::sys_seconds beginning{std::chrono::seconds{-900'000'000'000'000}};
  static constexpr std::chrono::sys_seconds never{std::chrono::seconds{900'000'000'000'000}};

  /// A span of time in which the offset from UTC does not change: [begin, end). Neighbours have different offsets.
  struct span {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;        ///< local = UTC + offset
    std::chrono::seconds offset_before; ///< of the span that ends at `begin`; `offset` if there is none
    std::chrono::seconds offset_after;  ///< of the span that begins at `end`; `offset` if there is none
  };
  /// The span that holds this instant.
  virtual span span_at(std::chrono::sys_seconds instant) const = 0;
};

using time_zone_ptr = std::shared_ptr<const time_zone>;

/// A zone by its IANA name (`Europe/Berlin`, `UTC`); cached for the life of the process. The error names the zone and
/// what to look for. Names that would leave the database's folder are unknown zones.
result<time_zone_ptr, std::string> find_time_zone(std::string_view name);

/// The zone `UTC`, which needs no database.
time_zone_ptr utc_zone();

} // namespace wheelwork
