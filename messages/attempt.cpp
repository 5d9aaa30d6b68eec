#include "messages/attempt.hpp"

namespace wheelwork {

std::vector<std::pair<std::string_view, std::string>> facts_of(const message_origin& from) {
  std::vector<std::pair<std::string_view, std::string>> facts{{"pool", from.pool}, {"source", from.source}};
  facts.emplace_back(from.source == "kafka" ? "topic" : "key", from.key);
  if (from.partition) facts.emplace_back("partition", std::to_string(*from.partition));
  if (!from.offset.empty()) facts.emplace_back("offset", from.offset);
  if (!from.message_key.empty()) facts.emplace_back("message_key", from.message_key);
  return facts;
}

} // namespace wheelwork
