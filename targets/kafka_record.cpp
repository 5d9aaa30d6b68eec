#include "targets/kafka_record.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>

namespace wheelwork {

std::vector<std::pair<std::string, std::string>> kafka_headers_for(const attempt_order& order,
                                                                   const attempt_identity& identity) {
  const auto& what = order.what;
  std::vector<std::pair<std::string, std::string>> made;
  made.emplace_back("wheelwork-job-id", to_string(what.id));
  made.emplace_back("wheelwork-attempt", std::to_string(order.number));
  made.emplace_back("wheelwork-fire-time", format_time(what.nominal_time()));
  made.emplace_back("idempotency-key", order.from && !order.from->idempotency_key.empty()
                                           ? order.from->idempotency_key
                                           : idempotency_key_of(what.id, identity.database_secret));
  made.emplace_back("traceparent", traceparent_of(what.id, order.number, identity.database_secret));
  if (!what.body.empty())
    made.emplace_back("content-type", what.body.content_type().empty() ? "application/octet-stream"
                                                                       : std::string{what.body.content_type()});
  if (!order.from) return made;
  for (const auto& [fact, text] : facts_of(*order.from)) {
    std::string name = "wheelwork-" + std::string{fact};
    std::replace(name.begin(), name.end(), '_', '-');
    made.emplace_back(std::move(name), text);
  }
  return made;
}

const std::string& kafka_key_for(const attempt_order& order) {
  const auto& own = std::get<kafka_target>(order.what.how->how).key;
  return own.empty() && order.from ? order.from->message_key : own;
}

rd_kafka_resp_err_t send_record(const kafka_client& producer, const attempt_order& order,
                                const attempt_identity& identity, void* opaque) {
  kafka_headers_ptr headers{rd_kafka_headers_new(12)};
  for (const auto& [name, value] : kafka_headers_for(order, identity))
    rd_kafka_header_add(headers.get(), name.c_str(), -1, value.data(), static_cast<ssize_t>(value.size()));
  const auto& key = kafka_key_for(order);
  const auto body = order.what.body.data();
  rd_kafka_vu_t parts[5];
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = std::get<kafka_target>(order.what.how->how).topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[1].u.ptr = opaque;
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {key.empty() ? nullptr : const_cast<char*>(key.data()), key.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE; // not copied
  parts[3].u.mem = {order.what.body.empty() ? nullptr : const_cast<char*>(body.data()), body.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[4].u.headers = headers.get();
  const kafka_error_ptr refused{rd_kafka_produceva(producer.get(), parts, 5)};
  if (refused) return rd_kafka_error_code(refused.get());
  static_cast<void>(headers.release()); // the record has them now
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

} // namespace wheelwork
