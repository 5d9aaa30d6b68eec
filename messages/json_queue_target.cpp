// Targets that hand a job to somebody else: workers, Redis, Kafka.
#include "messages/json_reader.hpp"

namespace wheelwork {

using nlohmann::json;

namespace {

std::string required_text(member_reader& members, std::string_view name, const char* meaning,
                          const text_rule& rule = {}) {
  if (auto text = members.text(name, rule)) return std::move(*text);
  if (members.is_object() && !members.has(name)) members.fault(name, std::string{"is missing; it "} + meaning);
  return {};
}

completion read_completion(member_reader& members) {
  return members.choice("complete", {completion::on_accept, completion::on_ack}).value_or(completion::on_accept);
}

} // namespace

worker_target read_worker_target(const json& value, const std::string& pointer, fault_list& faults) {
  worker_target read;
  member_reader members{value, pointer, faults};
  read.queue = required_text(members, "queue", "names the queue that workers poll, such as \"mail\"");
  members.refuse_unknown();
  return read;
}

redis_target read_redis_target(const json& value, const std::string& pointer, fault_list& faults) {
  using list_end = redis_target::list_end;
  redis_target read;
  member_reader members{value, pointer, faults};
  read.connection = required_text(members, "connection", "names a table [redis.NAME] of the configuration");
  read.stream = members.has("stream");
  if (members.has("stream") == members.has("list")) {
    if (members.is_object()) members.faults().add(pointer, "must have either list or stream: the key to write to");
    members.find("stream");
    members.find("list");
  } else {
    read.key = members.text(read.stream ? "stream" : "list", broker_name_rule).value_or("");
  }
  if (read.stream && members.has("push")) members.fault("push", "is the end of a list; a stream has none");
  read.push = members.choice("push", {list_end::left, list_end::right}).value_or(list_end::left);
  read.complete = read_completion(members);
  members.refuse_unknown();
  return read;
}

kafka_target read_kafka_target(const json& value, const std::string& pointer, fault_list& faults) {
  kafka_target read;
  member_reader members{value, pointer, faults};
  read.connection = required_text(members, "connection", "names a table [kafka.NAME] of the configuration");
  read.topic = required_text(members, "topic", "names the topic to write to", {.max = 249});
  read.key = members.text("key", {.min = 0, .max = 1024}).value_or("");
  read.complete = read_completion(members);
  members.refuse_unknown();
  return read;
}

json worker_to_json(const worker_target& worker) { return {{"queue", worker.queue}}; }

json redis_to_json(const redis_target& redis) {
  json made{{"connection", redis.connection}, {"complete", to_string(redis.complete)}};
  made[redis.stream ? "stream" : "list"] = redis.key;
  if (!redis.stream) made["push"] = to_string(redis.push);
  return made;
}

json kafka_to_json(const kafka_target& kafka) {
  return {{"connection", kafka.connection},
          {"topic", kafka.topic},
          {"key", kafka.key},
          {"complete", to_string(kafka.complete)}};
}

} // namespace wheelwork
