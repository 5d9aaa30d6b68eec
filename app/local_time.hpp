// Times with the offset of a zone.
#pragma once

#include "schedule/time.hpp"
#include "schedule/time_zone.hpp"

namespace wheelwork {

/// RFC 3339 with the zone's offset at that instant: 2026-11-22T02:30:00+08:00. Milliseconds only where there are any.
/// Offsets of the time before time zones have seconds, which RFC 3339 can't say; they are cut to minutes, and the time
/// still names the same instant.
std::string format_local_time(wall_time time, const time_zone& zone);

} // namespace wheelwork
