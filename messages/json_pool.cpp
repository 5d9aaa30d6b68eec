// A consumer pool: its source, its policy and the rules around its target.
#include "messages/json_definition.hpp"
#include "messages/json_reader.hpp"
#include "messages/known_names.hpp"
#include "messages/pool.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>
#include <array>

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr uint64_t consumers_max = 1000;
constexpr uint64_t in_flight_max = 10'000;
constexpr uint64_t count_max = 1'000'000'000'000;
constexpr milliseconds shortest_interval{100};
constexpr size_t topic_max = 249;

/// The legal names of topics (the rule of Kafka's brokers). None: nothing is wrong.
std::optional<std::string> topic_fault(const std::string& topic) {
  bool letters = std::all_of(topic.begin(), topic.end(), [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
           each == '.' || each == '_' || each == '-';
  });
  if (topic.empty() || topic.size() > topic_max || !letters || topic == "." || topic == "..")
    return in_backticks(topic) + " can't be the name of a topic: 1 to " + std::to_string(topic_max) +
           " letters, digits, `.`, `_` and `-`";
  return std::nullopt;
}

// -- source -----------------------------------------------------------------------------------------------------------

std::string required(member_reader& members, std::string_view name, const char* meaning, const text_rule& rule = {}) {
  if (auto text = members.text(name, rule)) return std::move(*text);
  if (members.is_object() && !members.has(name)) members.fault(name, std::string{"is missing; it "} + meaning);
  return {};
}

redis_list_source read_list(member_reader& members) {
  using list_end = redis_target::list_end;
  redis_list_source read;
  read.connection = required(members, "connection", "names a table [redis.NAME] of the configuration");
  read.key = required(members, "key", "names the list to read", broker_name_rule);
  read.take = members.choice("take", {list_end::right, list_end::left}).value_or(read.take);
  return read;
}

redis_stream_source read_stream(member_reader& members) {
  redis_stream_source read;
  read.connection = required(members, "connection", "names a table [redis.NAME] of the configuration");
  read.key = required(members, "key", "names the stream to read", broker_name_rule);
  read.group = required(members, "group", "names the consumer group, which keeps the place in the stream");
  return read;
}

kafka_source read_topic(member_reader& members) {
  kafka_source read;
  read.connection = required(members, "connection", "names a table [kafka.NAME] of the configuration");
  read.topic = required(members, "topic", "names the topic to read", broker_name_rule);
  if (!read.topic.empty())
    if (auto wrong = topic_fault(read.topic)) members.fault("topic", *wrong);
  read.group = required(members, "group", "names the consumer group, which keeps the place in the topic");
  return read;
}

constexpr std::string_view source_kinds = "exactly one of redis_list, redis_stream, kafka";

std::optional<source_definition> read_source(const json& value, const std::string& pointer, fault_list& faults) {
  auto refuse = [&](const std::string& what) {
    faults.add(pointer, "must be an object with " + std::string{source_kinds} + what);
    return std::nullopt;
  };
  if (!value.is_object()) return refuse(", not " + std::string{kind_text(value)});
  if (value.size() != 1) return refuse("; it has " + std::to_string(value.size()) + " members");
  const auto& kind = value.begin().key();
  if (kind != "redis_list" && kind != "redis_stream" && kind != "kafka")
    return refuse("; " + in_backticks(kind) + " is no source");
  member_reader members{value.begin().value(), member_pointer(pointer, kind), faults};
  source_definition read;
  if (kind == "redis_list")
    read = read_list(members);
  else if (kind == "redis_stream")
    read = read_stream(members);
  else
    read = read_topic(members);
  members.refuse_unknown();
  return read;
}

json source_to_json(const source_definition& source) {
  json inside;
  if (const auto* list = std::get_if<redis_list_source>(&source))
    inside = {{"connection", list->connection}, {"key", list->key}, {"take", to_string(list->take)}};
  else if (const auto* stream = std::get_if<redis_stream_source>(&source))
    inside = {{"connection", stream->connection}, {"key", stream->key}, {"group", stream->group}};
  else if (const auto* kafka = std::get_if<kafka_source>(&source))
    inside = {{"connection", kafka->connection}, {"topic", kafka->topic}, {"group", kafka->group}};
  json made = json::object();
  made[std::string{kind_name(source)}] = std::move(inside);
  return made;
}

