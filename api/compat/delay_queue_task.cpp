#include "api/compat/delay_queue_task.hpp"

#include "api/authority.hpp"
#include "messages/http_url.hpp"
#include "messages/json.hpp"
#include "messages/json_text.hpp"
#include "schedule/retry_steps.hpp"
#include "schedule/time_text.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <charconv>

namespace wheelwork {

namespace {

using nlohmann::json;

constexpr uint32_t redirects_max = 10; ///< as that service follows them

result<std::optional<wall_time>, std::string> time_of(int64_t seconds) {
  if (seconds <= 0) return std::optional<wall_time>{};
  const auto last = std::chrono::floor<std::chrono::seconds>(latest_wall_time.time_since_epoch()).count();
  if (seconds > last)
    return failure("plan_time " + std::to_string(seconds) +
                   " is after the year 9999: it counts seconds, not milliseconds");
  return std::optional<wall_time>{wall_time{std::chrono::seconds{seconds}}};
}

std::string text_member(const json& body, const char* name, bool& wrong) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return {};
  wrong = wrong || !found->is_string();
  return found->is_string() ? found->get<std::string>() : std::string{};
}

result<std::optional<wall_time>, std::string> plan_time_member(const json& body) {
  const auto found = body.find("plan_time");
  if (found == body.end() || found->is_null()) return failure(std::string{"plan_time is missing"});
  if (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX) return time_of(INT64_MAX);
  if (found->is_number_integer()) return time_of(found->get<int64_t>());
  if (!found->is_string()) return failure(std::string{"plan_time must be RFC 3339 or whole seconds since 1970"});
  const auto text = found->get<std::string>();
  if (auto seconds = plan_time_of_seconds(text)) return seconds;
  const auto time = parse_time(text);
  if (!time) return failure("plan_time must be RFC 3339 or whole seconds since 1970: " + time.error());
  return time->time_since_epoch().count() <= 0 ? std::optional<wall_time>{} : std::optional{*time};
}

} // namespace

delay_queue_rules rules_of(const delay_queue_front_settings& settings) {
  return {*retry_policy_of_steps(settings.retry_time_config, settings.max_retry_num,
                                 std::chrono::seconds{settings.retry_default_time}),
          std::chrono::seconds{settings.time_interval}};
}

result<std::optional<wall_time>, std::string> plan_time_of_seconds(std::string_view text) {
  int64_t seconds = 0;
  // from_chars knows no plus, ParseInt of that service does.
  const auto digits = text.starts_with('+') && !text.starts_with("+-") ? text.substr(1) : text;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (digits.empty() || end != digits.data() + digits.size() || problem == std::errc::invalid_argument)
    return failure(std::string{"plan_time must be whole seconds since 1970"});
  if (problem == std::errc::result_out_of_range) return time_of(digits.starts_with('-') ? 0 : INT64_MAX);
  return time_of(seconds);
}

result<delay_queue_task, std::string> delay_queue_task_of_json(std::string_view text) {
  const auto body = parse_json_body(text);
  if (!body) {
    const auto& fault = body.error().front();
    return failure("it can't be read: " + (fault.pointer.empty() ? "" : fault.pointer + " ") + fault.message);
  }
  if (!body->value->is_object()) return failure(std::string{"it must be a JSON object"});
  delay_queue_task task;
  bool wrong = false;
  task.notify_url = text_member(*body->value, "notify_url", wrong);
  task.method_name = text_member(*body->value, "method_name", wrong);
  task.notify_param = text_member(*body->value, "notify_param", wrong);
  if (wrong) return failure(std::string{"notify_url, method_name and notify_param must be strings"});
  auto plan_time = plan_time_member(*body->value);
  if (!plan_time) return failure(std::move(plan_time.error()));
  task.plan_time = *plan_time;
  return task;
}

result<new_job, std::string> job_of(const delay_queue_task& task, const delay_queue_rules& rules, wall_time now) {
  if (task.notify_url.empty()) return failure(std::string{"notify_url is missing"});
  if (!simdjson::validate_utf8(task.notify_url)) return failure(std::string{"notify_url must be UTF-8"});
  if (const auto lane = lane_of_url(task.notify_url); !lane) return failure("notify_url " + lane.error());
  const auto method = ascii_lower(task.method_name);
  if (!method.empty() && method != "get" && method != "post")
    return failure(std::string{"method_name must be get or post"});
  resolved_target how;
  http_target http;
  http.url = task.notify_url;
  http.method = method == "post" ? "POST" : "GET";
  http.body = body_form::raw;
  http.success.statuses = {{200, 200}};
  http.success.json_members = {{"/success", "true"}};
  http.redirects = redirects_max;
  how.how = std::move(http);
  how.retry = rules.retry;

  new_job made;
  made.created_at = now;
  made.made.due_at = task.plan_time && *task.plan_time >= now ? *task.plan_time : now + rules.time_interval;
  made.made.how = shared_target(std::move(how));
  if (method == "post" && !task.notify_param.empty())
    made.made.body = payload::bytes(task.notify_param, "application/x-www-form-urlencoded");
  made.marks["front"] = "delay_queue";
  return made;
}

} // namespace wheelwork
