// Which source a pool reads, by its kind.
#include "sources/kafka_source.hpp"
#include "sources/redis_source.hpp"

namespace wheelwork {

namespace {

result<redis_address, std::string> redis_named(const std::string& name, const broker_connections& connections) {
  const auto found = connections.redis.find(name);
  if (found == connections.redis.end())
    return failure("there is no connection " + name + ": the configuration needs a table [redis." + name +
                   "] with a url");
  auto address = parse_redis_url(found->second.url);
  if (!address) return failure("the url of [redis." + name + "] " + address.error());
  return address;
}

result<kafka_connection_settings, std::string> kafka_named(const std::string& name,
                                                           const broker_connections& connections) {
  const auto found = connections.kafka.find(name);
  if (found == connections.kafka.end())
    return failure("there is no connection " + name + ": the configuration needs a table [kafka." + name +
                   "] with brokers");
  return found->second;
}

} // namespace

result<std::unique_ptr<source>, std::string> open_source(const source_setup& setup, uint32_t number,
                                                         const broker_connections& connections) {
  if (const auto* list = std::get_if<redis_list_source>(&setup.from))
    return redis_named(list->connection, connections).map([&](const redis_address& server) {
      return setup.recorded ? make_redis_batch_source(setup, *list, number, server)
                            : make_redis_list_source(setup, *list, number, server);
    });
  if (const auto* stream = std::get_if<redis_stream_source>(&setup.from))
    return redis_named(stream->connection, connections).map([&](const redis_address& server) {
      return make_redis_stream_source(setup, *stream, number, server);
    });
  const auto& topic = std::get<kafka_source>(setup.from);
  return kafka_named(topic.connection, connections).and_then([&](const kafka_connection_settings& brokers) {
    return open_kafka_source(setup, number, brokers);
  });
}

result<std::unique_ptr<source_monitor>, std::string> open_source_monitor(const source_setup& setup,
                                                                         const broker_connections& connections) {
  if (const auto* list = std::get_if<redis_list_source>(&setup.from))
    return redis_named(list->connection, connections).map([&](const redis_address& server) {
      return make_redis_list_monitor(setup, *list, server);
    });
  if (const auto* stream = std::get_if<redis_stream_source>(&setup.from))
    return redis_named(stream->connection, connections).map([&](const redis_address& server) {
      return make_redis_stream_monitor(setup, *stream, server);
    });
  const auto& topic = std::get<kafka_source>(setup.from);
  return kafka_named(topic.connection, connections).and_then([&](const kafka_connection_settings& brokers) {
    return open_kafka_monitor(setup, brokers);
  });
}

} // namespace wheelwork