// -- policy -----------------------------------------------------------------------------------------------------------

std::optional<scaling_policy> read_policy(const json& value, const std::string& pointer, fault_list& faults) {
  constexpr auto right = "must be an object with exactly one of drain, lag_step";
  bool one = value.is_object() && value.size() == 1;
  bool drain = one && value.contains("drain");
  if (!drain && !(one && value.contains("lag_step"))) {
    faults.add(pointer, value.is_object() ? right : right + (", not " + std::string{kind_text(value)}));
    return std::nullopt;
  }
  member_reader members{value.begin().value(), member_pointer(pointer, value.begin().key()), faults};
  scaling_policy read;
  if (drain) {
    drain_policy policy;
    policy.within = members.duration("within", shortest_interval).value_or(policy.within);
    read = policy;
  } else {
    lag_step_policy policy;
    policy.lag_limit = members.integer("lag_limit", 0, count_max).value_or(policy.lag_limit);
    policy.messages_per_consumer =
        members.integer("messages_per_consumer", 1, count_max).value_or(policy.messages_per_consumer);
    policy.hold = members.duration("hold", shortest_interval).value_or(policy.hold);
    policy.interval = members.duration("interval", shortest_interval).value_or(policy.interval);
    read = policy;
  }
  members.refuse_unknown();
  return read;
}

json policy_to_json(const scaling_policy& policy) {
  if (const auto* drain = std::get_if<drain_policy>(&policy))
    return {{"drain", {{"within", format_duration(drain->within)}}}};
  const auto& step = std::get<lag_step_policy>(policy);
  return {{"lag_step",
           {{"lag_limit", step.lag_limit},
            {"messages_per_consumer", step.messages_per_consumer},
            {"hold", format_duration(step.hold)},
            {"interval", format_duration(step.interval)}}}};
}

// -- the rest ---------------------------------------------------------------------------------------------------------

void read_counts(member_reader& members, pool_definition& into) {
  auto min = members.integer("min", 0, consumers_max);
  auto max = members.integer("max", 1, consumers_max);
  if (min) into.min = static_cast<uint32_t>(*min);
  into.max = max ? static_cast<uint32_t>(*max) : std::max(into.max, into.min);
  if (max && into.min > into.max)
    members.fault(min ? "min" : "max", "min is " + std::to_string(into.min) + " and must not be above max, which is " +
                                           std::to_string(into.max));
  into.in_flight = static_cast<uint32_t>(members.integer("in_flight", 1, in_flight_max).value_or(into.in_flight));
}

/// Target, retry and timeout; what else goes with a task's target has no choice here.
resolved_target_ptr read_how(member_reader& members) {
  auto how = json::object();
  for (auto name : {"target", "retry", "timeout"})
    if (const auto* value = members.find(name)) how[name] = *value;
  if (members.has("delivery") && members.find("delivery"))
    members.fault("delivery", "a pool always delivers at least once: a message leaves its source after the work; "
                              "leave this member out");
  if (members.has("history") && members.find("history"))
    members.fault("history", "goes with tasks and jobs; a pool has `journal`: whether each message is recorded");
  if (!members.is_object()) return nullptr;
  member_reader parts{how, members.pointer(), members.faults()};
  return read_resolved_target(parts);
}

void read_dead_letter(member_reader& members, pool_definition& into) {
  bool kafka = std::holds_alternative<kafka_source>(into.source);
  auto given = members.text("dead_letter", broker_name_rule);
  if (!given && members.has("dead_letter")) return;
  into.dead_letter = given ? *given : default_dead_letter(into.source);
  if (into.dead_letter == key_of(into.source))
    members.fault("dead_letter", "must differ from what the pool reads, or messages that were given up come back");
  else if (kafka && topic_fault(into.dead_letter))
    members.fault("dead_letter", *topic_fault(into.dead_letter));
}

