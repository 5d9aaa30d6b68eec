#include "app/delay_queue_rows.hpp"

#include "messages/json.hpp"
#include "schedule/time_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

using mysql::delay_queue_row;

std::string upper(std::string text) {
  for (char& letter : text)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return text;
}

void add_note(std::string& note, const std::string& sentence) { note += (note.empty() ? "" : "; ") + sentence; }

/// None: no time that can be, or before 1970.
std::optional<wall_time> time_of(int64_t seconds) {
  const auto last = std::chrono::floor<std::chrono::seconds>(latest_wall_time.time_since_epoch()).count();
  if (seconds <= 0 || seconds > last) return std::nullopt;
  return wall_time{std::chrono::seconds{seconds}};
}

/// When the service meant to call first: it counted that in rounds of its wheel and a slot, from the moment at which
/// the row was made, and moved what was over at that moment.
std::optional<wall_time> planned_by_columns(const delay_queue_row& row, uint32_t slots) {
  constexpr int64_t rounds_max = int64_t{1} << 31; // the columns have 32 bits
  if (row.cycle_num < 0 || row.cycle_num > rounds_max || row.queue_slot < 0 || row.queue_slot > rounds_max)
    return std::nullopt;
  if (!time_of(row.add_time)) return std::nullopt;
  return time_of(row.add_time + row.cycle_num * slots + row.queue_slot);
}

/// When the service meant to call again.
std::optional<wall_time> planned_retry(const delay_queue_row& row, const retry_policy& retry) {
  if (retry.delays.empty()) return std::nullopt;
  const auto used = static_cast<size_t>(std::max<int64_t>(row.retry_num, 1));
  const auto failed_at = time_of(row.dateline);
  if (!failed_at) return std::nullopt;
  return std::min(*failed_at + retry.delays[std::min(used, retry.delays.size()) - 1], latest_wall_time);
}

/// The retries that are left after this many failed tries, when one of them is the next try.
retry_policy left_of(retry_policy retry, int64_t used) {
  const auto gone = static_cast<uint32_t>(std::min<int64_t>(std::max<int64_t>(used, 1), retry.limit));
  retry.limit -= gone;
  const auto steps = std::min<size_t>(gone, retry.delays.size());
  retry.delays.erase(retry.delays.begin(), retry.delays.begin() + static_cast<std::ptrdiff_t>(steps));
  return retry;
}

/// What the row says where its notify_param can't be read.
result<delay_queue_task, std::string> task_of_columns(const delay_queue_row& row, const std::string& fault,
                                                      std::string& note) {
  const std::string why = row.param_fills_column ? "notify_param was cut off at the width of its column"
                                                 : "notify_param is not what came in (" + fault + ")";
  if (upper(row.request_method) == "POST") return failure(why + ", so what is to be posted is not known");
  if (row.url_fills_column) return failure(why + ", and notify_url fills its column, so the rest of it may be missing");
  add_note(note, why + ": URL, method and time are from the other columns");
  return delay_queue_task{row.notify_url, std::nullopt, row.request_method, {}};
}

/// plan_time as the columns have it counts where the JSON has none, or one that was over when it came in.
void settle_plan_time(const delay_queue_row& row, uint32_t slots, delay_queue_task& task, std::string& note) {
  const auto counted = planned_by_columns(row, slots);
  const auto came_in = time_of(row.add_time);
  if (!task.plan_time || (came_in && *task.plan_time < *came_in)) task.plan_time = counted;
  if (!task.plan_time) add_note(note, "the row has no time");
}

std::string key_of(const delay_queue_row& row, const std::string& table) {
  return "delay_queue:" + (row.queue_index.empty() ? table + ":" + std::to_string(row.id) : row.queue_index);
}

/// A JSON that is whole but for its plan_time: that service took it as one of long ago.
result<delay_queue_task, std::string> task_of_json(const std::string& text) {
  auto read = delay_queue_task_of_json(text);
  if (read) return read;
  auto body = nlohmann::json::parse(text, nullptr, false);
  if (!body.is_object() || (body.contains("plan_time") && !body["plan_time"].is_null())) return read;
  body["plan_time"] = 0;
  return delay_queue_task_of_json(body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace

result<imported_task, std::string> import_of(const delay_queue_row& row, const delay_queue_import& how) {
  imported_task made;
  auto task = task_of_json(row.notify_param);
  if (!task) task = task_of_columns(row, task.error(), made.note);
  if (!task) return failure(task.error());
  const auto method = upper(task->method_name);
  if (!method.empty() && method != "GET" && method != "POST") {
    add_note(made.note, "the service called by GET what is not POST, and so does the job");
    task->method_name = "GET";
  }
  auto rules = how.rules;
  if (row.state == 2) {
    task->plan_time = planned_retry(row, rules.retry);
    rules.retry = left_of(std::move(rules.retry), row.retry_num);
  } else {
    settle_plan_time(row, how.slots, *task, made.note);
  }
  if (task->plan_time && *task->plan_time < how.now) add_note(made.note, "its time is over");
  auto job = job_of(*task, rules, how.now);
  if (!job) return failure(job.error());
  made.made = std::move(*job);
  made.made.unique_key = key_of(row, how.table);
  made.made.external_id = row.queue_index;
  return made;
}

std::string push_body_of(const new_job& made) {
  nlohmann::json body{{"target", target_to_json(made.made.how->how)},
                      {"retry", retry_to_json(made.made.how->retry)},
                      {"due_at", format_time(made.made.due_at)},
                      {"labels", made.marks},
                      {"unique_key", made.unique_key},
                      {"unique_for", "forever"}};
  if (!made.external_id.empty()) body["external_id"] = made.external_id;
  payload_to_json(made.made.body, body);
  return body.dump();
}

} // namespace wheelwork
