// Cron expressions of five dialects (API.md, section Cron; SEEDS.md 0.1) and the times that they match.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"
#include "schedule/time_zone.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

enum class cron_dialect : uint8_t { unix_cron, robfig_v1, robfig_v2, robfig_v3, apscheduler };

/// `unix`, `robfig_v1`, …: the names of the API.
std::string_view to_string(cron_dialect dialect);
std::optional<cron_dialect> parse_cron_dialect(std::string_view name);

/// What to do with a local time that a clock change skips (`gap`) or repeats (`overlap`), for expressions whose hour is
/// neither `*` nor `*/n`.
enum class dst_gap : uint8_t { after, skip };
enum class dst_overlap : uint8_t { first, last, both };
struct dst_rule {
  dst_gap gap = dst_gap::after;
  dst_overlap overlap = dst_overlap::first;
  friend bool operator==(const dst_rule&, const dst_rule&) = default;
};

struct cron_error {
  size_t position = 0; ///< byte in the text, from 0
  std::string message; ///< what is wrong there and what would be right
};

/// A parsed expression; immutable, cheap to copy, shared between threads without locks. Comes from parse() only; one
/// that was made otherwise holds nothing and must not be asked.
class cron_expression {
public:
  /// The error says where. An expression that can never match (30 February) is an error, too.
  static result<cron_expression, cron_error> parse(std::string_view text, cron_dialect dialect);

  /// The zone of a `TZ=` or `CRON_TZ=` prefix, if the text had one; it wins over the task's zone.
  const std::optional<std::string>& zone_prefix() const;

  /// The period of `@every 90s`; such an expression has no calendar, and next() counts periods from the anchor that the
  /// caller keeps.
  std::optional<milliseconds> every() const;

  /// The first match after `after`: next(t) > t always. None when there is none up to the year 9999. Not for `@every`.
  std::optional<wall_time> next(wall_time after, const time_zone& zone, dst_rule dst = {}) const;

  /// How many matches there are in (after, until]. Counts by days and months, whatever their number. 0 for `@every`.
  uint64_t count(wall_time after, wall_time until, const time_zone& zone, dst_rule dst = {}) const;

  struct fields; ///< inside cron.cpp
private:
  std::shared_ptr<const fields> fields_;
};

} // namespace wheelwork