void read_order(member_reader& members, pool_definition& into) {
  const auto given = members.choice("order", {message_order::partition, message_order::key, message_order::none});
  into.order = given.value_or(into.order);
  if (given == message_order::key && !std::holds_alternative<kafka_source>(into.source))
    members.fault("order", "key goes with the source kafka: other messages have no key");
}

/// What depends on the source.
void read_with_source(member_reader& members, const json& source, pool_definition& into) {
  auto read = read_source(source, members.pointer_of("source"), members.faults());
  if (!read) {
    members.text("dead_letter", broker_name_rule);
    return;
  }
  into.source = std::move(*read);
  if (std::holds_alternative<kafka_source>(into.source)) into.order = message_order::partition;
  if (!key_of(into.source).empty())
    read_dead_letter(members, into);
  else
    members.find("dead_letter");
}

} // namespace

result<pool_definition, json_faults> pool_from_json(const json& body, std::string_view path_name,
                                                    const json_context& context) {
  fault_list faults;
  pool_definition read;
  member_reader members{body, std::string{context.base_pointer}, faults};
  read.name = read_definition_name(members, path_name, "pool");
  if (const auto* source = members.find("source"))
    read_with_source(members, *source, read);
  else if (members.is_object())
    members.fault("source", "is missing; it has " + std::string{source_kinds}), members.find("dead_letter");
  read_counts(members, read);
  if (const auto* policy = members.find("policy"))
    read.policy = read_policy(*policy, members.pointer_of("policy"), faults).value_or(read.policy);
  read_order(members, read);
  read.journal = members.boolean("journal").value_or(read.journal);
  read.paused = members.boolean("paused").value_or(read.paused);
  read.environments = read_environments(members);
  read.partition = members.text("partition", {.min = 0}).value_or("");
  read.how = read_how(members);
  if (context.known) find_unknown_names(body, std::string{context.base_pointer}, *context.known, faults);
  members.refuse_unknown();
  if (read.how && faults.empty() && writes_to_its_source(read.source, read.how->how))
    members.fault("target", "writes to what the pool reads, so that every message would come back for ever");
  if (!faults.empty()) return failure(faults.take());
  read.spec = pool_to_json(read).dump();
  return read;
}

result<pool_definition, json_faults> pool_from_text(std::string_view text, std::string_view path_name,
                                                    const json_context& context) {
  auto body = parse_json_body(text, context.base_pointer);
  if (!body) return failure(std::move(body.error()));
  return pool_from_json(*body->value, path_name, context);
}

json pool_to_json(const pool_definition& pool) {
  return {
      {"name", pool.name},
      {"source", source_to_json(pool.source)},
      {"target", target_to_json(pool.how->how)},
      {"min", pool.min},
      {"max", pool.max},
      {"policy", policy_to_json(pool.policy)},
      {"retry", retry_to_json(pool.how->retry)},
      {"timeout", format_duration(pool.how->timeout)},
      {"dead_letter", pool.dead_letter},
      {"order", to_string(pool.order)},
      {"in_flight", pool.in_flight},
      {"journal", pool.journal},
      {"paused", pool.paused},
      {"environments", pool.environments},
      {"partition", pool.partition},
  };
}

result<pool_definition, json_faults> pool_from_merge_patch(const pool_definition& pool, const json& patch,
                                                           const json_context& context) {
  if (!patch.is_object())
    return failure(json_faults{
        {std::string{context.base_pointer}, "must be an object: a merge patch names the members to change"}});
  auto merged = pool_to_json(pool);
  make_room_for_kind(merged, patch, "source");
  make_room_for_kind(merged, patch, "policy");
  make_room_for_target(merged, patch, *pool.how);
  // Defaults that follow from the source follow the new one.
  if (patch.contains("source")) {
    if (pool.dead_letter == default_dead_letter(pool.source)) merged.erase("dead_letter");
    if (!merged["source"].contains(kind_name(pool.source))) merged.erase("order");
  }
  merged.merge_patch(patch);
  return pool_from_json(merged, pool.name, context);
}

} // namespace wheelwork
