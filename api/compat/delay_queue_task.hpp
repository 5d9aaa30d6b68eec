// What a client of the delay_queue service sends, and the job that it becomes. The front over HTTP, its Redis list and
// the import all go through here.
#pragma once

#include "config/settings.hpp"
#include "messages/job.hpp"
#include "schedule/result.hpp"

namespace wheelwork {

/// Names in that service's own words.
struct delay_queue_task {
  std::string notify_url;
  std::optional<wall_time> plan_time; ///< none: 0 or less
  std::string method_name;            ///< get or post in any case; empty: get
  std::string notify_param;           ///< the body of a POST, byte for byte; a GET does not send it
};

struct delay_queue_rules {
  retry_policy retry;
  std::chrono::seconds time_interval{10}; ///< so much after now a task is due whose time is over
};
/// Of settings that were checked.
delay_queue_rules rules_of(const delay_queue_front_settings& settings);

/// `plan_time` as HTTP has it: whole seconds since 1970. The error is a sentence.
result<std::optional<wall_time>, std::string> plan_time_of_seconds(std::string_view text);

/// An entry of the list: `{"notify_url":…,"plan_time":…,"method_name":…,"notify_param":…}`; `plan_time` is RFC 3339, or
/// seconds since 1970 as a number or in a string. Other members are passed over. The error is a sentence.
result<delay_queue_task, std::string> delay_queue_task_of_json(std::string_view text);

/// Calls the URL by GET or by POST with a form; success is status 200 and JSON with `success` true. The job has the
/// label `front`: `delay_queue`. The error is a sentence that names the member.
result<new_job, std::string> job_of(const delay_queue_task& task, const delay_queue_rules& rules, wall_time now);

} // namespace wheelwork
