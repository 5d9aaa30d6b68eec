#include "app/broker_findings.hpp"

#include "app/kafka_findings.hpp"
#include "brokers/redis_connection.hpp"

namespace wheelwork {
namespace {

/// What is wrong with a server that answers; each by itself.
std::vector<finding> faults_of(const std::string& check, const redis_server_facts& server) {
  std::vector<finding> found;
  if (server.replica)
    found.push_back({check, severity::error, "this server is a replica, which can't be written",
                     "name the primary in the url of the connection"});
  if (server.evicts())
    found.push_back(
        {check, severity::error,
         "maxmemory-policy is " + server.maxmemory_policy + ": when memory is full the server throws away messages",
         "set maxmemory-policy noeviction"});
  if (!server.append_only)
    found.push_back({check, severity::note,
                     "appendonly is off: a crash of the server loses the messages since its last snapshot",
                     "set appendonly yes where no message may be lost"});
  return found;
}

std::vector<finding> look_at_redis(const std::string& name, const std::string& url, const clock_source& clock) {
  const auto check = "redis." + name;
  auto address = parse_redis_url(url);
  if (!address) return {{check, severity::error, "its url " + address.error(), "mend redis." + name + ".url"}};
  redis_connection connection{*address, clock};
  if (auto connected = connection.connect(); !connected)
    return {{check, severity::error, connected.error().message, "pools and targets that name it can't work"}};
  const auto& server = connection.server();
  auto found = faults_of(check, server);
  if (found.empty())
    found.push_back(
        {check, severity::ok,
         "Redis" + (server.version.empty() ? std::string{} : " " + server.version) + " at " + connection.address(),
         ""});
  return found;
}

} // namespace

std::vector<finding> look_at_brokers(const broker_connections& connections, const std::vector<pool_definition>& pools,
                                     const clock_source& clock) {
  std::vector<finding> all;
  for (const auto& [name, settings] : connections.redis)
    for (auto& each : look_at_redis(name, settings.url, clock)) all.push_back(std::move(each));
  for (const auto& [name, settings] : connections.kafka)
    for (auto& each : look_at_kafka(name, settings, pools, clock)) all.push_back(std::move(each));
  return all;
}

} // namespace wheelwork
