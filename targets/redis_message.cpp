#include "targets/redis_message.hpp"

#include "brokers/json_bytes.hpp"
#include "schedule/time_text.hpp"

namespace wheelwork {

namespace {

std::string fire_time_of(const job& what) { return format_time(what.nominal_time()); }

std::string envelope_of(const attempt_order& order, const std::string& trace_id, const std::string& idempotency_key) {
  const auto& body = order.what.body;
  nlohmann::ordered_json members{{"job_id", to_string(order.what.id)},
                                 {"attempt", order.number},
                                 {"trace_id", trace_id},
                                 {"idempotency_key", idempotency_key}};
  members["fire_time"] = fire_time_of(order.what);
  if (order.from)
    for (const auto& [fact, text] : facts_of(*order.from)) members[std::string{fact}] = text;
  if (!body.empty() && !body.is_json()) {
    members["payload_base64"] = base64_of(body.data());
    members["content_type"] = body.content_type();
  }
  auto text = members.dump();
  if (body.is_json()) text.insert(text.size() - 1, ",\"payload\":" + std::string{body.data()}); // byte for byte
  return text;
}

} // namespace

redis_write redis_write_of(const attempt_order& order, const redis_target& how, const attempt_identity& identity) {
  redis_write made;
  const auto keep = [&made](std::string text) -> std::string_view { return made.texts.emplace_back(std::move(text)); };
  const auto& body = order.what.body;
  if (!how.stream && how.complete == completion::on_accept) {
    made.command = {how.push == redis_target::list_end::left ? "LPUSH" : "RPUSH", how.key, body.data()};
    return made;
  }
  const auto trace_id = trace_id_of(order.what.id, identity.database_secret);
  const auto idempotency_key =
      order.from ? order.from->idempotency_key : idempotency_key_of(order.what.id, identity.database_secret);
  if (!how.stream) {
    made.command = {how.push == redis_target::list_end::left ? "LPUSH" : "RPUSH", how.key,
                    keep(envelope_of(order, trace_id, idempotency_key))};
    return made;
  }
  made.command = {"XADD",
                  how.key,
                  "*",
                  "payload",
                  body.data(),
                  "content_type",
                  body.content_type(),
                  "job_id",
                  keep(to_string(order.what.id)),
                  "attempt",
                  keep(std::to_string(order.number)),
                  "trace_id",
                  keep(trace_id),
                  "fire_time",
                  keep(fire_time_of(order.what)),
                  "idempotency_key",
                  keep(idempotency_key)};
  if (!order.from) return made;
  for (auto& [fact, text] : facts_of(*order.from)) {
    made.command.push_back(keep(std::string{fact}));
    made.command.push_back(keep(std::move(text)));
  }
  return made;
}

} // namespace wheelwork
