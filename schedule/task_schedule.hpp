// When a task fires: a cron expression, a fixed period, a period counted from the end of the last run, or one instant.
#pragma once

#include "schedule/cron.hpp"

#include <variant>

namespace wheelwork {

struct cron_schedule {
  std::string text;
  cron_dialect dialect = cron_dialect::unix_cron;
  std::string zone_name = "UTC"; ///< of the task; a prefix in the text wins
  dst_rule dst;
  cron_expression expression;
  time_zone_ptr zone; ///< the one that counts
};

struct every_schedule {
  milliseconds period{};           ///< at least 100 ms
  std::optional<wall_time> anchor; ///< default: the task's creation
  bool first_now = false;          ///< fires at the anchor itself, too
  bool from_end = false;           ///< counts from the end of the previous job
};

struct at_schedule {
  wall_time time;
};

using task_schedule = std::variant<cron_schedule, every_schedule, at_schedule>;

/// Bounds and offsets that come from the task around its schedule.
struct firing_frame {
  wall_time created_at;               ///< default anchor of every_schedule
  std::optional<wall_time> starts_at; ///< no fire before it
  std::optional<wall_time> ends_at;   ///< no fire at or after it
};

/// A cron_schedule ready to use, or what is wrong with the text or the zone. The position of an error about `zone_name`
/// is 0; who must tell the two apart asks find_time_zone first.
result<cron_schedule, cron_error> make_cron_schedule(std::string_view text, cron_dialect dialect,
                                                     std::string_view zone_name, dst_rule dst);

/// The first fire time after `after` (nominal, without splay). None: no more. For from_end schedules `after` is the end
/// of the last job, and the answer is one period later. A fire at the creation itself (`first_now`) is found from just
/// before it: ask once with `after = created_at - 1 ms`. A cron text with `@every` is a fixed rate from the creation.
std::optional<wall_time> next_fire(const task_schedule& schedule, const firing_frame& frame, wall_time after);

/// What lies in (after, until]: how many fire times, the first, the last, and the latest `keep` of them in order. Works
/// day by day, not fire by fire, so that a year of a task that fires every second takes milliseconds. For from_end
/// schedules only the next fire is known.
struct fire_span {
  uint64_t count = 0;
  std::optional<wall_time> first, last;
  std::vector<wall_time> latest;
};
fire_span fires_between(const task_schedule& schedule, const firing_frame& frame, wall_time after, wall_time until,
                        size_t keep);

/// The fixed delay of a task's fires in [0, splay), drawn from its name by a hash that is the same in every process and
/// release. 0 for a splay of 0.
milliseconds splay_offset(std::string_view task_name, milliseconds splay);

} // namespace wheelwork
