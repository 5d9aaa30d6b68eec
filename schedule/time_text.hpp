// Times and durations as the API writes and reads them (API.md, section HTTP).
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <string>
#include <string_view>

namespace wheelwork {

/// RFC 3339 in UTC with milliseconds: 2026-11-21T08:57:31.000Z.
std::string format_time(wall_time time);

/// RFC 3339 with any offset and any number of fraction digits (beyond milliseconds they are cut off). `T` and `Z` in
/// either case, a blank for `T` as RFC 3339 section 5.6 allows. A leap second (:60) counts as the first instant of the
/// next minute. The error is a sentence that names what was wrong. Years 0000 to 9999 only.
result<wall_time, std::string> parse_time(std::string_view text);

/// `250ms`, `30s`, `5m`, `1h30m`, `7d`: whole numbers with units d, h, m, s, ms, largest first, each at most once; no
/// sign, no blanks. At most 36,500 days. `0s` is allowed here; callers that need more say so.
result<milliseconds, std::string> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads as the same value: 90000 ms is `1m30s`, 0 is `0s`.
std::string format_duration(milliseconds duration);

} // namespace wheelwork
