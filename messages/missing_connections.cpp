#include "messages/missing_connections.hpp"

#include "messages/json_reader.hpp"
#include "messages/pool.hpp"

namespace wheelwork {

namespace {

template <class Connections>
void check(const Connections& known, const std::string& name, std::string_view table, const std::string& pointer,
           json_faults& faults) {
  if (known.contains(name)) return;
  std::string names;
  for (const auto& [each, settings] : known) names += (names.empty() ? "there is " : ", ") + in_backticks(each);
  faults.push_back({pointer, "no connection " + in_backticks(name) + " is configured; " +
                                 (names.empty() ? "write a table [" + std::string{table} + ".NAME]" : names)});
}

} // namespace

json_faults missing_connections(const target& how, const broker_connections& known) {
  json_faults faults;
  if (const auto* redis = std::get_if<redis_target>(&how))
    check(known.redis, redis->connection, "redis", "/target/redis/connection", faults);
  if (const auto* kafka = std::get_if<kafka_target>(&how))
    check(known.kafka, kafka->connection, "kafka", "/target/kafka/connection", faults);
  return faults;
}

json_faults missing_connections(const pool_definition& pool, const broker_connections& known) {
  json_faults faults;
  auto pointer = "/source/" + std::string{kind_name(pool.source)} + "/connection";
  if (std::holds_alternative<kafka_source>(pool.source))
    check(known.kafka, connection_of(pool.source), "kafka", pointer, faults);
  else
    check(known.redis, connection_of(pool.source), "redis", pointer, faults);
  for (auto& fault : missing_connections(pool.how->how, known)) faults.push_back(std::move(fault));
  return faults;
}

} // namespace wheelwork
