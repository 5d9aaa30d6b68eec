// The letters that the unix dialect has in its day fields: L, L-3, LW, 15W, 5L, fri#2.
#pragma once

#include "schedule/cron_day_rule.hpp"
#include "schedule/cron_text.hpp"

namespace wheelwork {

/// Puts the item into `set` and returns true if it is one of them; false: an ordinary value or range.
result<bool, cron_error> parse_special_day(const cron_word& item, const cron_field& field, cron_day_set& set);

} // namespace wheelwork
