// From local civil times to instants: what the clock changes of a zone do to the fires of a cron expression (API.md,
// section Cron).
#pragma once

#include "schedule/cron.hpp"
#include "schedule/cron_calendar.hpp"

namespace wheelwork {

/// Looks at an expression in a zone; lives only as long as both. Instants lie within the years 0 to 9999.
///
/// An instant fires when its local time matches. Unless the fires follow elapsed time, two things differ around a clock
/// change: local times that it skips fire at its instant (or not at all), and of local times that come twice only one
/// pass fires (or both do). It is enough to look at the neighbours of a span: no zone has two changes within two days,
/// and no change is larger than one day.
class cron_fires {
public:
  cron_fires(const cron_calendar& calendar, bool follow_elapsed_time, const time_zone& zone, dst_rule dst)
      : calendar_(calendar), zone_(zone), dst_(dst), elapsed_(follow_elapsed_time) {}

  /// The first fire in [from, end).
  std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds from, std::chrono::sys_seconds end) const;

  /// How many fires there are in [from, end).
  uint64_t count(std::chrono::sys_seconds from, std::chrono::sys_seconds end) const;

private:
  bool fires_for_gap(const time_zone::span& span) const;
  local_second first_local(const time_zone::span& span) const;
  local_second end_local(const time_zone::span& span) const;

  const cron_calendar& calendar_;
  const time_zone& zone_;
  dst_rule dst_;
  bool elapsed_;
};

} // namespace wheelwork
