// Reads the compiled time-zone files of the system (TZif, RFC 8536).
#pragma once

#include "schedule/posix_zone_rule.hpp"
#include "schedule/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

/// The clock changes of one zone.
struct tz_file_content {
  struct transition {
    std::chrono::sys_seconds at;
    std::chrono::seconds offset; ///< from `at` on
  };
  std::chrono::seconds first_offset{}; ///< before the first transition
  std::vector<transition> transitions; ///< in order; only those that change the offset
  std::optional<posix_zone_rule> rule; ///< after the last transition; none: the last offset stays
};

/// Decodes the bytes of a file of version 2 or later (those of version 1 end in 2038). The error is a sentence without
/// the file's name.
result<tz_file_content, std::string> parse_tz_file(std::string_view bytes);

} // namespace wheelwork
