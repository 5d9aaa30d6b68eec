#include "messages/pool.hpp"

#include "messages/journal_change.hpp"

namespace wheelwork {

std::string_view kind_name(const source_definition& any) {
  constexpr std::string_view names[] = {"redis_list", "redis_stream", "kafka"};
  return names[any.index()];
}

const std::string& key_of(const source_definition& any) {
  if (const auto* kafka = std::get_if<kafka_source>(&any)) return kafka->topic;
  if (const auto* stream = std::get_if<redis_stream_source>(&any)) return stream->key;
  return std::get<redis_list_source>(any).key;
}

const std::string& connection_of(const source_definition& any) {
  return std::visit([](const auto& source) -> const std::string& { return source.connection; }, any);
}

std::string default_dead_letter(const source_definition& any) {
  return key_of(any) + (std::holds_alternative<kafka_source>(any) ? ".dead" : ":dead");
}

bool writes_to_its_source(const source_definition& source, const target& how) {
  bool from_kafka = std::holds_alternative<kafka_source>(source);
  if (const auto* redis = std::get_if<redis_target>(&how))
    return !from_kafka && redis->connection == connection_of(source) && redis->key == key_of(source);
  if (const auto* kafka = std::get_if<kafka_target>(&how))
    return from_kafka && kafka->connection == connection_of(source) && kafka->topic == key_of(source);
  return false;
}

std::string_view to_string(message_order order) {
  switch (order) {
  case message_order::none: return "none";
  case message_order::key: return "key";
  case message_order::partition: return "partition";
  }
  return "unknown";
}

std::string_view to_string(pool_event::what kind) {
  switch (kind) {
  case pool_event::what::scaled: return "scaled";
  case pool_event::what::dead_letters: return "dead_letters";
  case pool_event::what::failing: return "failing";
  case pool_event::what::working: return "working";
  case pool_event::what::recovered: return "recovered";
  }
  return "unknown";
}

} // namespace wheelwork
