// From the fields of a cron text to the times that they name. One function for each family of dialects.
#pragma once

#include "schedule/cron_calendar.hpp"
#include "schedule/cron_text.hpp"

#include <array>

namespace wheelwork {

struct cron_reading {
  cron_sets sets;
  bool follows_elapsed_time = false; ///< the hour field is `*` or `*/n`
};

/// Seconds, minutes, hours, days of month, months, weekdays.
using six_cron_words = std::array<cron_word, 6>;

/// `unix` and the three robfig dialects.
result<cron_reading, cron_error> parse_cron_fields(const six_cron_words& words, cron_dialect dialect);

/// APScheduler 3.6.1, `CronTrigger.from_crontab`. `text` is trimmed.
result<cron_reading, cron_error> parse_apscheduler(cron_word text);

/// `@daily` and the like (without `@every`) as six fields.
result<six_cron_words, cron_error> expand_cron_shortcut(cron_word text);

/// The duration after `@every `, in the units of the dialect: those of the API for `unix`, those of Go for robfig
/// (rounded down to whole seconds, at least one).
result<milliseconds, cron_error> parse_cron_every(cron_word duration, cron_dialect dialect);

} // namespace wheelwork
