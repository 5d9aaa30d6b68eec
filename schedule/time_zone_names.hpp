// The names in the system's tz database, for error texts only.
#pragma once

#include <string>
#include <string_view>

namespace wheelwork {

/// The folder of the compiled zones.
inline constexpr std::string_view time_zone_folder = "/usr/share/zoneinfo";

/// The zone whose name is most like this one, or nothing if none is near. Compares letters without case; a city alone
/// is enough. Reads the folder at the first call. Any thread.
std::string nearest_time_zone_name(std::string_view name);

} // namespace wheelwork
