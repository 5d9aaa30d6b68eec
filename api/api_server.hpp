// The HTTP API of a node: what app/ starts and stops. It speaks to the node only through node_service.
#pragma once

#include "actors/node_service.hpp"
#include "api/http_server.hpp"
#include "config/settings.hpp"

namespace wheelwork {

/// What the API tells of this node and does not learn through node_service.
struct node_facts {
  std::string name;
  std::vector<std::string> roles;
  uint16_t shards = 0;
  wall_time started_at{};
  std::string version;
  broker_connections brokers{}; ///< of the configuration; only their names matter here
  bool signs_calls = false;     ///< http_target.signing_secret is set
};

class api_server {
public:
  /// Listens and serves from now on. `node` must outlive every callback that it still owes, and this object. Throws
  /// std::runtime_error naming the address and the cause (the port is taken). `limits`: time-outs and bounds that
  /// api_settings does not have; its other members are ignored.
  api_server(const api_settings& settings, node_service& node, node_facts facts,
             const http_server_options& limits = {});
  /// As stop().
  ~api_server();
  api_server(const api_server&) = delete;
  api_server& operator=(const api_server&) = delete;

  uint16_t port() const;
  /// From now on requests are refused with 503 but those that look, and acknowledgements and heartbeats of what is in
  /// hand. Any thread.
  void stop_taking_work();
  /// No new connections, idle ones are closed, requests in hand are still answered. Any thread.
  void stop_accepting();
  /// Answers what still waits with 503, closes all. Not on a thread that answers requests.
  void stop();
  /// From now on these tokens and hosts count. Any thread.
  void reload(std::vector<api_token> tokens, std::vector<std::string> hosts);

private:
  class state;
  std::unique_ptr<state> state_;
};

} // namespace wheelwork
