#include "api/pool_answer.hpp"

#include "api/entity_tag.hpp"
#include "api/problem.hpp"
#include "messages/json.hpp"
#include "messages/pool.hpp"
#include "schedule/time_text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace wheelwork {

namespace {

using nlohmann::json;

json nullable(const std::string& text) { return text.empty() ? json() : json(text); }

/// Rates with three digits behind the point: more is noise.
double rounded(double rate) { return std::round(rate * 1000) / 1000; }

/// What answers add to a definition.
json added_members(const pool_view& pool) {
  const auto& status = pool.status;
  return {{"version", pool.definition->version},
          {"created_at", format_time(pool.definition->created_at)},
          {"updated_at", format_time(pool.definition->updated_at)},
          {"active", status.active},
          {"lag", status.lag ? json(*status.lag) : json()},
          {"consumers", status.consumers},
          {"wanted", status.wanted},
          {"messages_in_flight", status.in_flight},
          {"messages_in_hand", status.in_hand},
          {"waiting_for_retry", status.waiting_for_retry},
          {"rate", rounded(status.handled_per_second)},
          {"taken_rate", rounded(status.taken_per_second)},
          {"taken", status.taken},
          {"succeeded", status.succeeded},
          {"failed_attempts", status.failed_attempts},
          {"dead_letters", status.dead_letters},
          {"recovered", status.recovered},
          {"oldest", status.oldest ? json(format_time(*status.oldest)) : json()},
          {"failure", nullable(status.failure)},
          {"last_decision", nullable(status.last_decision)}};
}

} // namespace

json pool_as_json(const pool_view& pool) {
  auto made = pool_to_json(*pool.definition);
  made.update(added_members(pool));
  return made;
}

bool is_added_to_pools(std::string_view member) {
  static const json added = added_members({std::make_shared<const pool_definition>(), {}});
  return added.contains(member);
}

http_answer pool_answer(const pool_view& pool, unsigned status) {
  auto answer = json_answer(status, pool_as_json(pool));
  answer.extra_head = "ETag: " + entity_tag(*pool.definition) + "\r\n";
  if (status == 201) answer.extra_head += "Location: /api/v1/pools/" + percent_encode(pool.definition->name) + "\r\n";
  return answer;
}

json pool_event_as_json(const pool_event& event) {
  return {{"at", format_time(event.at)},
          {"kind", to_string(event.kind)},
          {"consumers_before", event.consumers_before},
          {"consumers", event.consumers},
          {"lag", event.lag ? json(*event.lag) : json()},
          {"messages", event.messages},
          {"reason", event.reason}};
}

json pool_minute_as_json(const pool_minute& minute) {
  return {{"minute", format_time(minute.minute)},
          {"node", minute.node},
          {"taken", minute.taken},
          {"succeeded", minute.succeeded},
          {"failed_attempts", minute.failed_attempts},
          {"dead_letters", minute.dead_letters},
          {"lag_max", minute.lag_max},
          {"consumers_max", minute.consumers_max}};
}

} // namespace wheelwork
